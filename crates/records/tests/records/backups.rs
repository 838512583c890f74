//! Backups and what they are good for.

use offhook_records::{BackupError, Filter, ManifestError, RestoreError, Store, VERSION, backup, restore};

use super::support::*;

#[test]
fn a_backup_is_made_while_a_server_writes_and_is_restored_whole() {
    let place = place();
    let recorder = place.recorder();
    (0..50).for_each(|n| whole_call(&recorder, &format!("c{n}"), START + n));
    assert!(recorder.flush(LONG));
    let config = place.folder.path().join("config.toml");
    std::fs::write(&config, "[server]").unwrap();
    let to = place.folder.path().join("saved/one");
    let manifest = backup(&place.file, &to, Some(&config), START).unwrap();
    assert_eq!((manifest.calls, manifest.version, manifest.made_at), (50, VERSION, START));
    whole_call(&recorder, "later", START + 99);
    // A server has it open.
    assert!(matches!(restore(&to, &place.file, true).unwrap_err(), RestoreError::InUse(_)));
    assert!(recorder.close(LONG));
    let error = restore(&to, &place.file, false).unwrap_err();
    assert!(matches!(error, RestoreError::NotEmpty { calls: 51, .. }), "{error}");
    assert_eq!(place.list().len(), 51);
    let restored = restore(&to, &place.file, true).unwrap();
    assert_eq!((restored.calls, restored.config), (50, Some(to.join("config.toml"))));
    assert_eq!(place.list().len(), 50);
    assert_eq!(place.call("c7").turns.len(), 2);
    // The server goes on with it.
    let recorder = place.recorder();
    whole_call(&recorder, "again", START + 100);
    assert!(recorder.close(LONG));
    assert_eq!(place.list().len(), 51);
}

#[test]
fn a_backup_replaces_nothing_and_a_failed_one_leaves_nothing() {
    let place = place();
    drop(place.recorder());
    let to = place.folder.path().join("there");
    std::fs::create_dir(&to).unwrap();
    assert!(matches!(backup(&place.file, &to, None, START).unwrap_err(), BackupError::Exists(_)));
    let to = place.folder.path().join("new");
    let missing = place.folder.path().join("no.toml");
    assert!(matches!(backup(&place.file, &to, Some(&missing), START).unwrap_err(), BackupError::Io { .. }));
    assert!(matches!(backup(&missing, &to, None, START).unwrap_err(), BackupError::Open(_)));
    let left: Vec<_> =
        std::fs::read_dir(place.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn no_other_user_reads_a_backup() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = place();
    drop(place.recorder());
    let to = place.folder.path().join("saved");
    backup(&place.file, &to, None, START).unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&to), 0o700);
    for entry in std::fs::read_dir(&to).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn a_backup_that_was_changed_is_refused() {
    let place = place();
    let recorder = place.recorder();
    whole_call(&recorder, "c", START);
    assert!(recorder.close(LONG));
    let to = place.folder.path().join("saved");
    backup(&place.file, &to, None, START).unwrap();
    let (new, database) = (place.folder.path().join("new/calls.db"), to.join("calls.db"));
    let bytes = std::fs::read(&database).unwrap();
    let mut other = bytes.clone();
    *other.last_mut().unwrap() ^= 1;
    std::fs::write(&database, other).unwrap();
    let error = restore(&to, &new, false).unwrap_err();
    assert!(matches!(error, RestoreError::Manifest(ManifestError::Changed(_))), "{error}");
    assert!(!new.exists());
    std::fs::write(&database, bytes).unwrap();
    assert_eq!(restore(&to, &new, false).unwrap().calls, 1);
    // A list that names a file elsewhere.
    let list = to.join("manifest.json");
    let text = std::fs::read_to_string(&list).unwrap();
    std::fs::write(&list, text.replace("calls.db", "../calls.db")).unwrap();
    assert!(matches!(
        restore(&to, &new, true).unwrap_err(),
        RestoreError::Manifest(ManifestError::Changed(_))
    ));
    std::fs::write(&list, text.replace("\"offhook_backup\": 1", "\"offhook_backup\": 9")).unwrap();
    assert!(matches!(
        restore(&to, &new, true).unwrap_err(),
        RestoreError::Manifest(ManifestError::Newer { .. })
    ));
    std::fs::write(&list, "{").unwrap();
    assert!(matches!(
        restore(&to, &new, true).unwrap_err(),
        RestoreError::Manifest(ManifestError::NoManifest { .. })
    ));
    let nothing = place.folder.path().join("nothing");
    let error = restore(&nothing, &new, true).unwrap_err().to_string();
    assert!(error.contains("name the folder that a backup made"), "{error}");
}

#[test]
fn a_backup_of_a_newer_program_is_refused() {
    let place = place();
    drop(place.recorder());
    let to = place.folder.path().join("saved");
    backup(&place.file, &to, None, START).unwrap();
    let list = to.join("manifest.json");
    let text = std::fs::read_to_string(&list).unwrap();
    let newer = VERSION + 1;
    let version = |version: u32| format!("\"version\": {version}");
    std::fs::write(&list, text.replace(&version(VERSION), &version(newer))).unwrap();
    let error = restore(&to, &place.file, true).unwrap_err();
    assert!(matches!(error, RestoreError::Newer { found } if found == newer), "{error}");
}

#[test]
fn a_damaged_database_is_replaced_only_with_force() {
    let place = place();
    let recorder = place.recorder();
    whole_call(&recorder, "c", START);
    assert!(recorder.close(LONG));
    let to = place.folder.path().join("saved");
    backup(&place.file, &to, None, START).unwrap();
    std::fs::write(&place.file, "rubbish").unwrap();
    assert!(matches!(restore(&to, &place.file, false).unwrap_err(), RestoreError::Open(_)));
    assert_eq!(std::fs::read(&place.file).unwrap(), b"rubbish");
    assert_eq!(restore(&to, &place.file, true).unwrap().calls, 1);
    assert_eq!(Store::open(&place.file).unwrap().list(&Filter::default()).unwrap().len(), 1);
}
