//! Clients of HTTP, set up the same way everywhere. Must not know whom they ask.

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};

/// A client that follows no redirect: it would turn a POST into a GET, and the answer into some page with
/// status
/// 200.
pub fn builder() -> ClientBuilder {
    // Fails where a crypto provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(Policy::none()).user_agent(concat!("offhook/", env!("CARGO_PKG_VERSION")))
}
