//! Services over HTTP, through the host's pools: routes the operator granted, by name, with values.
//!
//! ```no_run
//! use mayfly_guest::prelude::*;
//!
//! #[derive(Deserialize)]
//! struct Enrolment {
//!     status: String,
//! }
//!
//! async fn status(id: &str) -> Result<Option<String>> {
//!     let answer = http::service("enrolment").get("/students/{id}").path("id", id).send().await?;
//!     if answer.status == 404 {
//!         return Ok(None);
//!     }
//!     let enrolment: Enrolment = answer.success()?.json()?;
//!     Ok(Some(enrolment.status))
//! }
//! ```
//!
//! The path is the route as the operator granted it, with its parameters; the host puts the values in. An answer is an answer whatever
//! its status: [`Answer::success`] makes an error of one that is not 2xx. What cannot be answered, because the service is gone, is slow
//! or was not granted, is an error of the call.
//!
//! Identical `get`s that are under way at once are sent once. What may have been done and was cut off fails with
//! [`codes::OUTCOME_UNKNOWN`](crate::codes::OUTCOME_UNKNOWN).

use crate::bindings::mayfly::resolver::http as host;
use crate::{Call, Error, Result, codes};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names a service of the configuration.
pub fn service(name: &str) -> Service<'_> {
    Service { name }
}

/// A service of the configuration.
#[derive(Debug, Clone, Copy)]
#[must_use = "a service does nothing until `get`, `post` and so on are called"]
pub struct Service<'a> {
    name: &'a str,
}

impl<'a> Service<'a> {
    /// Reads.
    pub fn get(self, route: &str) -> Request<'a> {
        self.request("GET", route)
    }

    /// Reads the headers of an answer only.
    pub fn head(self, route: &str) -> Request<'a> {
        self.request("HEAD", route)
    }

    /// Does what the service says; sent once, whatever happens.
    pub fn post(self, route: &str) -> Request<'a> {
        self.request("POST", route)
    }

    /// Replaces.
    pub fn put(self, route: &str) -> Request<'a> {
        self.request("PUT", route)
    }

    /// Changes; sent once, whatever happens.
    pub fn patch(self, route: &str) -> Request<'a> {
        self.request("PATCH", route)
    }

    /// Removes.
    pub fn delete(self, route: &str) -> Request<'a> {
        self.request("DELETE", route)
    }

    fn request(self, method: &str, route: &str) -> Request<'a> {
        Request {
            service: self.name,
            request: host::Request {
                method: method.to_owned(),
                path: route.to_owned(),
                values: Vec::new(),
                query: Vec::new(),
                headers: Vec::new(),
                body: None,
            },
            error: None,
        }
    }
}

/// A request with what was said so far.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request<'a> {
    service: &'a str,
    request: host::Request,
    error: Option<Error>,
}

impl Request<'_> {
    /// Gives a parameter of the route its value: one segment of the path, encoded by the host.
    pub fn path(mut self, parameter: &str, value: impl ToString) -> Self {
        self.request.values.push(pair(parameter, value));
        self
    }

    /// Adds to the query.
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.request.query.push(pair(name, value));
        self
    }

    /// Adds a header, of those that guests may give.
    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.request.headers.push(pair(name, value));
        self
    }

    /// Gives it a body.
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.request.body = Some(bytes.into());
        self
    }

    /// Gives it a body of JSON, and says so in `content-type`.
    pub fn json(mut self, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => self.header("content-type", "application/json").body(json),
            Err(error) => {
                self.error = Some(Error::new(codes::INVALID_DATA, error.to_string()));
                self
            }
        }
    }

    /// Sends it.
    pub fn send(self) -> Call<Answer> {
        let Self {
            service,
            request,
            error,
        } = self;
        Call::send(
            |text| Ok(serde_json::from_str(&text)?),
            || match error {
                Some(error) => Err(error),
                None => Ok(host::send(service, &request)),
            },
        )
    }
}

fn pair(name: &str, value: impl ToString) -> host::Pair {
    host::Pair {
        name: name.to_owned(),
        value: value.to_string(),
    }
}

/// An answer of a service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    base64: Option<String>,
}

impl Answer {
    /// The same, when its status is 2xx.
    ///
    /// # Errors
    ///
    /// `BAD_STATUS` with the status, for any other.
    pub fn success(self) -> Result<Self> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let status = self.status;
        Err(Error::new(
            "BAD_STATUS",
            format!("the service answered {status}"),
        ))
    }

    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body, when it is text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The body.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match (&self.text, &self.base64) {
            (Some(text), _) => text.as_bytes().to_vec(),
            (None, base64) => base64.as_deref().map(decoded).unwrap_or_default(),
        }
    }

    /// The value of a body of JSON.
    ///
    /// # Errors
    ///
    /// When the body is not text, or does not fit `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let text = self
            .text()
            .ok_or_else(|| Error::new(codes::INVALID_DATA, "the body is not text"))?;
        Ok(serde_json::from_str(text)?)
    }
}

/// The bytes of base64 as the host writes it.
fn decoded(base64: &str) -> Vec<u8> {
    let digits = base64.bytes().filter_map(|digit| match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    });
    let mut bytes = Vec::with_capacity(base64.len() / 4 * 3);
    let (mut held, mut bits) = (0_u32, 0);
    for digit in digits {
        held = (held << 6) | u32::from(digit);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).unwrap_or_default());
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use super::*;

    fn answer(body: &str) -> Answer {
        let text = format!(r#"{{"status":200,"headers":{{"etag":"\"1\""}},{body}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn an_answer_has_text_or_bytes() {
        let text = answer(r#""text":"[1,2]""#);
        assert_eq!(text.json::<Vec<u8>>().unwrap(), [1, 2]);
        assert_eq!(text.bytes(), b"[1,2]");
        assert_eq!(text.header("etag"), Some("\"1\""));
        for (base64, bytes) in [
            ("", &[][..]),
            ("/w==", &[0xff]),
            ("/wA=", &[0xff, 0]),
            ("/wAB", &[0xff, 0, 1]),
            ("eyJuYW1lIjogIkr8cmdlbiJ9", b"{\"name\": \"J\xfcrgen\"}"),
        ] {
            let answer = answer(&format!(r#""base64":"{base64}""#));
            assert_eq!(answer.bytes(), bytes, "{base64}");
            assert_eq!(answer.text(), None);
            assert!(answer.json::<u8>().is_err());
        }
    }

    #[test]
    fn another_status_than_2xx_is_an_error_where_it_is_asked() {
        let mut answer = answer(r#""text":"""#);
        assert!(answer.clone().success().is_ok());
        answer.status = 404;
        let error = answer.success().unwrap_err();
        assert_eq!(error.to_string(), "BAD_STATUS: the service answered 404");
    }
}
