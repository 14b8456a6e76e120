//! Asks a running host over its admin address, by HTTP or, where the host has `[server.admin_tls]`, by HTTPS.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use mayfly_config::{Secret, units};
use mayfly_json::{Kind, Limits, Tree, Value};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use serde::Serialize;

use crate::http::admin::graphql::requests::AdminOperation;

/// The environment variable with the token.
const TOKEN: &str = "MAYFLY_ADMIN_TOKEN";

/// How long the host may take for an answer. An app that is applied, and a component that is sent, are compiled meanwhile.
const ANSWER_TIME: Duration = Duration::from_secs(60);
const COMPILE_TIME: Duration = Duration::from_secs(600);

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
    /// A PEM file with the certificate of the CA, for an admin address with TLS whose CA the system does not trust
    #[arg(long, global = true, value_name = "FILE", env = "MAYFLY_ADMIN_CA")]
    admin_ca: Option<PathBuf>,
    /// How long the host may take for its answer, such as '10 s'; by default a minute, or ten where modules are compiled
    #[arg(long, global = true, value_name = "TIME", value_parser = time)]
    timeout: Option<Duration>,
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
    http: HttpClient<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// `http://host:port` or `https://host:port`.
    base: String,
    token: Option<Secret>,
    /// How long an answer may take, if it was said.
    timeout: Option<Duration>,
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
        let mut client = Client::new(&self.admin, self.admin_ca.as_deref())?;
        client.timeout = self.timeout;
        Ok(client)
    }
}

fn time(text: &str) -> Result<Duration, String> {
    units::duration(text)
        .filter(|time| !time.is_zero())
        .ok_or_else(|| {
            let units = units::time_names().join(", ");
            format!("it must be a number and a unit ({units}), such as '10 s'")
        })
}

impl Client {
    /// A client of the host at a URL such as `http://127.0.0.1:8081`.
    fn new(admin: &str, ca: Option<&Path>) -> anyhow::Result<Self> {
        const EXAMPLE: &str = "write it as http://127.0.0.1:8081";
        let uri: Uri = admin
            .parse()
            .with_context(|| format!("`{admin}` is not a URL; {EXAMPLE}"))?;
        let (scheme, default_port) = match uri.scheme_str() {
            Some("https") => ("https", 443),
            Some("http") | None => ("http", 80),
            Some(_) => bail!("`{admin}` is neither http:// nor https://; {EXAMPLE}"),
        };
        let authority = uri
            .authority()
            .with_context(|| format!("`{admin}` names no host; {EXAMPLE}"))?;
        let host = authority.host();
        let names_port = authority.as_str().rsplit('@').next() != Some(host);
        let port = match authority.port_u16() {
            Some(port) => port,
            None if names_port => bail!("the port of `{admin}` is not one; {EXAMPLE}"),
            None => default_port,
        };
        let token = std::env::var(TOKEN).ok();
        Ok(Self {
            http: HttpClient::builder(TokioExecutor::new()).build(connector(scheme, ca)?),
            base: format!("{scheme}://{host}:{port}"),
            token: token.filter(|token| !token.is_empty()).map(Secret::new),
            timeout: None,
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
        let time = if O::COMPILES {
            COMPILE_TIME
        } else {
            ANSWER_TIME
        };
        let request = self.request(Method::POST, "/admin/graphql", "application/json", body)?;
        let (_, answer) = self.send(request, time).await?;
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
                "cannot read the answer of {}: {error}; use the same version of mayfly as the host",
                self.base
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
        let request = self.request(Method::PUT, &path, "application/wasm", component)?;
        let (status, body) = self.send(request, COMPILE_TIME).await?;
        Ok(PushAnswer {
            done: status.is_success(),
            body,
        })
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> anyhow::Result<Request<Full<Bytes>>> {
        let uri = format!("{}{path}", self.base);
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(CONTENT_TYPE, content_type);
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
        }
        request
            .body(Full::new(Bytes::from(body)))
            .context("the request cannot be written")
    }

    /// Sends one request, and gives its answer if it comes in time.
    async fn send(
        &self,
        request: Request<Full<Bytes>>,
        time: Duration,
    ) -> anyhow::Result<(StatusCode, Tree<'static>)> {
        let time = self.timeout.unwrap_or(time);
        tokio::time::timeout(time, self.exchange(request))
            .await
            .unwrap_or_else(|_| {
                bail!(
                    "the host at {} did not answer within {}: look at its log, or wait longer with --timeout",
                    self.base,
                    units::show_duration(time)
                )
            })
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
    ) -> anyhow::Result<(StatusCode, Tree<'static>)> {
        let response = self.http.request(request).await;
        let response = response.map_err(|error| self.not_reached(error))?;
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
                "{} is not an admin address (it answered {status}); choose another address with --admin",
                self.base
            );
        }
        Ok((status, body))
    }

    /// Why nothing was answered.
    fn not_reached(&self, error: hyper_util::client::legacy::Error) -> anyhow::Error {
        let base = &self.base;
        let problem = match tls_problem(&error) {
            Some(problem) if problem.contains("UnknownIssuer") => format!(
                "the certificate of {base} is from a CA that this system does not trust; name its file with --admin-ca"
            ),
            Some(problem) => format!("TLS with {base} failed: {problem}"),
            None if error.is_connect() => {
                format!("no host answers at {base}; choose another address with --admin")
            }
            None => format!(
                "{base} closed the connection before it answered; if it has `[server.admin_tls]`, write https:// in --admin"
            ),
        };
        anyhow::Error::new(error).context(problem)
    }

    /// What is wrong with the token, which the host does not let through.
    fn token_problem(&self) -> String {
        match self.token {
            None => format!(
                "the host wants the token of `server.admin_token`, or one of `server.admin_tokens`; set {TOKEN}"
            ),
            Some(_) => format!(
                "the token in {TOKEN} is not known to {}; correct it, or add it to `server.admin_tokens`",
                self.base
            ),
        }
    }
}

/// Connects by either scheme, and trusts the system's CAs and that of the file. A system whose CAs cannot be read has none.
fn connector(scheme: &str, ca: Option<&Path>) -> anyhow::Result<HttpsConnector<HttpConnector>> {
    let mut roots = RootCertStore::empty();
    if scheme == "https" {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if let Some(file) = ca {
        let shown = file.display();
        let unusable = || format!("--admin-ca: {shown} contains no PEM certificate");
        let pem =
            std::fs::read(file).with_context(|| format!("--admin-ca: cannot read {shown}"))?;
        let found: Vec<_> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .with_context(unusable)?;
        if roots.add_parsable_certificates(found).0 == 0 {
            bail!(unusable());
        }
    }
    let settings = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    Ok(HttpsConnectorBuilder::new()
        .with_tls_config(settings)
        .https_or_http()
        .enable_http1()
        .wrap_connector(http))
}

/// What TLS says is wrong, somewhere among the causes of an error.
fn tls_problem(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found.to_string());
        }
        // An error of input and output names as its source what is behind the error it holds, and not that error.
        cause = match error.downcast_ref::<std::io::Error>() {
            Some(outer) => outer.get_ref().map(|held| held as _),
            None => error.source(),
        };
    }
    None
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
