//! Creates every HTTP client of the service: only this file chooses cryptography, certificates and proxies.

use std::io;
use std::sync::Arc;

use reqwest::ClientBuilder;
use rustls::{ClientConfig, RootCertStore};

/// A client for `http://` addresses. It has no certificates and reaches no `https://` address.
///
/// # Errors
/// The cryptography does not support the protocol versions of TLS: a mistake in this file.
pub fn without_certificates() -> io::Result<ClientBuilder> {
    with_roots(RootCertStore::empty())
}

/// A client that trusts the certificate authorities that this system trusts. Reads their files. Blocking.
///
/// # Errors
/// No certificate of the system can be read.
pub fn with_system_certificates() -> io::Result<ClientBuilder> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        let why = found.errors.first().map_or_else(|| "there are none".to_owned(), ToString::to_string);
        return Err(io::Error::other(why));
    }
    with_roots(roots)
}

#[expect(clippy::disallowed_methods, reason = "this is the place that makes clients")]
fn with_roots(roots: RootCertStore) -> io::Result<ClientBuilder> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // A proxy in the environment is meant for programs that a person starts, and could read what this service sends.
    Ok(reqwest::Client::builder().tls_backend_preconfigured(config).no_proxy())
}
