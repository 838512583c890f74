//! Where requests may go: which hosts, and which addresses behind their names. A name is looked up once, its
//! addresses are judged, and the connection is opened to just these: no second answer of a name server can
//! differ. Must not know what is asked.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use url::{Host, Url};

use crate::addresses::{Reach, reach};
use crate::error::BadTool;

/// Which hosts may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Allowed {
    Host(String),
    /// `*.example.com`, kept as `.example.com`.
    Below(String),
}

/// Where requests may go, and the connections there. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Network {
    hosts: Vec<Allowed>,
    private_addresses: bool,
    client: Client,
}

impl Network {
    /// Only these hosts: exact names or addresses (`api.example.com`, `127.0.0.1`, `[::1]`), or all names
    /// below one (`*.example.com`, which is not `example.com` itself).
    ///
    /// `private_addresses` also lets them be at addresses of this machine and of its network. Without it,
    /// such addresses are refused after a name was looked up, and so are hosts of which only some are.
    /// Link-local and multicast addresses, disguised ones (IPv4 within IPv6) and the metadata services of
    /// clouds are refused in any case.
    ///
    /// # Errors
    /// If a host is none, or the certificates that are trusted cannot be loaded.
    pub fn new(hosts: &[String], private_addresses: bool) -> Result<Self, BadTool> {
        Self::looking_up(hosts, private_addresses, Arc::new(System))
    }

    /// Only the host of this address.
    ///
    /// # Errors
    /// If the address is none, or as [`new`](Self::new).
    pub fn of_address(url: &str, private_addresses: bool) -> Result<Self, BadTool> {
        // Placeholders stand in the path and the query, where braces do no harm.
        let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let host =
            host.ok_or_else(|| BadTool::new("url", "is none, such as `https://shop.example/orders`"))?;
        Self::new(&[host], private_addresses)
    }

    /// As [`new`](Self::new), with names looked up by somebody else than the system. The answers are judged
    /// all the same.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn looking_up(
        hosts: &[String],
        private_addresses: bool,
        names: Arc<dyn Resolve>,
    ) -> Result<Self, BadTool> {
        let hosts = hosts.iter().map(|host| allowed(host)).collect::<Result<_, _>>()?;
        // Fails where a crypto provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .user_agent(concat!("offhook/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Judged { names, private_addresses }))
            .build()
            .map_err(|error| BadTool::new("network", format!("cannot be set up: {error}")))?;
        Ok(Self { hosts, private_addresses, client })
    }

    /// The client for requests to addresses that were checked. It asks no proxy and follows no redirect.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Whether a request may go to this address, as far as it can be told before its name is looked up.
    pub(crate) fn check(&self, url: &Url) -> Result<(), String> {
        let Some(host) = url.host() else {
            return Err("the address has no host".to_owned());
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the address holds a name or a password, which belong into a header".to_owned());
        }
        let here = is_this_machine(&host) && self.private_addresses;
        match url.scheme() {
            "https" => {}
            "http" if here => {}
            "http" => {
                return Err(format!(
                    "{host} would be asked without encryption (http), which is only for this machine, with \
                     private addresses allowed; use https"
                ));
            }
            other => return Err(format!("{other} is no scheme for requests; use https")),
        }
        let address = match host {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        };
        if let Some(address) = address {
            judge(&host.to_string(), &[SocketAddr::new(address, 0)], self.private_addresses)
                .map_err(|error| error.to_string())?;
        }
        let name = host.to_string();
        let name = name.trim_end_matches('.');
        let is_allowed = self.hosts.iter().any(|allowed| match allowed {
            Allowed::Host(host) => host == name,
            Allowed::Below(end) => name.strip_suffix(end.as_str()).is_some_and(|rest| !rest.is_empty()),
        });
        if is_allowed { Ok(()) } else { Err(format!("{name} is not among the hosts that may be asked")) }
    }
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => is_localhost(name),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// `localhost` and the names below it (RFC 6761).
fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

fn allowed(text: &str) -> Result<Allowed, BadTool> {
    let wrong = |why: &str| {
        BadTool::new(
            "hosts",
            format!("has {text:?}, {why}; expected a host such as api.example.com, or *.example.com"),
        )
    };
    let below = text.strip_prefix("*.");
    let host = Host::parse(below.unwrap_or(text)).map_err(|_| wrong("which is no host"))?;
    let name = host.to_string();
    let name = name.trim_end_matches('.');
    if name.contains('*') {
        return Err(wrong("with a * in another place than before the first dot"));
    }
    match (below, host) {
        (None, _) => Ok(Allowed::Host(name.to_owned())),
        (Some(_), Host::Domain(_)) if name.contains('.') => Ok(Allowed::Below(format!(".{name}"))),
        (Some(_), _) => Err(wrong("which allows more than the names of one domain")),
    }
}

/// A host is at an address where no request may go.
#[derive(Debug, thiserror::Error)]
#[error("{host} is at {what}, where no tool may ask{advice}")]
pub(crate) struct Forbidden {
    host: String,
    what: String,
    advice: &'static str,
}

/// All addresses of a host must be allowed: one that is public and private at once is no accident.
fn judge(host: &str, addresses: &[SocketAddr], private_addresses: bool) -> Result<(), Forbidden> {
    let only_loopback = is_localhost(host);
    for address in addresses {
        let ip = address.ip();
        let (what, advice) = match reach(ip) {
            Reach::Public if !only_loopback => continue,
            Reach::Loopback if private_addresses => continue,
            Reach::Private if private_addresses && !only_loopback => continue,
            Reach::Public | Reach::Private if only_loopback => ("an address of another machine", ""),
            Reach::Loopback | Reach::Private => {
                ("a private address", " unless private addresses are allowed")
            }
            Reach::Public | Reach::Never => ("a link-local, reserved or disguised address", ""),
        };
        return Err(Forbidden { host: host.to_owned(), what: format!("{what} ({ip})"), advice });
    }
    Ok(())
}

/// Looks names up, and hands on only what is allowed.
struct Judged {
    names: Arc<dyn Resolve>,
    private_addresses: bool,
}

impl Resolve for Judged {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let (found, private_addresses) = (self.names.resolve(name), self.private_addresses);
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = found.await?.collect();
            judge(&host, &addresses, private_addresses)?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The system's own look-up.
struct System;

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The refusal within an error of the client, if that is why it failed.
pub(crate) fn forbidden<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Forbidden> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(forbidden) = error.downcast_ref::<Forbidden>() {
            return Some(forbidden);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(hosts: &[&str], private_addresses: bool) -> Network {
        Network::new(&hosts.map_to_strings(), private_addresses).unwrap()
    }

    trait Strings {
        fn map_to_strings(&self) -> Vec<String>;
    }

    impl Strings for [&str] {
        fn map_to_strings(&self) -> Vec<String> {
            self.iter().map(|&host| host.to_owned()).collect()
        }
    }

    fn says(network: &Network, url: &str) -> String {
        network.check(&Url::parse(url).unwrap()).err().unwrap_or_default()
    }

    #[test]
    fn only_allowed_hosts_are_asked() {
        let network = network(&["api.example.com", "*.example.org", "Bücher.example", "1.1.1.1"], false);
        for url in [
            "https://api.example.com/x",
            "https://API.example.com.:8443/",
            "https://a.b.example.org/",
            "https://xn--bcher-kva.example/",
            "https://1.1.1.1/",
        ] {
            assert_eq!(says(&network, url), "", "{url}");
        }
        for url in [
            "https://example.com/",
            "https://xapi.example.com/",
            "https://api.example.com.evil.example/",
            "https://example.org/",
            "https://evilexample.org/",
            "https://8.8.8.8/",
        ] {
            assert!(says(&network, url).contains("not among the hosts"), "{url}: {}", says(&network, url));
        }
    }

    #[test]
    fn addresses_in_disguise_are_seen_through() {
        let hosts = ["127.0.0.1", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1"];
        let open = network(&hosts, false);
        for url in ["https://0x7f.1/", "https://2130706433/", "https://[::ffff:7f00:1]/", "https://10.0.0.1/"]
        {
            assert!(says(&open, url).contains("where no tool may ask"), "{url}: {}", says(&open, url));
        }
        let private = network(&hosts, true);
        assert_eq!(says(&private, "https://10.0.0.1/"), "");
        assert_eq!(says(&private, "http://127.0.0.1:8000/"), "");
        for url in ["https://169.254.169.254/latest", "https://[::ffff:127.0.0.1]/"] {
            assert!(says(&private, url).contains("where no tool may ask"), "{url}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        let private = network(&["localhost", "10.0.0.1", "api.example.com"], true);
        assert_eq!(says(&private, "http://localhost:8000/"), "");
        for url in ["http://10.0.0.1/", "http://api.example.com/", "ftp://api.example.com/"] {
            assert!(says(&private, url).contains("use https"), "{url}");
        }
        assert!(says(&network(&["localhost"], false), "http://localhost/").contains("use https"));
        assert!(says(&private, "https://a:b@api.example.com/").contains("password"));
    }

    #[test]
    fn a_host_that_allows_too_much_is_refused() {
        for host in
            ["*", "*.com", "a.*.example.com", "", "https://a.example", "a b", "*.127.0.0.1", "**.example.com"]
        {
            let error = Network::new(&[host.to_owned()], false).unwrap_err();
            assert_eq!(error.key, "hosts", "{host}");
        }
    }

    #[test]
    fn localhost_is_nowhere_else() {
        let at = |address: &str| [SocketAddr::new(address.parse().unwrap(), 0)];
        assert!(judge("localhost", &at("127.0.0.1"), true).is_ok());
        assert!(judge("localhost", &at("10.0.0.1"), true).is_err());
        assert!(judge("a.localhost", &at("1.1.1.1"), true).is_err());
        assert!(judge("localhost", &at("127.0.0.1"), false).is_err());
    }
}
