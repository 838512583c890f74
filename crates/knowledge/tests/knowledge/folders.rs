//! What is read of a folder.

use std::fs;
use std::path::Path;

use offhook_knowledge::{FolderError, read_folder};

fn put(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn texts_are_read_by_name_and_other_files_are_told() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.md", "a/c.TXT", "d.pdf", ".git/e.md", "f", "g.Markdown"] {
        put(folder.path(), name, "words");
    }
    // As in a volume of Kubernetes.
    std::os::unix::fs::symlink(folder.path().join("b.md"), folder.path().join("h.md")).unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).unwrap();
    let read = read_folder(folder.path()).unwrap();
    let names: Vec<&str> = read.documents.iter().map(|document| document.name.as_str()).collect();
    assert_eq!(names, ["a/c.TXT", "b.md", "g.Markdown", "h.md"]);
    assert_eq!(read.skipped, ["d.pdf", "f"]);
}

#[test]
fn a_folder_that_cannot_be_used_is_refused_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |path: &Path| read_folder(path).unwrap_err().to_string();
    assert!(matches!(read_folder(folder.path()), Err(FolderError::Empty(_))));
    let missing = refused(&folder.path().join("missing"));
    assert!(missing.contains("missing cannot be read") && missing.contains(".md or .txt"), "{missing}");
    put(folder.path(), "a.md", [0xff, 0xfe]);
    assert_eq!(
        refused(folder.path()),
        "a.md cannot be read: it is not text (UTF-8); expected is a text in UTF-8"
    );
    assert!(matches!(read_folder(&folder.path().join("a.md")), Err(FolderError::NoFolder { .. })));
    put(folder.path(), "a.md", "words");
    put(folder.path(), "1/2/3/4/5/6/7/8/b.md", "words");
    assert!(matches!(read_folder(folder.path()), Err(FolderError::Deep(_))));
}

#[test]
fn a_folder_with_too_much_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "a.md", "w ".repeat(3 << 20));
    let long = read_folder(folder.path()).unwrap_err().to_string();
    assert!(long.contains("a.md cannot be read: it has more than 4194304 bytes"), "{long}");
    for file in 0..1_001 {
        put(folder.path(), &format!("{file}.txt"), "w");
    }
    assert!(matches!(read_folder(folder.path()), Err(FolderError::ManyFiles(_))));
}

#[test]
fn a_million_words_are_found_among() {
    let filler: String = (0..100_000).map(|n| format!("word{} stands here. ", n % 7_919)).collect();
    let mut documents: Vec<_> = (0..4).map(|n| (format!("{n}.txt"), filler.clone())).collect();
    documents.push(("last.md".to_owned(), "# Sauna\n\nThe sauna has 90 degrees.".to_owned()));
    let documents: Vec<_> = documents.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let much = crate::knowledge(&documents);
    assert!(much.passages().len() > 10_000);
    let offhook_knowledge::Found::Passages(found) = much.find("How hot is the sauna?").unwrap() else {
        unreachable!("nothing was found")
    };
    assert_eq!(found[0].source(), "last.md#Sauna");
}
