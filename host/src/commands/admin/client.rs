//! Asks a running host over its admin address. Plain HTTP: the address is for loopback or a private network.

use anyhow::{Context, bail};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use mayfly_config::Secret;
use mayfly_json::{Kind, Limits, Tree, Value};
use serde::Serialize;

use crate::http::admin::graphql::requests::AdminOperation;

/// The environment variable with the token.
const TOKEN: &str = "MAYFLY_ADMIN_TOKEN";

/// The largest answer that is read, in bytes: a host with thousands of modules says less.
const MAX_ANSWER_BYTES: usize = 16 << 20;

/// The options of every command that asks a host.
#[derive(clap::Args)]
pub(in crate::commands) struct AdminAddress {
    /// The host's admin address; its token is read from MAYFLY_ADMIN_TOKEN
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "MAYFLY_ADMIN",
        default_value = "http://127.0.0.1:8081"
    )]
    admin: String,
    /// Print the host's answer as JSON
    #[arg(long, global = true)]
    pub(in crate::commands) json: bool,
}

/// The host did not do what it was asked, for a reason that it gave.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(in crate::commands) struct NotDone(String);

/// Where to ask, and what to show.
pub(in crate::commands) struct Client {
    http: HttpClient<HttpConnector, Full<Bytes>>,
    authority: String,
    token: Option<Secret>,
}

/// A GraphQL request.
#[derive(Serialize)]
struct Body<'o, O> {
    query: String,
    variables: &'o O,
}

/// What the host answered to an operation.
pub(in crate::commands) struct Answer<T> {
    /// `data`, typed.
    pub(in crate::commands) data: T,
    /// `data`, as it was written.
    pub(in crate::commands) text: String,
}

/// What the host answered to a component that was sent.
pub(in crate::commands) struct PushAnswer {
    /// Whether it took it.
    pub(in crate::commands) done: bool,
    /// The body, a JSON object.
    pub(in crate::commands) body: Tree<'static>,
}

impl AdminAddress {
    /// A client of the host there.
    pub(in crate::commands) fn client(&self) -> anyhow::Result<Client> {
        Client::new(&self.admin)
    }
}

impl Client {
    /// A client of the host at a URL such as `http://127.0.0.1:8081`.
    fn new(admin: &str) -> anyhow::Result<Self> {
        let uri: Uri = admin.parse().with_context(|| {
            format!("`{admin}` is not a URL; write it as http://127.0.0.1:8081")
        })?;
        if uri.scheme_str() == Some("https") {
            bail!(
                "the admin address speaks plain HTTP; reach it over loopback or a tunnel, with --admin http://…"
            );
        }
        let authority = uri.authority().with_context(|| {
            format!("`{admin}` names no host; write it as http://127.0.0.1:8081")
        })?;
        let authority = match authority.port() {
            Some(_) => authority.to_string(),
            None => format!("{authority}:80"),
        };
        let token = std::env::var(TOKEN).ok();
        Ok(Self {
            http: HttpClient::builder(TokioExecutor::new()).build_http(),
            authority,
            token: token.filter(|token| !token.is_empty()).map(Secret::new),
        })
    }

    /// Sends an operation. What of the answer is an error is one here.
    pub(in crate::commands) async fn ask<O: AdminOperation>(
        &self,
        operation: &O,
    ) -> anyhow::Result<Answer<O::Data>> {
        let body = serde_json::to_vec(&Body {
            query: O::document(),
            variables: operation,
        })?;
        let (_, answer) = self
            .send(Method::POST, "/admin/graphql", "application/json", body)
            .await?;
        let root = answer.root();
        if let Some(error) = root
            .get("errors")
            .and_then(|errors| errors.elements()?.next())
        {
            let message = error.get("message").and_then(Value::as_str);
            return Err(NotDone(message.unwrap_or_default().into_owned()).into());
        }
        let text = root.get("data").unwrap_or_default().raw().to_owned();
        let limits = Limits::of_bytes(MAX_ANSWER_BYTES);
        let data = mayfly_json::read(&text, limits).map_err(|error| {
            anyhow::anyhow!(
                "http://{} answered what this version of mayfly does not read: {error}; use the version that the host has",
                self.authority
            )
        })?;
        Ok(Answer { data, text })
    }

    /// Sends a component.
    pub(in crate::commands) async fn push(
        &self,
        module: &str,
        parameters: &str,
        component: Vec<u8>,
    ) -> anyhow::Result<PushAnswer> {
        let path = format!("/modules/{}?{parameters}", segment(module));
        let (status, body) = self
            .send(Method::PUT, &path, "application/wasm", component)
            .await?;
        Ok(PushAnswer {
            done: status.is_success(),
            body,
        })
    }

    /// Sends one request.
    async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> anyhow::Result<(StatusCode, Tree<'static>)> {
        let uri = format!("http://{}{path}", self.authority);
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(CONTENT_TYPE, content_type);
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .context("the request cannot be written")?;
        let response = self.http.request(request).await.map_err(|error| {
            let problem = if error.is_connect() {
                format!(
                    "no host answers at http://{}; choose another address with --admin",
                    self.authority
                )
            } else {
                format!(
                    "http://{} closed the connection before it answered",
                    self.authority
                )
            };
            anyhow::Error::new(error).context(problem)
        })?;
        let status = response.status();
        let bytes = Limited::new(response.into_body(), MAX_ANSWER_BYTES)
            .collect()
            .await
            .map_err(|error| anyhow::anyhow!("the host's answer cannot be read: {error}"))?
            .to_bytes();
        if status == StatusCode::UNAUTHORIZED {
            return Err(NotDone(self.token_problem()).into());
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let limits = Limits::of_bytes(MAX_ANSWER_BYTES);
        let body = Tree::read(text, limits).unwrap_or_default();
        if body.root().kind() != Kind::Object {
            bail!(
                "http://{} is not an admin address (it answered {status}); choose another address with --admin",
                self.authority
            );
        }
        Ok((status, body))
    }

    /// What is wrong with the token, which the host does not let through.
    fn token_problem(&self) -> String {
        match self.token {
            None => format!(
                "the host wants the token of `server.admin_token`, or one of `server.admin_tokens`; set {TOKEN}"
            ),
            Some(_) => format!(
                "the token in {TOKEN} is not known to http://{}; correct it, or add it to `server.admin_tokens`",
                self.authority
            ),
        }
    }
}

/// A name as a segment of a path.
fn segment(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    name.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn a_name_stays_one_segment() {
        assert_eq!(segment("students-2.x"), "students-2.x");
        assert_eq!(segment("a/b?c ä"), "a%2Fb%3Fc%20%C3%A4");
    }
}
