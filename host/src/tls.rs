//! TLS for clients and for operators: the certificates of the app that is served, by rustls.
//!
//! Certificates are read with the app, so that a new one is used from the next handshake on once the app is applied, and one that
//! cannot be used is refused like any other mistake, while the old one goes on.

use std::path::Path;
use std::sync::Arc;

use mayfly_config::{Problem, Server, Tls, file};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::{ServerConfig, crypto::aws_lc_rs};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// The largest certificate chain or key that is read, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// What a handshake agrees on; HTTP/2 where the client has it.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The certificates of both addresses.
#[derive(Clone, Default)]
pub struct Certificates {
    /// Of `server.listen`; none when it speaks HTTP as it is.
    pub graphql: Option<Arc<ServerConfig>>,
    /// Of `server.admin_listen`.
    pub admin: Option<Arc<ServerConfig>>,
}

impl Certificates {
    /// Reads what the configuration names.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or used, or certificate and key do not belong together, or the certificate has expired.
    pub fn load(server: &Server) -> Result<Self, Problem> {
        let load = |tls: &Option<Tls>| tls.as_ref().map(server_config).transpose();
        Ok(Self {
            graphql: load(&server.tls)?,
            admin: load(&server.admin_tls)?,
        })
    }
}

fn server_config(tls: &Tls) -> Result<Arc<ServerConfig>, Problem> {
    let of_certificate = |message: String| Problem::of_file(&tls.certificate, message);
    let pem = read(&tls.certificate, "certificate")?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| of_certificate(format!("is not PEM: {error:?}")))?;
    check_time(&chain).map_err(of_certificate)?;
    let pem = read(&tls.key, "key")?;
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
        let message = "contains no PEM private key; use the certificate's own key";
        Problem::of_file(&tls.key, message)
    })?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
    let mut config = config.map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => Problem::of_file(
            &tls.key,
            format!(
                "does not belong to {}; use the certificate's own key",
                tls.certificate.display()
            ),
        ),
        other => of_certificate(format!("cannot be used: {other}")),
    })?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(Arc::new(config))
}

fn read(path: &Path, key: &str) -> Result<Vec<u8>, Problem> {
    file::read_bytes(path, MOST_BYTES).map_err(|error| {
        Problem::of_file(
            path,
            format!("cannot be read: {error}; correct `{key}`, or let this user read the file"),
        )
    })
}

/// Whether the first certificate of a chain can be shown to clients today.
fn check_time(chain: &[CertificateDer<'_>]) -> Result<(), String> {
    let (Some(first), Some(last)) = (chain.first(), chain.last()) else {
        return Err(
            "contains no PEM certificate; add the certificate, followed by its chain".to_owned(),
        );
    };
    let unusable = |error: webpki::Error| format!("has a certificate that cannot be used: {error}");
    let certificate = EndEntityCert::try_from(first).map_err(unusable)?;
    let anchors = [anchor_from_trusted_cert(last).map_err(unusable)?];
    let verified = certificate.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        chain.get(1..).unwrap_or_default(),
        UnixTime::now(),
        KeyUsage::server_auth(),
        None,
        None,
    );
    // Whom clients trust is theirs to say; the time is the same for all.
    match verified {
        Err(webpki::Error::CertExpired { .. }) => {
            Err("has a certificate that has expired; renew it".to_owned())
        }
        Err(webpki::Error::CertNotValidYet { .. }) => {
            Err("has a certificate that is not valid yet; check the clock".to_owned())
        }
        _ => Ok(()),
    }
}
