//! Whether the bytes of an ONNX file are well formed: no field is longer than what it lies in, and nothing is
//! nested without end. The library that reads such files trusts both. Must not know voices.

/// How deep messages may be nested. A voice has eight levels, with its conditional parts.
const DEEPEST: usize = 32;

/// The messages of the format whose fields are read (onnx.proto).
#[derive(Debug, Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Sequence,
    Shape,
    /// A message that contains no other.
    Plain,
}

impl Message {
    /// The message in a field; `None` if it is a text, bytes or numbers, or is not read.
    const fn within(self, field: u64) -> Option<Self> {
        match (self, field) {
            (Self::Model, 7) | (Self::Attribute, 6 | 11) => Some(Self::Graph),
            (Self::Model, 8 | 14) | (Self::Graph, 16) | (Self::Node, 9) | (Self::Tensor, 13 | 16) => {
                Some(Self::Plain)
            }
            (Self::Graph, 1) => Some(Self::Node),
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) => Some(Self::Tensor),
            (Self::Graph, 11..=13) => Some(Self::ValueInfo),
            (Self::Node, 5) => Some(Self::Attribute),
            (Self::ValueInfo, 2) | (Self::Attribute, 14 | 15) | (Self::Sequence, 1) => Some(Self::Type),
            (Self::Type, 1) => Some(Self::TensorType),
            (Self::Type, 4) => Some(Self::Sequence),
            (Self::TensorType, 2) => Some(Self::Shape),
            (Self::Shape, 1) => Some(Self::Plain),
            _ => None,
        }
    }
}

/// Checks the bytes of a file.
///
/// # Errors
/// What is wrong with them, for people.
pub(super) fn check(file: &[u8]) -> Result<(), String> {
    walk(Message::Model, file, 0)
        .ok_or_else(|| "it is not an ONNX model, or is cut off or damaged: get it anew".to_owned())
}

/// `None` if a field does not fit into the bytes of its message.
fn walk(message: Message, mut bytes: &[u8], depth: usize) -> Option<()> {
    if depth > DEEPEST {
        return None;
    }
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        match tag & 7 {
            0 => drop(varint(&mut bytes)?),
            1 => bytes = bytes.get(8..)?,
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let (content, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                if let Some(inner) = message.within(tag >> 3) {
                    walk(inner, content, depth + 1)?;
                }
            }
            5 => bytes = bytes.get(4..)?,
            _ => return None,
        }
    }
    Some(())
}

/// A number in groups of seven bits, the lowest first.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for place in 0..10 {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f).checked_shl(7 * place)?;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).expect("a short field");
        [&[number << 3 | 2, length], content].concat()
    }

    #[test]
    fn a_field_that_is_longer_than_its_message_is_damage() {
        let node = field(1, &field(4, b"Ceil"));
        assert!(check(&field(7, &node)).is_ok());
        for cut in 1..node.len() {
            assert!(check(&field(7, &node[..cut])).is_err(), "{cut}");
        }
        // A length of 2^63, with which the library went backwards for ever, and one of 2^40.
        for length in [[0xff; 9].as_slice(), &[0x80, 0x80, 0x80, 0x80, 0x80, 0x20]] {
            let file = [&[0x12], length, &[0x01]].concat();
            assert!(check(&file).is_err());
        }
    }

    #[test]
    fn graphs_within_graphs_without_end_are_damage() {
        let mut graph = Vec::new();
        for _ in 0..20 {
            let inner = [&[6 << 3 | 2], length(graph.len()).as_slice(), &graph].concat();
            let node = [&[5 << 3 | 2], length(inner.len()).as_slice(), &inner].concat();
            graph = [&[1 << 3 | 2], length(node.len()).as_slice(), &node].concat();
        }
        assert!(check(&[&[7 << 3 | 2], length(graph.len()).as_slice(), &graph].concat()).is_err());
    }

    fn length(length: usize) -> Vec<u8> {
        vec![(length & 0x7f) as u8 | 0x80, (length >> 7) as u8]
    }

    proptest! {
        #[test]
        fn any_bytes_are_checked_in_the_end(bytes: Vec<u8>) {
            let _ = check(&bytes);
        }
    }
}
