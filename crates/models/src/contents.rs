//! What the first bytes of a file say that it is: a model of its kind, or a web page, a pointer, something
//! compressed. Must not know where the bytes come from, and cannot tell a good model from a bad one.

use crate::entries::Kind;

/// The largest file that is taken. No model that answers on a telephone comes near it.
pub(crate) const LARGEST: u64 = 64 << 30;

/// The largest file that is read as JSON: a voice's description has some kilobytes.
pub(crate) const LARGEST_JSON: u64 = 16 << 20;

/// How many of the first bytes are looked at.
pub(crate) const HEAD: usize = 512;

/// The form that a file must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A language model.
    Gguf,
    /// A recogniser, in whisper.cpp's format.
    Ggml,
    /// A network, as protocol buffers, which have no mark at their beginning.
    Onnx,
    /// A description.
    Json,
    /// Something else that goes with a model.
    Other,
}

impl Form {
    /// The form of a file of a model of this kind.
    pub(crate) fn of(kind: Kind, file: &str) -> Self {
        match kind {
            _ if file.ends_with(".json") => Self::Json,
            Kind::Recogniser if file.ends_with(".bin") => Self::Ggml,
            Kind::Language if file.ends_with(".gguf") => Self::Gguf,
            Kind::Voice if file.ends_with(".onnx") => Self::Onnx,
            Kind::Recogniser | Kind::Language | Kind::Voice => Self::Other,
        }
    }

    /// What is wrong with a file that begins with these bytes: all of them, or the first [`HEAD`].
    pub(crate) fn problem(self, head: &[u8]) -> Option<&'static str> {
        let begins = |with: &[u8]| head.starts_with(with);
        if head.is_empty() {
            return Some("it is empty");
        }
        if is_page(head) {
            return Some("it is a web page");
        }
        if begins(b"version https://git-lfs.github.com/spec/") {
            return Some("it is a pointer of Git LFS in place of the file itself");
        }
        if begins(&[0x1f, 0x8b]) || begins(b"PK\x03\x04") || begins(&[0x28, 0xb5, 0x2f, 0xfd]) {
            return Some("it is compressed");
        }
        match self {
            Self::Gguf if !begins(b"GGUF") => Some("this is no GGUF file: it does not begin with \"GGUF\""),
            // 0x67676d6c, little-endian.
            Self::Ggml if !begins(b"lmgg") => {
                Some("this is no ggml file of whisper.cpp: it does not begin with 0x67676d6c")
            }
            Self::Onnx if begins(b"GGUF") || begins(b"lmgg") || first(head) == Some(b'{') => {
                Some("this is no ONNX file")
            }
            Self::Json if first(head) != Some(b'{') => Some("this is no JSON object"),
            Self::Gguf | Self::Ggml | Self::Onnx | Self::Json | Self::Other => None,
        }
    }
}

/// The first byte that is no white space, behind a byte order mark if there is one.
fn first(head: &[u8]) -> Option<u8> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    head.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

/// Whether this is HTML, or XML as object stores write their errors.
fn is_page(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head).to_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    ["<!doctype", "<html", "<head", "<body", "<?xml", "<error", "<!--"]
        .iter()
        .any(|tag| text.starts_with(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_model_is_known_by_its_first_bytes() {
        for (kind, file, good) in [
            (Kind::Language, "a.gguf", &b"GGUF\x03\0\0\0"[..]),
            (Kind::Recogniser, "a.bin", b"lmgg\x99\xca\0\0"),
            (Kind::Voice, "a.onnx", b"\x08\x07\x12\x07pytorch"),
            (Kind::Voice, "a.onnx.json", b"\xef\xbb\xbf {\"audio\": 1}"),
            (Kind::Voice, "tokens.txt", b"_ 0\n"),
        ] {
            assert_eq!(Form::of(kind, file).problem(good), None, "{file}");
            for bad in
                [&b"<!DOCTYPE html><html>"[..], b" \n<html lang=en>", b"<?xml version='1.0'?><Error>", b""]
            {
                assert!(Form::of(kind, file).problem(bad).is_some(), "{file}");
            }
        }
        assert!(Form::Gguf.problem(b"GGU").unwrap().contains("no GGUF file"));
        assert!(Form::Ggml.problem(b"GGUF").unwrap().contains("no ggml file"));
        assert!(Form::Onnx.problem(b"{\"error\": 1}").unwrap().contains("no ONNX file"));
        assert!(Form::Json.problem(b"Entry not found").unwrap().contains("no JSON"));
        assert!(
            Form::Gguf.problem(b"version https://git-lfs.github.com/spec/v1\n").unwrap().contains("pointer")
        );
        assert!(Form::Json.problem(b"\x1f\x8b\x08").unwrap().contains("compressed"));
    }
}
