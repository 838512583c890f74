//! `[otlp]`: where traces of calls are sent. Must not know how they are sent.

use std::path::Path;

use super::secrets::secret;
use super::toml_reader::Reader;
use crate::access::Secret;

/// `[otlp]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otlp {
    /// The address of the collector; `None` sends nothing.
    pub endpoint: Option<String>,
    /// A header of every request, as "Name: value".
    pub header: Option<Secret>,
    /// Whether words, numbers and custom data are sent.
    pub words: bool,
}

/// Reads the section.
pub(super) fn otlp(r: &mut Reader, base: &Path) -> Otlp {
    let address = |text: &str| {
        let usable = text.is_empty() || text.starts_with("http://") || text.starts_with("https://");
        (!usable).then(|| "the address of a collector, such as \"http://localhost:4318\"".to_owned())
    };
    let endpoint = Some(r.text("otlp.endpoint", "", address)).filter(|endpoint| !endpoint.is_empty());
    if endpoint.is_some() && !cfg!(feature = "otlp") {
        r.refuse(
            "otlp.endpoint",
            String::new(),
            "\"\": this program was built without the feature otlp".to_owned(),
        );
    }
    let header = secret(r, base, "otlp.header");
    if header.as_ref().is_some_and(|header| !header.current().contains(':')) {
        r.refuse(
            "otlp.header",
            "(hidden)".to_owned(),
            "a file or variable with \"Name: value\" in it".to_owned(),
        );
    }
    Otlp { endpoint, header, words: r.switch("otlp.words", false) }
}
