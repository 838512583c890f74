//! Names of hosts, and name servers that lie.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use offhook_tools::{HttpOptions, HttpTool, Method, Network, ToolError};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde_json::json;

use crate::support::{asked, hasty, network};

/// Answers each look-up with the next of these lists.
struct Names {
    answers: Vec<Vec<&'static str>>,
    asked: AtomicUsize,
}

impl Resolve for Names {
    fn resolve(&self, _: Name) -> Resolving {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        let answer: Vec<SocketAddr> =
            self.answers[turn].iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect();
        Box::pin(async move { Ok(Box::new(answer.into_iter()) as Addrs) })
    }
}

async fn ask(answers: Vec<Vec<&'static str>>, private_addresses: bool) -> ToolError {
    let names = Arc::new(Names { answers, asked: AtomicUsize::new(0) });
    let hosts = ["api.example.com".to_owned()];
    let network = Network::looking_up(&hosts, private_addresses, names).unwrap();
    let options =
        HttpOptions { limits: hasty(), ..HttpOptions::new(Method::Get, "https://api.example.com:1/") };
    HttpTool::new(options, &network).unwrap().call(&asked(&json!({}))).await.unwrap_err()
}

#[tokio::test]
async fn a_name_with_a_private_address_is_refused_after_it_was_looked_up() {
    for address in ["127.0.0.1", "10.0.0.1", "192.168.1.1", "::1", "fd12::1", "100.64.0.1"] {
        let error = ask(vec![vec![address]], false).await;
        let ToolError::NotAllowed(why) = error else { panic!("{address}: {error:?}") };
        assert!(why.contains(&format!("api.example.com is at a private address ({address})")), "{why}");
    }
}

#[tokio::test]
async fn a_name_with_one_private_address_among_public_ones_is_refused() {
    assert!(matches!(ask(vec![vec!["1.1.1.1", "10.0.0.1"]], false).await, ToolError::NotAllowed(_)));
}

#[tokio::test]
async fn metadata_and_disguised_addresses_are_refused_whatever_is_allowed() {
    for address in ["169.254.169.254", "::ffff:127.0.0.1", "fe80::1", "224.0.0.1", "0.0.0.0", "fd00:ec2::254"]
    {
        let error = ask(vec![vec![address]], true).await;
        assert!(matches!(error, ToolError::NotAllowed(_)), "{address}: {error:?}");
    }
}

#[tokio::test]
async fn private_addresses_can_be_allowed() {
    let error = ask(vec![vec!["127.0.0.1"]], true).await;
    assert!(matches!(error, ToolError::Unreachable(_)), "nobody listens there: {error:?}");
}

#[tokio::test]
async fn a_second_look_up_is_judged_like_the_first() {
    let names = Arc::new(Names {
        answers: vec![vec!["127.0.0.1"], vec!["169.254.169.254"]],
        asked: AtomicUsize::new(0),
    });
    let hosts = ["api.example.com".to_owned()];
    let network = Network::looking_up(&hosts, true, names.clone()).unwrap();
    let options = HttpOptions::new(Method::Get, "https://api.example.com:1/");
    let tool = HttpTool::new(options, &network).unwrap();
    let first = tool.call(&asked(&json!({}))).await.unwrap_err();
    assert!(matches!(first, ToolError::Unreachable(_)), "{first:?}");
    assert_eq!(names.asked.load(Ordering::SeqCst), 1, "one look-up for one request");
    let second = tool.call(&asked(&json!({}))).await.unwrap_err();
    assert!(matches!(second, ToolError::NotAllowed(_)), "{second:?}");
}

#[tokio::test]
async fn localhost_is_refused_unless_private_addresses_are_allowed() {
    let options = HttpOptions::new(Method::Get, "https://localhost:1/");
    let tool = HttpTool::new(options.clone(), &network(&["localhost"], false)).unwrap();
    let error = tool.call(&asked(&json!({}))).await.unwrap_err();
    assert!(matches!(error, ToolError::NotAllowed(_)), "{error:?}");
    let bad =
        HttpTool::new(HttpOptions::new(Method::Get, "http://localhost:1/"), &network(&["localhost"], false));
    assert_eq!(bad.unwrap_err().key, "url");
    assert_eq!(HttpTool::new(options, &network(&["example.com"], true)).unwrap_err().key, "url");
}
