//! TLS to others: what the system trusts, the operator's CAs beside it, and the certificate that the host shows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use mayfly_config::reader::{Key, Table};

/// The protocol that is agreed on for HTTP/2.
pub(crate) const H2: &[u8] = b"h2";

/// What files hold, by their paths; without those that cannot be read.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// What the host shows whoever asks for a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// `client_certificate`: a PEM file with the certificate, its chain behind it.
    pub chain: PathBuf,
    /// `client_key`: a PEM file with its key.
    pub key: PathBuf,
}

/// What a connection trusts and shows.
#[derive(Clone, Copy)]
pub(crate) struct Trust<'a> {
    /// A PEM file with certificates of CAs, trusted beside those of the system.
    pub ca_file: Option<&'a Path>,
    pub client: Option<&'a ClientCertificate>,
    /// Whether HTTP/2 is agreed on.
    pub http2: bool,
}

/// The key that names CAs.
pub(crate) const CA_FILE: Key<'_> = Key::new(
    "ca_file",
    "A PEM file with certificates of CAs, trusted besides those that the system trusts. Relative to the app.",
);
const CLIENT_CERTIFICATE: Key<'_> = Key::new(
    "client_certificate",
    "A PEM file with the certificate that the host shows, followed by its chain. Relative to the app.",
);
const CLIENT_KEY: Key<'_> = Key::new(
    "client_key",
    "A PEM file with the key of `client_certificate`. Relative to the app.",
);

impl ClientCertificate {
    /// Reads `client_certificate` and `client_key`, of which both are there or neither.
    pub(crate) fn read(root: &Path, table: &mut Table<'_>) -> Option<Self> {
        let chain = table.text(CLIENT_CERTIFICATE);
        let key = table.text(CLIENT_KEY);
        if chain.is_some() != key.is_some() {
            table.problem(format!(
                "`{}` needs both `client_certificate` and `client_key`, or neither",
                table.path
            ));
        }
        Some(Self {
            chain: root.join(chain?),
            key: root.join(key?),
        })
    }
}

/// The settings for one peer, or what is wrong with its files.
pub(crate) fn settings(trust: Trust<'_>, files: &Files) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    // What of the system's own certificates cannot be read is not this app's fault; without any, connections fail and say so.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = trust.ca_file {
        for certificate in certificates("ca_file", file, files)? {
            let added = roots.add(certificate);
            added.map_err(|error| format!("`ca_file` {}: {error}", file.display()))?;
        }
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let settings = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots);
    let mut settings = match trust.client {
        None => settings.with_no_client_auth(),
        Some(client) => {
            let chain = certificates("client_certificate", &client.chain, files)?;
            let shown = client.key.display();
            let key = PrivateKeyDer::from_pem_slice(content("client_key", &client.key, files)?)
                .map_err(|error| format!("`client_key` {shown} contains no PEM key: {error}"))?;
            settings
                .with_client_auth_cert(chain, key)
                .map_err(|error| {
                    format!("`client_key` {shown} does not fit `client_certificate`: {error}")
                })?
        }
    };
    if trust.http2 {
        settings.alpn_protocols = vec![H2.to_vec()];
    }
    Ok(Arc::new(settings))
}

fn content<'f>(key: &str, file: &Path, files: &'f Files) -> Result<&'f [u8], String> {
    let content = files.get(file).map(Vec::as_slice);
    content.ok_or_else(|| format!("`{key}` {} cannot be read; create it", file.display()))
}

fn certificates(
    key: &str,
    file: &Path,
    files: &Files,
) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_slice_iter(content(key, file, files)?);
    let shown = file.display();
    let certificates = certificates
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("`{key}` {shown} is not PEM: {error}"))?;
    if certificates.is_empty() {
        return Err(format!("`{key}` {shown} contains no PEM certificate"));
    }
    Ok(certificates)
}
