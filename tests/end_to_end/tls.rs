//! TLS as users have it: a certificate from files, replaced while the server runs.

use std::fs;
use std::path::Path;
use std::process::Output;

use rcgen::generate_simple_self_signed;

use crate::support::server::{Configuration, Server, configured, offhook, root, run, text};

/// Writes a new certificate for this machine into the folder of the configuration.
fn renew(folder: &Path) {
    let made = generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    fs::write(folder.join("certificate.pem"), made.cert.pem()).unwrap();
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
}

fn secured() -> Configuration {
    let keys = [("server.tls_certificate", "\"certificate.pem\""), ("server.tls_key", "\"key.pem\"")];
    let configuration = configured(&keys, &[]);
    renew(configuration.path.parent().unwrap());
    configuration
}

/// Asks one question over TLS, as a caller who trusts this certificate.
fn call(server: &Server, trusted: &Path) -> Output {
    let port = server.address.rsplit(':').next().unwrap();
    offhook()
        .args(["call", "--json", "--record", "/dev/null", "--url", &format!("wss://localhost:{port}/twilio")])
        .arg(root().join("models/demo/callers/1.wav"))
        .env("SSL_CERT_FILE", trusted)
        .output()
        .unwrap()
}

#[test]
fn a_call_over_tls_is_answered_and_the_certificate_can_be_replaced_meanwhile() {
    let configuration = secured();
    let folder = configuration.path.parent().unwrap();
    let server = Server::start(&configuration);
    let first = folder.join("first.pem");
    fs::copy(folder.join("certificate.pem"), &first).unwrap();
    let output = call(&server, &first);
    assert!(output.status.success(), "{}", text(&output.stderr));

    renew(folder);
    server.hang_up_signal();
    // The signal takes a moment; until then, the server shows the old certificate.
    let renewed = (0..20).any(|_| call(&server, &folder.join("certificate.pem")).status.success());
    assert!(renewed);
    let output = call(&server, &first);
    assert!(text(&output.stderr).contains("certificate"), "{}", text(&output.stderr));
}

#[test]
fn a_certificate_that_is_none_is_told_by_its_key() {
    let configuration = secured();
    let folder = configuration.path.parent().unwrap();
    let serve = || run(&["serve", "--port", "0", "--config", &configuration.path.display().to_string()], "");
    fs::write(folder.join("key.pem"), "no key").unwrap();
    let output = serve();
    let told = text(&output.stderr);
    assert!(told.contains("server.tls_key") && told.contains("one private key"), "{told}");
    fs::remove_file(folder.join("certificate.pem")).unwrap();
    let output = serve();
    assert!(text(&output.stderr).contains("server.tls_certificate"), "{}", text(&output.stderr));
}
