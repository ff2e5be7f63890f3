//! A self-signed certificate for `web.whatsapp.com`.

use crate::error::Error;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// The name the certificate is for.
const NAME: &str = "web.whatsapp.com";

/// The TLS identity of one simulator.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) spki_sha256_base64: String,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tls").field("spki_sha256_base64", &self.spki_sha256_base64).finish_non_exhaustive()
    }
}

impl Tls {
    pub(crate) fn new() -> Result<Self, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Certificate(error.to_string());
        let key = rcgen::KeyPair::generate().map_err(|e| failed(&e))?;
        let certificate = rcgen::CertificateParams::new(vec![NAME.to_owned(), "localhost".to_owned()])
            .and_then(|params| params.self_signed(&key))
            .map_err(|e| failed(&e))?;
        let spki = rcgen::PublicKeyData::subject_public_key_info(&key);
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| failed(&e))?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .map_err(|e| failed(&e))?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            spki_sha256_base64: STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, &spki)),
        })
    }
}
