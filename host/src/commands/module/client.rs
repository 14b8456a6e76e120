//! Asks a running host over its admin address. Plain HTTP: the address is for loopback or a private network.

use anyhow::{Context, bail};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use mayfly_config::Secret;
use mayfly_json::{Kind, Limits, Tree, quoted};
use tokio::net::TcpStream;

/// The environment variable with the token.
const TOKEN: &str = "MAYFLY_ADMIN_TOKEN";

/// The largest answer that is read, in bytes: a host with thousands of modules says less.
const MAX_ANSWER_BYTES: usize = 16 << 20;

/// Where to ask, and what to show.
pub(in crate::commands) struct Client {
    authority: String,
    token: Option<Secret>,
}

/// What the host answered.
pub(in crate::commands) struct AdminAnswer {
    /// The status.
    pub(in crate::commands) status: StatusCode,
    /// The body, a JSON object.
    pub(in crate::commands) body: Tree<'static>,
}

impl Client {
    /// A client of the host at a URL such as `http://127.0.0.1:8081`.
    pub(in crate::commands) fn new(admin: &str) -> anyhow::Result<Self> {
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
        Ok(Self {
            authority,
            token: std::env::var(TOKEN)
                .ok()
                .filter(|token| !token.is_empty())
                .map(Secret::new),
        })
    }

    /// Sends one request.
    pub(in crate::commands) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> anyhow::Result<AdminAnswer> {
        let unreachable = || {
            format!(
                "no host answers at http://{}; choose another address with --admin",
                self.authority
            )
        };
        let stream = TcpStream::connect(&self.authority)
            .await
            .with_context(unreachable)?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .with_context(unreachable)?;
        // It ends with the sender; what goes wrong with it is told by the request.
        tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.authority);
        if !body.is_empty() {
            request = request
                .header(CONTENT_TYPE, "application/wasm")
                .header(CONTENT_LENGTH, body.len());
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .context("the request cannot be written")?;
        let response = sender.send_request(request).await.with_context(|| {
            format!(
                "http://{} closed the connection before it answered",
                self.authority
            )
        })?;
        let status = response.status();
        let bytes = Limited::new(response.into_body(), MAX_ANSWER_BYTES)
            .collect()
            .await
            .map_err(|error| anyhow::anyhow!("the host's answer cannot be read: {error}"))?
            .to_bytes();
        let body = answer(&String::from_utf8_lossy(&bytes));
        if body.root().kind() != Kind::Object {
            bail!(
                "http://{} is not an admin address (it answered {status}); choose another address with --admin",
                self.authority
            );
        }
        let body = if status == StatusCode::UNAUTHORIZED {
            let problem = quoted(&self.token_problem());
            answer(&format!("{{\"error\":{{\"message\":{problem}}}}}"))
        } else {
            body
        };
        Ok(AdminAnswer { status, body })
    }

    /// What is wrong with the token, which the host does not let through.
    fn token_problem(&self) -> String {
        match self.token {
            None => format!("the host wants the token of `server.admin_token`; set {TOKEN}"),
            Some(_) => format!(
                "the token in {TOKEN} is not the one of `server.admin_token` of http://{}; correct it",
                self.authority
            ),
        }
    }
}

/// What was answered, `null` where it is not JSON.
fn answer(text: &str) -> Tree<'static> {
    let limits = Limits::of_bytes(MAX_ANSWER_BYTES);
    Tree::read(text.to_owned(), limits).unwrap_or_default()
}

/// A name as a segment of a path.
pub(in crate::commands) fn segment(name: &str) -> String {
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
