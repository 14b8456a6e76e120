//! TLS to services: what the system trusts, the operator's CAs beside it, and the certificate that the host shows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::configuration::Service;

/// The protocol that is agreed on for HTTP/2.
pub(super) const H2: &[u8] = b"h2";

/// What files hold, by their paths; without those that cannot be read.
pub(super) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The settings for one service, or what is wrong with its files.
pub(super) fn settings(service: &Service, files: &Files) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    // What of the system's own certificates cannot be read is not this app's fault; without any, connections fail and say so.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = &service.ca_file {
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
    let mut settings = match &service.client_certificate {
        None => settings.with_no_client_auth(),
        Some(client) => {
            let chain = certificates("client_certificate", &client.chain, files)?;
            let shown = client.key.display();
            let key = PrivateKeyDer::from_pem_slice(content("client_key", &client.key, files)?)
                .map_err(|error| format!("`client_key` {shown} holds no key in PEM: {error}"))?;
            settings
                .with_client_auth_cert(chain, key)
                .map_err(|error| {
                    format!("`client_key` {shown} does not fit `client_certificate`: {error}")
                })?
        }
    };
    if service.http2 {
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
        return Err(format!("`{key}` {shown} holds no certificate in PEM"));
    }
    Ok(certificates)
}
