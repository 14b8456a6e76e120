//! A route of a service, as an operator grants it: `GET /students/{id}`, `GET /students/{id = claims.sub}/enrolments`.
//!
//! A part of its path is text, or a parameter that fills it alone. So whatever a value holds, it cannot become two parts.

use super::base::is_plain_segment;

/// What is asked to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Reads.
    Get,
    /// Reads, and is answered without a body.
    Head,
    /// May do anything, and so is sent once.
    Post,
    /// Replaces; twice is as once.
    Put,
    /// May do anything, and so is sent once.
    Patch,
    /// Removes; twice is as once.
    Delete,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 6] = [
        Self::Get,
        Self::Head,
        Self::Post,
        Self::Put,
        Self::Patch,
        Self::Delete,
    ];

    /// The word in the configuration, in WIT and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// The method of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn reads(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }

    /// Whether sending it twice is as sending it once.
    #[must_use]
    pub fn is_idempotent(self) -> bool {
        !matches!(self, Self::Post | Self::Patch)
    }
}

/// A method and the path it may be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path as guests name it, without bindings: `/students/{id}`.
    pub path: String,
    /// Its parts, each of which stands behind a slash.
    pub parts: Vec<Part>,
}

/// What is between two slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text as it is written.
    Text(String),
    /// A value that the guest gives.
    Parameter {
        /// Its name.
        name: String,
        /// What it has to be, if the guest is not free to choose.
        binding: Option<Binding>,
    },
}

/// A claim of the caller's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Its name.
    pub claim: String,
}

impl Route {
    /// Reads `METHOD /path/{parameter}/{parameter = claims.NAME}`.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (method, path) = text
            .split_once(' ')
            .ok_or("is not a method and a path; write one such as \"GET /students/{id}\"")?;
        let method = Method::parse(method).ok_or_else(|| {
            let known = Method::ALL.map(Method::as_str).join(", ");
            format!("has an unknown method; expected one of {known}")
        })?;
        let path = path.trim();
        let inner = path
            .strip_prefix('/')
            .ok_or("has a path that does not begin with a slash")?;
        let parts = match inner {
            "" => Vec::new(),
            inner => inner.split('/').map(part).collect::<Result<Vec<_>, _>>()?,
        };
        let mut names: Vec<_> = parts.iter().filter_map(Part::name).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err("has two parameters of one name; give each its own".to_owned());
        }
        let mut path = String::new();
        for part in &parts {
            path.push('/');
            match part {
                Part::Text(text) => path.push_str(text),
                Part::Parameter { name, .. } => {
                    path.push('{');
                    path.push_str(name);
                    path.push('}');
                }
            }
        }
        if path.is_empty() {
            path.push('/');
        }
        Ok(Self {
            method,
            path,
            parts,
        })
    }

    /// Whether anything of it depends on who the caller is.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        let bound = |part: &Part| {
            matches!(
                part,
                Part::Parameter {
                    binding: Some(_),
                    ..
                }
            )
        };
        self.parts.iter().any(bound)
    }
}

impl Part {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Text(_) => None,
            Self::Parameter { name, .. } => Some(name),
        }
    }
}

fn part(text: &str) -> Result<Part, String> {
    let Some(inner) = text.strip_prefix('{') else {
        return if is_plain_segment(text) {
            Ok(Part::Text(text.to_owned()))
        } else {
            Err("has a part that is empty, consists of dots, or holds characters that have to be encoded; a parameter such as {id} fills a part alone".to_owned())
        };
    };
    let inner = inner
        .strip_suffix('}')
        .ok_or("has a `{` without `}` at the end of the part")?;
    let (name, binding) = match inner.split_once('=') {
        None => (inner.trim(), None),
        Some((name, claim)) => {
            let claim = claim.trim().strip_prefix("claims.");
            let claim = claim.filter(|claim| !claim.is_empty()).ok_or(
                "binds a parameter to something that is not a claim; write {id = claims.sub}",
            )?;
            let claim = claim.to_owned();
            (name.trim(), Some(Binding { claim }))
        }
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(is_name) {
        return Err("has a parameter without a plain name; write one such as {id}".to_owned());
    }
    Ok(Part::Parameter {
        name: name.to_owned(),
        binding,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn a_route_has_a_method_and_parts() {
        let route = Route::parse("GET /students/{id = claims.sub}/enrolments/{year}").unwrap();
        assert_eq!(route.path, "/students/{id}/enrolments/{year}");
        assert_eq!(route.parts.len(), 4);
        assert!(route.is_bound());
        let route = Route::parse("POST /").unwrap();
        assert_eq!((route.path.as_str(), route.parts.len()), ("/", 0));
        let claim = Route::parse("GET /{id=claims.https:\\x}").unwrap();
        assert!(claim.is_bound());
    }

    #[test]
    fn a_route_that_could_mean_something_else_is_refused() {
        for bad in [
            "",
            "GET",
            "/students",
            "get /students",
            "TRACE /students",
            "CONNECT /students",
            "GET students",
            "GET /students//x",
            "GET /students/",
            "GET /../x",
            "GET /./x",
            "GET /a%2fb",
            "GET /a\\b",
            "GET /a b",
            "GET /a?b=c",
            "GET /a;b",
            "GET /{id}{more}",
            "GET /x{id}",
            "GET /{id}.json",
            "GET /{}",
            "GET /{id",
            "GET /{id}/{id}",
            "GET /{id = sub}",
            "GET /{id = claims.}",
            "GET /{a b}",
        ] {
            assert!(Route::parse(bad).is_err(), "{bad}");
        }
    }
}
