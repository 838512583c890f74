//! `offhook top`: what a running server does, on a screen, as text, as JSON or as a picture. Must not know
//! how it is drawn.

use std::io::IsTerminal as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use reqwest::{Client, StatusCode};

use crate::cli::json;
use crate::cli::output::{noteln, out, outln};
use crate::config::{Admin, Config, secret_of};
use crate::runtime::http_client;
use crate::top::{Options, State, run as show, svg, text};

/// A server that takes longer to answer is in trouble, and the screen says so.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest state that is read, in bytes: 10,000 calls.
const LONGEST: usize = 8 << 20;

/// The longest reason of a refusal that is shown, in characters.
const LONGEST_REASON: usize = 200;

/// The width of text where no terminal says another.
const WIDTH: usize = 100;

/// The size of a picture, in characters.
const PICTURE: (u16, u16) = (120, 40);

/// Arguments of `offhook top`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The address of the server; by default that of the configuration, on this machine
    #[arg(value_name = "URL")]
    server: Option<String>,

    /// Where the administrators' token is: env:NAME or file:PATH; by default admin.token of the configuration
    #[arg(long, value_name = "SECRET")]
    token: Option<String>,

    /// Print the state once, as text, and end
    #[arg(long)]
    once: bool,

    /// Print the state once, as JSON
    #[arg(long, conflicts_with_all = ["once", "svg"])]
    json: bool,

    /// Draw the screen once, to an SVG file
    #[arg(long, value_name = "FILE", conflicts_with = "once")]
    svg: Option<PathBuf>,

    /// Seconds from one look to the next
    #[arg(long, value_name = "S", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=60))]
    every: u64,
}

impl Args {
    /// True if the server is named, so that no configuration is needed.
    #[must_use]
    pub fn names_a_server(&self) -> bool {
        self.server.is_some()
    }
}

/// Shows the server: the named one, or that of `config`.
///
/// # Errors
/// If the server cannot be asked, or the terminal fails.
pub fn run(args: &Args, config: Option<&Config>) -> anyhow::Result<ExitCode> {
    let server = Asked::new(args, config)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let is_screen = std::io::stdout().is_terminal() && !(args.once || args.json || args.svg.is_some());
    if is_screen {
        let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let options = Options { colour, every: Duration::from_secs(args.every) };
        let fetch = move || runtime.block_on(server.state()).map_err(|error| format!("{error:#}"));
        show(fetch, options)?;
        return Ok(ExitCode::SUCCESS);
    }
    let state = runtime.block_on(server.state())?;
    if let Some(file) = &args.svg {
        let (width, height) = PICTURE;
        std::fs::write(file, svg(&state, width, height)).with_context(|| file.display().to_string())?;
        noteln!("picture: {}", file.display());
    } else if args.json {
        outln!("{}", json::line(&state)?)?;
    } else {
        out!("{}", text(&state, WIDTH))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A server, and how it is asked.
struct Asked {
    client: Client,
    url: String,
    token: Option<String>,
}

impl Asked {
    fn new(args: &Args, config: Option<&Config>) -> anyhow::Result<Self> {
        let server = match (&args.server, config) {
            (Some(url), _) => url.clone(),
            (None, Some(config)) => of_config(config)?,
            (None, None) => bail!("name the address of the server, such as http://127.0.0.1:8080"),
        };
        let server = server.trim_end_matches('/');
        if !server.starts_with("http://") && !server.starts_with("https://") {
            bail!("{server}: expected the address of a server, such as http://127.0.0.1:8080");
        }
        // The token of a configuration is for its own server, and for no other.
        let own = config.filter(|_| args.server.is_none()).map(|config| &config.admin);
        let token = match (&args.token, own) {
            (Some(reference), _) => Some(first_of(reference)?),
            (None, Some(Admin::Bearer(token))) => Some(token.current().to_owned()),
            (None, Some(Admin::Nobody | Admin::Anybody) | None) => None,
        };
        let client = http_client::builder().timeout(PATIENCE).no_proxy().build()?;
        Ok(Self { client, url: format!("{server}/debug/state"), token })
    }

    async fn state(&self) -> anyhow::Result<State> {
        let mut request = self.client.get(&self.url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let unreachable = || {
            format!(
                "{}: no answer; is the server running, and does its certificate name that host?",
                self.url
            )
        };
        let mut answer = request.send().await.with_context(unreachable)?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED if self.token.is_some() => {
                bail!("{}: the token is not that of the server's admin.token", self.url)
            }
            StatusCode::UNAUTHORIZED => bail!(
                "{}: this is for administrators: set admin.token in the server's configuration, and name it here \
                 with --token env:NAME or file:PATH",
                self.url
            ),
            StatusCode::NOT_FOUND => bail!("{}: no offhook server answers there", self.url),
            other => {
                let why = answer.chunk().await.ok().flatten().unwrap_or_default();
                let why = String::from_utf8_lossy(&why);
                let why: String =
                    why.lines().next().unwrap_or_default().chars().take(LONGEST_REASON).collect();
                bail!("{}: the server answered {other}: {}", self.url, why.escape_debug());
            }
        }
        let mut body = Vec::new();
        let broken = || format!("{}: the answer broke off", self.url);
        while let Some(part) = answer.chunk().await.with_context(broken)? {
            body.extend_from_slice(&part);
            if body.len() > LONGEST {
                bail!("{}: the answer is longer than {LONGEST} bytes", self.url);
            }
        }
        let foreign = || format!("{}: not the state of an offhook server", self.url);
        let state: State = serde_json::from_slice(&body).with_context(foreign)?;
        // Every field has a default, for servers of other versions: any object could be read.
        (!state.version.is_empty()).then_some(state).with_context(foreign)
    }
}

/// The first secret that a reference names: of several, any is valid.
fn first_of(reference: &str) -> anyhow::Result<String> {
    let text = secret_of(reference, Path::new("")).map_err(|problem| anyhow!("--token: {problem}"))?;
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    first.map(str::to_owned).context("--token: there is no secret in it")
}

/// The address of the server of this configuration, from this machine.
fn of_config(config: &Config) -> anyhow::Result<String> {
    let server = &config.server;
    if server.port == 0 {
        bail!(
            "server.port is 0, so the server has any port: name its address, such as http://127.0.0.1:8080"
        );
    }
    let here = match server.bind {
        bind if !bind.is_unspecified() => bind,
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    let scheme = if server.tls.is_some() { "https" } else { "http" };
    Ok(format!("{scheme}://{}", SocketAddr::new(here, server.port)))
}
