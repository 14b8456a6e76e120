//! What a module's code is told about services when it is built: the names of all, and of those it is granted routes and address.

use mayfly_json::quoted;

use super::base::Base;
use super::grants::RouteGrants;
use super::service::Service;

/// The services as `fetch` in JavaScript finds them: JSON, a list of name, address and routes for each. Routes are as they were granted,
/// without bindings. The address is null where the module is granted nothing of the service, it is embedded, or its address stands
/// outside of the file.
pub(super) fn told(services: &[Service], granted: Option<&RouteGrants>) -> String {
    list(services.iter().map(|service| {
        let grant = granted.and_then(|granted| granted.0.get(&service.name));
        let routes = grant.map_or(&[][..], |grant| &grant.routes);
        let base = address(&service.base);
        let base = base.filter(|_| service.base_is_told && !routes.is_empty());
        let routes = routes
            .iter()
            .map(|route| quoted(&format!("{} {}", route.method.as_str(), route.path)));
        let base = base.map_or_else(|| "null".to_owned(), |base| quoted(&base));
        list([quoted(&service.name), base, list(routes)].into_iter())
    }))
}

fn list(elements: impl Iterator<Item = String>) -> String {
    format!("[{}]", elements.collect::<Vec<_>>().join(","))
}

fn address(base: &Base) -> Option<String> {
    match base {
        Base::Embedded => None,
        Base::At {
            is_tls,
            authority,
            prefix,
        } => {
            let scheme = if *is_tls { "https" } else { "http" };
            Some(format!("{scheme}://{authority}{prefix}"))
        }
    }
}
