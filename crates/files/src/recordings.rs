//! Reads and writes the recordings that the user names: WAV files.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use offhook_core::audio::wav::{self, Clip, WavError};

/// Reads a WAV file.
///
/// # Errors
/// If the file does not exist, is not a WAV file, is of an unknown kind or is too long.
pub fn read(path: &Path) -> Result<Clip, WavError> {
    let (file, name) = open(path)?;
    wav::read(file, &name)
}

/// Reads the first channel of a WAV file: the caller's, in a recording of a call.
///
/// # Errors
/// As [`read`].
pub fn read_first_channel(path: &Path) -> Result<Clip, WavError> {
    let (file, name) = open(path)?;
    wav::read_first_channel(file, &name)
}

/// The file and its name.
fn open(path: &Path) -> Result<(BufReader<File>, String), WavError> {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => Ok((BufReader::new(file), name)),
        Err(cause) => Err(WavError::Io { name, cause }),
    }
}

/// Writes a 16-bit PCM WAV file, mono or stereo, as [`wav::encode`] makes it.
///
/// # Errors
/// If the file cannot be written, or is too long for the format (4 GiB).
pub fn write(path: &Path, rate: u32, channels: &[&[i16]]) -> Result<(), WavError> {
    let name = || path.display().to_string();
    let bytes = wav::encode(rate, channels).map_err(|cause| WavError::Encode { name: name(), cause })?;
    std::fs::write(path, bytes).map_err(|cause| WavError::Io { name: name(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_the_same() {
        let samples: Vec<i16> = (0..1_000).map(|n| (n * 31 % 65_536 - 32_768) as i16).collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wav");
        write(&path, 8_000, &[&samples]).unwrap();
        let clip = read(&path).unwrap();
        assert_eq!(offhook_core::audio::to_i16(&clip.samples), samples);
        assert_eq!(clip.i16_at(8_000).unwrap(), samples);
        assert_eq!(clip.at(16_000).unwrap().len(), 2_000);
    }

    #[test]
    fn of_a_call_the_first_channel_is_the_callers() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("call.wav");
        let (caller, agent) = ([1000i16; 800], [-500i16; 800]);
        write(&path, 8_000, &[&caller, &agent]).unwrap();
        let clip = read_first_channel(&path).unwrap();
        assert_eq!(offhook_core::audio::to_i16(&clip.samples), caller);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read(Path::new("no/such.wav")).unwrap_err().to_string();
        assert!(error.starts_with("no/such.wav: No such file"), "{error}");
    }
}
