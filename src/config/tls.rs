//! The certificate of the server and its key, as files. Must not know what is in them.

use std::path::Path;

use super::Tls;
use super::toml_reader::Reader;

/// Reads both keys: either alone is of no use.
pub(super) fn tls(r: &mut Reader, base: &Path) -> Option<Tls> {
    let mut file = |key: &str| {
        let itself = |text: &str| {
            let allowed = "the path of a PEM file; the contents of the file are not written here";
            is_key_itself(text).then(|| allowed.to_owned())
        };
        Some(r.text(key, "", itself)).filter(|path| !path.is_empty()).map(|path| base.join(path))
    };
    match (file("server.tls_certificate"), file("server.tls_key")) {
        (Some(certificate), Some(key)) => Some(Tls { certificate, key }),
        (None, None) => None,
        (Some(_), None) => {
            r.refuse("server.tls_key", "\"\"".into(), "the path of the certificate's key in PEM".into());
            None
        }
        (None, Some(_)) => {
            r.refuse(
                "server.tls_certificate",
                "\"\"".into(),
                "the path of the key's certificate in PEM".into(),
            );
            None
        }
    }
}

/// Whether the text is a certificate or a key itself, in the place of its path.
fn is_key_itself(text: &str) -> bool {
    let base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    text.contains("-----") || text.contains('\n') || (text.len() >= 100 && text.chars().all(base64))
}
