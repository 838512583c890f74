//! The certificate and its key: read at startup, and again on request. Must not know the routes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::Tls;
use crate::files;

/// The key of the configuration that names the file with the certificates.
const CERTIFICATE: &str = "server.tls_certificate";

/// The one that names the file with the private key.
const KEY: &str = "server.tls_key";

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
    /// No certificate in use can be made of them: they do not match, or one of them cannot be used.
    #[error("server.tls_certificate and server.tls_key: {0}")]
    Unusable(#[from] rustls::Error),
}

impl TlsError {
    /// The keys of the configuration that are at fault.
    pub(crate) fn keys(&self) -> Vec<&'static str> {
        match self {
            Self::Unreadable { key, .. } | Self::Wrong { key, .. } => vec![key],
            Self::Unusable(_) => vec![CERTIFICATE, KEY],
        }
    }
}

/// The files, and the TLS configuration in use.
#[derive(Debug, Clone)]
pub struct Certificates {
    files: Tls,
    in_use: Arc<Mutex<Arc<ServerConfig>>>,
    /// Held from reading the files to taking over what they say: of two who read, the later one has the last
    /// word.
    reading: Arc<Mutex<()>>,
}

/// Files that were read again, and are not in use yet. Until then, nobody else reads them.
#[derive(Debug)]
pub(super) struct Fresh<'a> {
    certificates: &'a Certificates,
    config: Arc<ServerConfig>,
    _alone: MutexGuard<'a, ()>,
}

impl Fresh<'_> {
    /// New connections get what was read.
    pub(super) fn put_in_use(self) {
        *self.certificates.in_use.lock().unwrap_or_else(PoisonError::into_inner) = self.config;
    }
}

impl Certificates {
    /// Reads the files.
    ///
    /// # Errors
    /// If a file is wrong; the error names it and the problem.
    pub fn load(files: &Tls) -> Result<Self, TlsError> {
        let in_use = Arc::new(Mutex::new(read(files)?));
        Ok(Self { files: files.clone(), in_use, reading: Arc::default() })
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
        self.read_again().map(Fresh::put_in_use)
    }

    /// Reads the files again, and changes nothing yet. It waits while somebody else reads them.
    ///
    /// # Errors
    /// If a file is wrong.
    pub(super) fn read_again(&self) -> Result<Fresh<'_>, TlsError> {
        let alone = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Fresh { certificates: self, config: read(&self.files)?, _alone: alone })
    }
}

fn read(files: &Tls) -> Result<Arc<ServerConfig>, TlsError> {
    let (key, path) = (CERTIFICATE, &files.certificate);
    let wrong = || TlsError::Wrong { key, path: path.clone(), allowed: "one or more certificates" };
    let pem = file(key, path)?;
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|_| wrong())?;
    if chain.is_empty() {
        return Err(wrong());
    }
    let (key, path) = (KEY, &files.key);
    let wrong = |allowed| TlsError::Wrong { key, path: path.clone(), allowed };
    let private = PrivateKeyDer::from_pem_slice(&file(key, path)?).map_err(|_| wrong("one private key"))?;
    let provider = ring::default_provider();
    // Before it meets the certificates, so that a key of no known kind is told as the key's fault.
    provider
        .key_provider
        .load_private_key(private.clone_key())
        .map_err(|_| wrong("one private key for RSA, ECDSA or Ed25519"))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use rcgen::generate_simple_self_signed;
    use tempfile::TempDir;

    use super::*;

    fn renew(folder: &TempDir) {
        let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(folder.path().join("certificate.pem"), made.cert.pem()).unwrap();
        fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    }

    fn loaded() -> (TempDir, Certificates) {
        let folder = TempDir::new().unwrap();
        renew(&folder);
        let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| folder.path().join(name));
        let certificates = Certificates::load(&Tls { certificate, key }).unwrap();
        (folder, certificates)
    }

    /// Fault: an operator's reload had read the files, SIGHUP took over newer ones, and then the operator's
    /// came into use.
    #[test]
    fn of_two_who_read_the_files_the_later_one_has_the_last_word() {
        let (folder, certificates) = loaded();
        let earlier = certificates.read_again().unwrap();
        let read = Arc::clone(&earlier.config);
        renew(&folder);
        std::thread::scope(|scope| {
            let later = scope.spawn(|| certificates.reload().unwrap());
            std::thread::sleep(Duration::from_millis(50));
            assert!(!later.is_finished(), "it waits until the earlier one is in use");
            earlier.put_in_use();
            later.join().unwrap();
        });
        assert!(!Arc::ptr_eq(&certificates.in_use.lock().unwrap(), &read));
    }

    #[test]
    fn the_file_at_fault_is_told_by_its_key() {
        let (folder, certificates) = loaded();
        let path = |name: &str| folder.path().join(name);
        let right = fs::read(path("key.pem")).unwrap();
        let at_fault = || certificates.read_again().unwrap_err().keys();
        fs::write(path("key.pem"), "no key").unwrap();
        assert_eq!(at_fault(), ["server.tls_key"]);
        fs::write(path("key.pem"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
        assert_eq!(at_fault(), ["server.tls_key"]);
        fs::remove_file(path("key.pem")).unwrap();
        assert_eq!(at_fault(), ["server.tls_key"]);
        fs::write(path("key.pem"), right).unwrap();
        fs::copy(path("certificate.pem"), path("before.pem")).unwrap();
        fs::write(path("certificate.pem"), "no certificate").unwrap();
        assert_eq!(at_fault(), ["server.tls_certificate"]);
        fs::copy(path("before.pem"), path("certificate.pem")).unwrap();
        let other = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(path("key.pem"), other.signing_key.serialize_pem()).unwrap();
        assert_eq!(at_fault(), ["server.tls_certificate", "server.tls_key"]);
    }
}
