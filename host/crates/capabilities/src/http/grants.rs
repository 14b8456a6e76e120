//! Grants on routes, and the request that comes of one.
//!
//! A guest names the route as it was granted and gives values for its parameters. A parameter that is bound has the value of the caller's
//! verified claim; whatever keeps that from being known is a denial.

use std::sync::Arc;

use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use mayfly_config::Module;
use mayfly_error::{CallCode, CallError, shortened};
use mayfly_json::{Kind, Limits, Tree};
use mayfly_runtime::imports::{Asker, Caller, SHOWN_BYTES};

use super::bindings::mayfly::resolver::http as wit;
use super::configuration::{Binding, Forward, Grant, Method, Part, Route, RouteGrants};
use super::headers;
use super::path::{TARGET_BYTES, add_query, path, refused};
use super::request::Request;
use crate::holders::Borrower;

/// What is counted of a request besides its texts, in bytes, for each pair: its header or its part of the target.
const PAIR_BYTES: usize = 96;

/// What a request counts of the bytes that a guest may hand over: its texts are held as the guest gave them and encoded, three bytes for
/// one.
pub(super) fn weight(service: &str, request: &wit::Request) -> usize {
    let pairs = [&request.values, &request.query, &request.headers].into_iter();
    let pairs = pairs.flatten();
    let pairs: usize = pairs
        .map(|pair| pair.name.len() + 2 * pair.value.len() + PAIR_BYTES)
        .sum();
    let body = request.body.as_ref().map_or(0, Vec::len);
    service.len() + request.method.len() + 2 * request.path.len() + pairs + body
}

/// The request, when the module may send it for this caller. What is passed on of the caller is in it; the trace is not.
pub(super) fn granted(
    asker: &Asker<'_>,
    service: &str,
    request: wit::Request,
) -> Result<(Request, Arc<Forward>), CallError> {
    let (grant, route) = find(asker.module, service, &request)?;
    let values = values(asker, service, route, &request.values)?;
    let fail = |problem: String| {
        CallError::new(
            CallCode::Invalid,
            format!(
                "{} {} of service `{service}`: {problem}",
                route.method.as_str(),
                route.path
            ),
        )
    };
    let mut target = path(route, &values);
    add_query(
        &mut target,
        request
            .query
            .iter()
            .map(|pair| (pair.name.as_str(), pair.value.as_str())),
    );
    if target.len() > TARGET_BYTES {
        return Err(fail(format!(
            "path and query are longer than {TARGET_BYTES} bytes; send less"
        )));
    }
    if request.body.is_some() && route.method.reads() {
        return Err(fail(
            "it has a body, which this method does not have".to_owned(),
        ));
    }
    let forward = &grant.forward;
    let mut headers = HeaderMap::new();
    for pair in &request.headers {
        let is_reserved = |name: &http::HeaderName| {
            grant.reserved.as_deref() == Some(name.as_str()) || forward.headers.contains(name)
        };
        headers::add(&mut headers, (&pair.name, &pair.value), is_reserved).map_err(|problem| {
            fail(format!(
                "header `{}` {problem}",
                shortened(&pair.name, SHOWN_BYTES)
            ))
        })?;
    }
    add_forwarded(&mut headers, forward, asker.caller);
    let request = Request {
        method: route.method,
        route: route.path.clone(),
        target,
        headers,
        trace: None,
        body: request.body.unwrap_or_default().into(),
        borrower: Borrower::host(),
    };
    Ok((request, forward.clone()))
}

/// The grant for a route.
fn find<'a>(
    module: &'a Module,
    service: &str,
    request: &wit::Request,
) -> Result<(&'a Grant, &'a Route), CallError> {
    let granted = module.grants.get::<RouteGrants>();
    let grant = granted.and_then(|granted| granted.0.get(service));
    let method = Method::parse(&request.method);
    let found = grant.and_then(|grant| {
        let mut routes = grant.routes.iter();
        let route = routes.find(|route| Some(route.method) == method && route.path == request.path);
        Some((grant, &**route?))
    });
    found.ok_or_else(|| {
        let name = &module.name;
        let shown = |text: &str| shortened(text, SHOWN_BYTES).into_owned();
        let (method, path, service) = (shown(&request.method), shown(&request.path), shown(service));
        let detail = format!(
            "module `{name}` may not send `{method} {path}` to service `{service}`; add \"{method} {path}\" to `modules.{name}.grants.http.{service}`, or name the route as it is written there, with its parameters"
        );
        CallError::new(
            CallCode::Denied,
            format!("`{method} {path}` of service `{service}` is not granted"),
        )
        .with_detail(detail)
    })
}

/// The values of a route's parameters, in their order.
fn values(
    asker: &Asker<'_>,
    service: &str,
    route: &Route,
    given: &[wit::Pair],
) -> Result<Vec<String>, CallError> {
    let what = || {
        format!(
            "{} {} of service `{service}`",
            route.method.as_str(),
            route.path
        )
    };
    let fail =
        |problem: String| CallError::new(CallCode::Invalid, format!("{}: {problem}", what()));
    let mut values = Vec::new();
    let mut used = 0;
    for part in &route.parts {
        let Part::Parameter { name, binding } = part else {
            continue;
        };
        let mut of_name = given.iter().filter(|pair| pair.name == *name);
        let value = of_name.next().map(|pair| pair.value.as_str());
        if of_name.next().is_some() {
            return Err(fail(format!("parameter `{name}` is given twice")));
        }
        used += usize::from(value.is_some());
        let value = match binding {
            None => value
                .ok_or_else(|| fail(format!("parameter `{name}` is missing")))?
                .to_owned(),
            Some(binding) => bound(asker, &what(), (name, binding), value)?,
        };
        if let Some(problem) = refused(&value) {
            return Err(fail(format!("parameter `{name}` {problem}")));
        }
        values.push(value);
    }
    if used < given.len() {
        return Err(fail(
            "it has a value for a parameter that the route does not have".to_owned(),
        ));
    }
    Ok(values)
}

/// The value of a bound parameter: the caller's own.
fn bound(
    asker: &Asker<'_>,
    what: &str,
    (name, binding): (&str, &Binding),
    given: Option<&str>,
) -> Result<String, CallError> {
    let module = &asker.module.name;
    let own = claim(asker.caller, &binding.claim).map_err(|problem| {
        CallError::new(
            CallCode::Denied,
            format!("{what} is not granted to this caller"),
        )
        .with_detail(format!(
            "module `{module}` may send {what} with the caller's own `{name}` only, and {problem}"
        ))
    })?;
    if given.is_some_and(|given| given != own) {
        return Err(CallError::new(
            CallCode::Denied,
            format!("{what} is granted for the caller's own `{name}` only"),
        )
        .with_detail(format!(
            "module `{module}` may send {what} with the caller's own `{name}` only, and it gave another"
        )));
    }
    Ok(own)
}

/// A claim of the caller's, or why it has none.
fn claim(caller: &Caller, name: &str) -> Result<String, String> {
    if caller.claims.is_empty() {
        return Err("the caller is anonymous".to_owned());
    }
    let limits = Limits::of_bytes(caller.claims.len());
    let claims = Tree::read(caller.claims.as_str(), limits)
        .map_err(|_| "the claims are not an object".to_owned())?;
    let Some(claim) = claims.root().get(name) else {
        return Err(format!("the token has no claim `{name}`"));
    };
    let value = match claim.kind() {
        Kind::Number => claim.raw().to_owned(),
        Kind::String => claim.as_str().unwrap_or_default().into_owned(),
        _ => String::new(),
    };
    if value.is_empty() {
        return Err(format!("the claim `{name}` is neither text nor a number"));
    }
    Ok(value)
}

/// Adds what the operator lets through of the client's request.
fn add_forwarded(headers: &mut HeaderMap, forward: &Forward, caller: &Caller) {
    for name in &forward.headers {
        let sent = caller
            .headers
            .iter()
            .find(|(known, _)| known == name.as_str());
        let value = sent.and_then(|(_, value)| HeaderValue::from_str(value).ok());
        if let Some(value) = value {
            headers.insert(name.clone(), value);
        }
    }
    let token = caller.token().filter(|_| forward.authorization);
    let value =
        token.and_then(|token| HeaderValue::from_str(&format!("Bearer {}", token.expose())).ok());
    if let Some(mut value) = value {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
}
