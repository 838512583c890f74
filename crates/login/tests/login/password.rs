//! Passwords and their hashes.

use offhook_login::{BadHash, BadPassword, PasswordHash};

const RIGHT: &str = "correct horse battery";

fn hash(password: &str, salt: u8) -> String {
    PasswordHash::line_for(password, [salt; 16]).expect("a password")
}

#[test]
fn a_hash_knows_its_password_and_no_other() {
    let line = hash(RIGHT, 1);
    assert!(line.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{line}");
    let kept = PasswordHash::parse(&format!("{line}\n")).expect("a hash");
    assert!(kept.is_of(RIGHT));
    for wrong in ["", "correct horse batterY", "correct horse battery ", &line, &"x".repeat(2000)] {
        assert!(!kept.is_of(wrong), "{wrong}");
    }
    assert_ne!(line, hash(RIGHT, 2), "the salt is in it");
    assert_eq!(format!("{kept:?}"), "PasswordHash(…)");
}

/// From the tests of the reference implementation in C (phc-winner-argon2, src/test.c).
#[test]
fn a_hash_of_another_program_is_taken() {
    let kept = PasswordHash::parse(REFERENCE).expect("a hash");
    assert!(kept.is_of("password") && !kept.is_of("differentpassword"));
}

const REFERENCE: &str =
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

#[test]
fn a_password_that_can_be_guessed_or_not_be_typed_is_refused() {
    let refused = |password: &str| PasswordHash::line_for(password, [0; 16]).unwrap_err();
    assert_eq!(refused(""), BadPassword::Short);
    assert_eq!(refused("elevenchars"), BadPassword::Short);
    // Characters count, not bytes.
    assert_eq!(refused("äöüäöüäöüäö"), BadPassword::Short);
    assert_eq!(refused("twelve\tcharacters"), BadPassword::Control);
    assert_eq!(refused(&"x".repeat(1025)), BadPassword::Long);
    assert!(refused("short").to_string().contains("at least 12 characters"));
}

#[test]
fn what_is_no_hash_is_told_without_repeating_it() {
    let refused = |text: &str| PasswordHash::parse(text).unwrap_err();
    for text in ["", RIGHT, "$argon2id", "$2b$12$abcdefghijklmnopqrstuuW", "$argon2id$v=19$m=x$a$b"] {
        let told = refused(text);
        assert!(told.to_string().contains("offhook config password"), "{text}: {told}");
        assert!(!told.to_string().contains("horse"));
    }
    let good = hash(RIGHT, 1);
    assert_eq!(refused(&good.replace("argon2id", "argon2i")), BadHash::Kind);
    assert_eq!(refused(&good.replace("v=19", "v=16")), BadHash::Kind);
    assert_eq!(refused(good.rsplit_once('$').expect("parts").0), BadHash::Kind, "without a hash");
    // A verification would take four gigabytes.
    assert_eq!(refused(&good.replace("m=19456", "m=4194304")), BadHash::Costly);
    assert_eq!(refused(&good.replace("t=2", "t=4000000")), BadHash::Costly);
}
