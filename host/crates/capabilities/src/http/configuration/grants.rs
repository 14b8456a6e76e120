//! `http` in `[modules.NAME.grants]`: which routes of which services a module may ask; none by default.

use std::collections::BTreeMap;
use std::sync::Arc;

use mayfly_config::Sections;
use mayfly_config::reader::{Key, Table};

use super::Section;
use super::route::Route;
use super::service::Forward;

/// What a module may ask, by service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RouteGrants(pub BTreeMap<String, Grant>);

/// `http.SERVICE`: a list of routes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grant {
    /// The routes.
    pub routes: Vec<Arc<Route>>,
    /// Which headers of the caller are passed on to the service.
    pub forward: Arc<Forward>,
    /// Headers that are the operator's, in lower case: those of credentials.
    pub reserved: Option<String>,
}

const HTTP: Key<'_> = Key::new(
    "http",
    "Which routes of which services over HTTP the module may ask. None by default.",
);

const ROUTES: &str = "Routes of the service: a method and a path, such as `GET /students/{id}`. A parameter may be bound to the caller, \
     `{id = claims.sub}`, which needs `[callers]`.";

impl RouteGrants {
    pub(super) fn read(grants: &mut Table<'_>, sections: &Sections) -> Self {
        let mut granted = Self::default();
        let Some(mut services) = grants.table(HTTP) else {
            return granted;
        };
        let declared = sections.get::<Section>();
        for name in services.names("SERVICE") {
            let key = services.key(&name);
            let routes = routes(&mut services, &name);
            let Some(service) = declared.and_then(|section| section.service(&name)) else {
                services.problem(format!(
                    "`{key}` grants routes of a service that is not declared; add [http.{}]",
                    mayfly_config::key(&name)
                ));
                continue;
            };
            let credentials = service.credentials.as_ref();
            let grant = Grant {
                routes,
                forward: Arc::new(service.forward.clone()),
                reserved: credentials.map(|known| known.name.as_str().to_owned()),
            };
            granted.0.insert(name, grant);
        }
        granted
    }

    /// Whether anything depends on who the caller is.
    pub(super) fn need_callers(&self) -> bool {
        let mut routes = self.0.values().flat_map(|grant| &grant.routes);
        routes.any(|route| route.is_bound())
    }
}

fn routes(services: &mut Table<'_>, name: &str) -> Vec<Arc<Route>> {
    let texts = services.texts(Key::new(name, ROUTES));
    let key = services.key(name);
    let mut routes: Vec<Arc<Route>> = Vec::new();
    for (at, text) in texts {
        let route = match Route::parse(&text) {
            Ok(route) => route,
            Err(problem) => {
                services.problem_at(at, format!("`{key}`: the route `{text}` {problem}"));
                continue;
            }
        };
        let is_known =
            |known: &&Arc<Route>| known.method == route.method && known.path == route.path;
        if routes.iter().any(|known| is_known(&known)) {
            services.problem_at(
                at,
                format!(
                    "`{key}` has `{} {}` twice; keep one",
                    route.method.as_str(),
                    route.path
                ),
            );
            continue;
        }
        routes.push(Arc::new(route));
    }
    routes
}
