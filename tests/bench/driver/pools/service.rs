//! A service over HTTP, asked by a bare client and through the host's pool.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::HeaderMap;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use mayfly_capabilities::Borrower;
use mayfly_capabilities::http::configuration::{Method, Section};
use mayfly_capabilities::http::{Client, Origin, Request};
use mayfly_config::Config;
use tokio::time::Instant;

/// The service's name, which the embedded endpoint's paths begin with.
const SERVICE: &str = "enrolment";

/// hyper's own client, which keeps connections too.
#[derive(Clone)]
pub(super) struct BareClient {
    client: legacy::Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
}

/// The host's pool, asked by an operation of its own.
pub(super) struct PoolClient {
    client: Client,
    origin: Origin,
    max_answer_bytes: usize,
}

impl BareClient {
    pub(super) fn new(address: SocketAddr) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = legacy::Client::builder(TokioExecutor::new()).build(connector);
        Self { client, address }
    }

    /// Asks for the enrolment of a student.
    pub(super) async fn get(&self, student: usize) -> anyhow::Result<()> {
        let uri = format!("http://{}/{SERVICE}{}", self.address, path(student));
        let answer = self.client.get(uri.parse()?).await?;
        ensure!(answer.status().is_success(), "{}", answer.status());
        let body = answer.into_body().collect().await?.to_bytes();
        check(str::from_utf8(&body)?, student, '"')
    }
}

impl PoolClient {
    /// One client for each of so many operations.
    pub(super) fn all(
        config: &Config,
        address: SocketAddr,
        operations: usize,
        max_answer_bytes: usize,
    ) -> anyhow::Result<impl Iterator<Item = Self>> {
        let section = config.sections.get::<Section>();
        let service = section.and_then(|section| section.service(SERVICE));
        let service = service.context("the configuration names the service")?;
        let client = Client::new(service, Some(address), &BTreeMap::new(), false);
        let client = client.map_err(anyhow::Error::msg)?;
        Ok((0..operations).map(move |operation| Self {
            client: client.clone(),
            origin: Origin::numbered(operation),
            max_answer_bytes,
        }))
    }

    /// Asks for the enrolment of a student.
    pub(super) async fn get(&self, student: usize, deadline: Instant) -> anyhow::Result<()> {
        let request = Request {
            method: Method::Get,
            route: "/students/{id}".to_owned(),
            target: path(student),
            headers: HeaderMap::new(),
            trace: None,
            body: Bytes::new(),
            borrower: Borrower::host(),
        };
        let answer = self
            .client
            .call(self.origin, request, self.max_answer_bytes, deadline);
        let answer = answer.await?;
        ensure!(answer.starts_with(r#"{"status":200,"#), "{answer}");
        check(&answer, student, '\\')
    }
}

/// The student's name. One of the first three is not enrolled.
fn name(student: usize) -> String {
    format!("S{}", student + 3)
}

fn path(student: usize) -> String {
    format!("/students/{}", name(student))
}

/// Whether it is the answer of this student, whose name is followed by this.
fn check(answer: &str, student: usize, then: char) -> anyhow::Result<()> {
    ensure!(
        answer.contains(&format!("\"{}{then}", name(student))),
        "another student: {answer}"
    );
    Ok(())
}
