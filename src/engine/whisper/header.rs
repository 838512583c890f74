//! Checks a model file before whisper.cpp reads it. whisper.cpp trusts its input: a damaged file makes it
//! abort, divide by zero or allocate gigabytes. Knows the file format and nothing of its use.
//!
//! The format, from whisper.cpp's `whisper_model_load` and `convert-pt-to-ggml.py`: a magic number,
//! eleven sizes, the mel filters, the vocabulary, then tensors to the end of the file. All numbers are
//! 32-bit little-endian.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::RangeInclusive;
use std::path::Path;

use crate::engine::NO_SUCH_FILE;
use crate::files;

/// "ggml", as a number.
const MAGIC: u32 = 0x6767_6d6c;

/// The sizes in the header of the file, in order, with the values that whisper.cpp can use. The largest
/// Whisper (large-v3) has a vocabulary of 51,866, a width of 1,280, 20 heads and 32 layers.
const SIZES: [(&str, RangeInclusive<u32>); 11] = [
    // whisper.cpp has the numbers of the special tokens built in. Each number beyond them is a language; at
    // the hundred-and-first it throws an exception, which ends the process.
    ("vocabulary size", 51_864..=51_866),
    ("audio context", 1..=3_000),
    ("audio width", 1..=4_096),
    ("audio heads", 1..=64),
    ("audio layers", 1..=64),
    // The prompt takes half of it and a few tokens. If there is no room for these few, whisper.cpp writes
    // beyond the end.
    ("text context", 64..=4_096),
    ("text width", 1..=4_096),
    ("text heads", 1..=64),
    ("text layers", 1..=64),
    ("mel bands", 80..=128),
    ("weight type", 0..=9_999),
];

/// The number of points of the spectrum in the mel filters: 400 samples make 201.
const SPECTRUM: u32 = 201;

/// The longest entry of the vocabulary, in bytes.
const MAX_WORD: u32 = 1_024;

/// The longest name of a tensor, in bytes.
const MAX_NAME: u32 = 256;

/// The types of weights: number, bytes of a block, elements of a block. From ggml's type table.
const TYPES: [(u32, u64, u64); 12] = [
    (0, 4, 1),
    (1, 2, 1),
    (2, 18, 32),
    (3, 20, 32),
    (6, 22, 32),
    (7, 24, 32),
    (8, 34, 32),
    (10, 84, 256),
    (11, 110, 256),
    (12, 144, 256),
    (13, 176, 256),
    (14, 210, 256),
];

/// The numbers of the file types that whisper.cpp knows (f32, f16 and its quantisations), modulo 1000, with
/// the elements of a block. Rows that are not whole blocks make it abort, or read beyond their end.
const FILE_TYPES: [(u32, u32); 12] = [
    (0, 1),
    (1, 1),
    (2, 32),
    (3, 32),
    (7, 32),
    (8, 32),
    (9, 32),
    (10, 256),
    (11, 256),
    (12, 256),
    (13, 256),
    (14, 256),
];

/// The vocabulary size of weights that know only English. Multilingual ones have one token more for 99
/// languages, and one more for each further language.
const ENGLISH_VOCABULARY: u32 = 51_864;

/// Checks a file from its first to its last byte, without reading the weights. Returns the number of
/// languages that it knows, 0 for English only.
///
/// # Errors
/// The problem with the file, for a person to read.
pub(super) fn check(path: &Path) -> Result<usize, String> {
    let file = files::open(path).map_err(|e| {
        let missing = e.kind() == io::ErrorKind::NotFound;
        if missing { NO_SUCH_FILE.to_owned() } else { format!("it cannot be opened: {e}") }
    })?;
    let metadata = file.metadata().map_err(|e| format!("it cannot be read: {e}"))?;
    if metadata.len() == 0 {
        return Err("it is empty".to_owned());
    }
    check_input(BufReader::new(file), metadata.len())
}

/// As [`check`], for any input of `length` bytes that is read from its beginning.
pub(super) fn check_input(input: impl Read + Seek, length: u64) -> Result<usize, String> {
    let mut reader = Reader { input, at: 0, length };
    let languages = reader.head()?;
    reader.tensors()?;
    Ok(languages)
}

struct Reader<R> {
    input: R,
    at: u64,
    length: u64,
}

impl<R: Read + Seek> Reader<R> {
    /// Returns the number of languages.
    fn head(&mut self) -> Result<usize, String> {
        if self.number("magic number")? != MAGIC {
            return Err("it is not a Whisper model in whisper.cpp's GGML format".to_owned());
        }
        let mut sizes = [0; SIZES.len()];
        for ((name, range), size) in SIZES.iter().zip(&mut sizes) {
            *size = self.number(name)?;
            if !range.contains(size) {
                return Err(format!("its {name} is {size}, not {} to {}", range.start(), range.end()));
            }
        }
        let [vocabulary, _, audio_width, audio_heads, _, _, text_width, text_heads, _, mels, file_type] =
            sizes;
        if audio_width != text_width {
            return Err(format!("its audio width is {audio_width} and its text width {text_width}"));
        }
        if !audio_width.is_multiple_of(audio_heads) || !text_width.is_multiple_of(text_heads) {
            return Err(format!("its width of {audio_width} cannot be divided among its heads"));
        }
        let Some((_, block)) = FILE_TYPES.iter().find(|(number, _)| *number == file_type % 1_000) else {
            return Err(format!("its weights are of an unknown type, {file_type}"));
        };
        if !audio_width.is_multiple_of(*block) {
            return Err(format!(
                "its width of {audio_width} is not a multiple of {block}, the block size of its weights"
            ));
        }
        let filters = (self.number("mel filters")?, self.number("mel filters")?);
        if filters != (mels, SPECTRUM) {
            return Err(format!(
                "its mel filters are {} by {}, not {mels} by {SPECTRUM}",
                filters.0, filters.1
            ));
        }
        self.skip(u64::from(mels) * u64::from(SPECTRUM) * 4, "mel filters")?;
        let words = self.number("vocabulary")?;
        if words > vocabulary {
            return Err(format!("its vocabulary has {words} entries, more than {vocabulary}"));
        }
        for _ in 0..words {
            let length = self.number("vocabulary")?;
            if length > MAX_WORD {
                return Err(format!("an entry of its vocabulary is {length} bytes long"));
            }
            self.skip(length.into(), "vocabulary")?;
        }
        // whisper.cpp's `is_multilingual` and `num_languages`.
        let languages =
            if vocabulary == ENGLISH_VOCABULARY { 0 } else { vocabulary - ENGLISH_VOCABULARY + 98 };
        Ok(languages as usize)
    }

    fn tensors(&mut self) -> Result<(), String> {
        if self.at == self.length {
            return Err("it has a header but no weights (a file for format tests?)".to_owned());
        }
        while self.at < self.length {
            let dimensions = self.number("weights")?;
            let name_length = self.number("weights")?;
            let kind = self.number("weights")?;
            if !(1..=4).contains(&dimensions) || name_length > MAX_NAME {
                return Err("its weights are damaged".to_owned());
            }
            let Some((_, bytes, elements)) = TYPES.iter().find(|t| t.0 == kind) else {
                return Err(format!("some of its weights are of an unknown type, {kind}"));
            };
            let mut count = 1_u64;
            for _ in 0..dimensions {
                let size = self.number("weights")?;
                count = count.saturating_mul(size.into());
            }
            self.skip(name_length.into(), "weights")?;
            self.skip(count.div_ceil(*elements).saturating_mul(*bytes), "weights")?;
        }
        Ok(())
    }

    fn number(&mut self, part: &str) -> Result<u32, String> {
        let mut bytes = [0; 4];
        self.input.read_exact(&mut bytes).map_err(|e| {
            let ended = e.kind() == io::ErrorKind::UnexpectedEof;
            if ended { cut_short(part) } else { format!("it cannot be read: {e}") }
        })?;
        self.at += 4;
        Ok(u32::from_le_bytes(bytes))
    }

    fn skip(&mut self, bytes: u64, part: &str) -> Result<(), String> {
        let end = self.at.saturating_add(bytes);
        if end > self.length {
            return Err(cut_short(part));
        }
        // Words are a few bytes long, so most of these reads stay within the buffer of the reader.
        if bytes < 4_096 {
            let skipped = io::copy(&mut self.input.by_ref().take(bytes), &mut io::sink());
            skipped.map_err(|e| format!("it cannot be read: {e}"))?;
        } else {
            self.input.seek(SeekFrom::Start(end)).map_err(|e| format!("it cannot be read: {e}"))?;
        }
        self.at = end;
        Ok(())
    }
}

fn cut_short(part: &str) -> String {
    format!("it is cut short, in its {part}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// A header of the right shape, with a vocabulary of two.
    fn head() -> Vec<u8> {
        let mut numbers = vec![MAGIC, 51_864, 1_500, 192, 3, 4, 448, 192, 3, 2, 80, 1, 80, SPECTRUM];
        numbers.extend([0; 80 * 201]);
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        bytes.extend([2, 0, 0, 0, 1, 0, 0, 0, b'a', 2, 0, 0, 0, b'b', b'c']);
        bytes
    }

    /// A tensor of three by two 16-bit floats.
    fn tensor() -> Vec<u8> {
        let mut bytes: Vec<u8> = [2_u32, 1, 1, 3, 2].iter().flat_map(|n| n.to_le_bytes()).collect();
        bytes.extend([b'w'; 13]);
        bytes
    }

    fn look(bytes: &[u8]) -> Result<usize, String> {
        check_input(Cursor::new(bytes), bytes.len() as u64)
    }

    #[test]
    fn a_whole_file_passes() {
        assert_eq!(look(&[head(), tensor(), tensor()].concat()), Ok(0));
    }

    #[test]
    fn the_vocabulary_tells_the_languages() {
        for (vocabulary, languages) in [(51_864_u32, 0), (51_865, 99), (51_866, 100)] {
            let mut bytes = [head(), tensor()].concat();
            bytes[4..8].copy_from_slice(&vocabulary.to_le_bytes());
            assert_eq!(look(&bytes), Ok(languages));
        }
    }

    #[test]
    fn a_head_without_weights_is_told_apart() {
        assert_eq!(look(&head()).unwrap_err(), "it has a header but no weights (a file for format tests?)");
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        let whole = [head(), tensor()].concat();
        for length in (0..60).chain(head().len() - 20..whole.len()) {
            assert!(look(&whole[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn every_size_out_of_range_is_named() {
        for (n, (name, _)) in SIZES.iter().enumerate() {
            let mut bytes = [head(), tensor()].concat();
            bytes[4 + n * 4..8 + n * 4].copy_from_slice(&u32::MAX.to_le_bytes());
            let problem = look(&bytes).unwrap_err();
            assert!(problem.contains(name), "{problem}");
        }
    }

    #[test]
    fn sizes_that_end_the_process_within_whisper_cpp_are_refused() {
        // The place of a size in the file, and a value that whisper.cpp cannot use there: a language without
        // a name, a context that is too short for any prompt, rows that are not whole blocks.
        for (at, value, problem) in [
            (1, 51_867, "vocabulary size is 51867"),
            (6, 1, "text context is 1,"),
            (11, 10, "width of 192 is not a multiple of 256"),
        ] {
            let mut bytes = [head(), tensor()].concat();
            bytes[at * 4..at * 4 + 4].copy_from_slice(&u32::to_le_bytes(value));
            let said = look(&bytes).unwrap_err();
            assert!(said.contains(problem), "{said}");
        }
    }

    #[test]
    fn nonsense_behind_a_good_head_is_refused() {
        for (at, value) in [(0, 9), (0, 0), (4, 1_000), (8, 5), (8, 99), (12, u32::MAX)] {
            let mut tensor = tensor();
            tensor[at..at + 4].copy_from_slice(&value.to_le_bytes());
            assert!(look(&[head(), tensor].concat()).is_err(), "{value} at {at}");
        }
    }
}
