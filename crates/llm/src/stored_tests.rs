//! Tests of model files that are written to while they are read, and afterwards.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use candle_core::quantized::GgmlDType;

use super::gguf::Gguf;
use super::kernels::Kernels;
use super::sequence::Sequence;
use super::test_model::{BYTES, CONTEXT, TestModel, kernels};
use super::value::GgufError;
use super::weights::Weights;

fn read(file: &Gguf) -> Result<Weights, String> {
    Weights::read(file, CONTEXT, 64 << 20, Kernels::new(kernels(), 1).unwrap())
        .map_err(|error| error.to_string())
}

/// Overwrites the whole file with zeros.
fn overwrite(path: &Path) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    file.write_all_at(&vec![0; usize::try_from(length).unwrap()], 0).unwrap();
    // The clock of a file system only ticks every few milliseconds.
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
}

fn cut(path: &Path) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(4096).unwrap();
}

/// Fault: a model's file that was copied over during calls ended the server (SIGBUS), or answered the calls
/// from both files.
#[test]
fn a_file_that_is_written_to_or_cut_short_changes_nothing_of_what_was_read() {
    for architecture in ["phi3", "gemma3"] {
        for kind in [GgmlDType::F32, GgmlDType::Q8_0, GgmlDType::Q4K] {
            for change in [overwrite, cut] {
                let (_folder, path) = TestModel::of(architecture, kind, 256, 512).write();
                let file = Gguf::open(&path).unwrap();
                let weights = Arc::new(read(&file).unwrap());
                let tokens: Vec<u32> = (BYTES..BYTES + 30).collect();
                let before = Sequence::new(Arc::clone(&weights)).extend(&tokens).unwrap();
                change(&path);
                let after = Sequence::new(weights).extend(&tokens).unwrap();
                assert_eq!(before, after, "{architecture}, {kind:?}");
            }
        }
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_refused() {
    for kind in [GgmlDType::F32, GgmlDType::Q8_0] {
        for change in [overwrite, cut] {
            let (_folder, path) = TestModel::of("gemma3", kind, 256, 512).write();
            let file = Gguf::open(&path).unwrap();
            change(&path);
            assert_eq!(read(&file).err().unwrap(), GgufError::Changed.to_string(), "{kind:?}");
        }
    }
}

#[test]
fn a_file_that_is_replaced_by_renaming_another_is_read_to_its_end() {
    let (folder, path) = TestModel::phi3(GgmlDType::Q8_0).write();
    let file = Gguf::open(&path).unwrap();
    let other = folder.path().join("other");
    std::fs::write(&other, "something else").unwrap();
    std::fs::rename(&other, &path).unwrap();
    assert!(read(&file).is_ok());
}
