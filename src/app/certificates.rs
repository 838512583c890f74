//! The certificate and its key: read at startup, and again on request. Must not know the routes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::Tls;
use crate::files;

/// An error in the files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{key} = \"{}\": {error}", .path.display())]
    Unreadable {
        /// The key of the configuration.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// The file is not in PEM, or holds something else.
    #[error("{key} = \"{}\": allowed is a file in PEM with {allowed}", .path.display())]
    Wrong {
        /// The key of the configuration.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// The expected content.
        allowed: &'static str,
    },
    /// The certificate and the key do not match, or cannot be used.
    #[error("server.tls_certificate and server.tls_key: {0}")]
    Unusable(#[from] rustls::Error),
}

/// The files, and the TLS configuration in use.
#[derive(Debug, Clone)]
pub struct Certificates {
    files: Tls,
    in_use: Arc<Mutex<Arc<ServerConfig>>>,
}

impl Certificates {
    /// Reads the files.
    ///
    /// # Errors
    /// If a file is wrong; the error names it and the problem.
    pub fn load(files: &Tls) -> Result<Self, TlsError> {
        Ok(Self { files: files.clone(), in_use: Arc::new(Mutex::new(read(files)?)) })
    }

    /// The acceptor for the next connection.
    #[must_use]
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner).clone().into()
    }

    /// Reads the files again, for new connections. Open connections keep the old certificate.
    ///
    /// # Errors
    /// If a file is wrong. The configuration in use stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.read_again().map(|config| self.put_in_use(config))
    }

    /// Reads the files again, and changes nothing yet.
    ///
    /// # Errors
    /// If a file is wrong.
    pub(super) fn read_again(&self) -> Result<Arc<ServerConfig>, TlsError> {
        read(&self.files)
    }

    /// New connections get what was read.
    pub(super) fn put_in_use(&self, config: Arc<ServerConfig>) {
        *self.in_use.lock().unwrap_or_else(PoisonError::into_inner) = config;
    }
}

fn read(files: &Tls) -> Result<Arc<ServerConfig>, TlsError> {
    let (key, path) = ("server.tls_certificate", &files.certificate);
    let wrong = || TlsError::Wrong { key, path: path.clone(), allowed: "one or more certificates" };
    let pem = file(key, path)?;
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|_| wrong())?;
    if chain.is_empty() {
        return Err(wrong());
    }
    let (key, path) = ("server.tls_key", &files.key);
    let private = PrivateKeyDer::from_pem_slice(&file(key, path)?).map_err(|_| TlsError::Wrong {
        key,
        path: path.clone(),
        allowed: "one private key",
    })?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)?;
    // WebSockets begin with HTTP/1.1, and no other protocol is spoken here.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The longest file with certificates, in bytes. Real ones are a few kilobytes.
const LONGEST: u64 = 1 << 20;

fn file(key: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    files::read(path, LONGEST).map_err(|error| TlsError::Unreadable { key, path: path.to_owned(), error })
}
