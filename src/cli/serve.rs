//! `offhook serve`: answers calls until it is told to stop.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};

use super::preflight::{self, Opened};
use crate::app::App;
use crate::app::engines as start;
use crate::app::reload::Reload;
use crate::cli::output::outln;
use crate::config::{Config, ConfigError};
use crate::engine::llm::limit_threads;
use crate::http::listen::{self, Limits};
use crate::http::router;
use crate::runtime::reporter::Reporter;
use crate::runtime::socket::FAREWELL;
use crate::streams::dialect::Dialect;

/// Connections that the system takes before they are looked at. The usual 128 are full in a burst, and
/// who comes then waits a second or more.
const BACKLOG: u32 = 1024;

/// Arguments of `offhook serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Port to listen on instead of server.port; 0 takes a free one
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// To try a configuration out: listen on 127.0.0.1 only, without TLS, and check nobody who dials
    #[arg(long)]
    open: bool,

    /// For the program that starts this one: once calls are taken, a JSON object a line on standard output for every
    /// turn and every call that is over, with what was said
    #[arg(long)]
    reports: bool,
}

/// Serves until SIGTERM or SIGINT, then lets running calls finish.
///
/// # Errors
/// If the port is taken or a model cannot be loaded.
pub fn run(args: &Args, mut config: Config, path: Option<&Path>) -> anyhow::Result<ExitCode> {
    if args.open {
        config.open();
    }
    let mut findings = preflight::look(&config);
    for note in &findings.notes {
        tracing::warn!("{note}");
    }
    let problems = std::mem::take(&mut findings.problems);
    let opened = std::mem::take(&mut findings.opened);
    if !problems.is_empty() {
        let source =
            path.map_or_else(|| "that ships with offhook".to_owned(), |path| path.display().to_string());
        return Err(ConfigError { source, problems }.into());
    }
    if let Some(models) = findings.bad_models() {
        return Err(models.into());
    }
    // Before the first thread: candle takes its number of threads from the environment.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    limit_threads(config.llm.threads.min(cores));
    // Sockets and pacing need little: two threads keep one slow write from delaying another call.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("io")
        .enable_all()
        .build()?;
    let result = runtime.block_on(serve(args, config, opened, path));
    runtime.shutdown_timeout(Duration::from_secs(1));
    result.map(|()| ExitCode::SUCCESS)
}

async fn serve(args: &Args, config: Config, opened: Opened, path: Option<&Path>) -> anyhow::Result<()> {
    let mut signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut told_to_stop = async || {
        tokio::select! { _ = signals.0.recv() => (), _ = signals.1.recv() => () }
    };
    let wanted = SocketAddr::new(config.server.bind, args.port.unwrap_or(config.server.port));
    let Opened { models, certificates, provider_api } = opened;
    warn_of_the_open(&config);
    let listener = listen_on(wanted)
        .with_context(|| format!("cannot listen on {wanted}; another port can be given with --port"))?;
    let address = listener.local_addr()?;
    let config = Arc::new(config);
    let mut app = App::new(config.clone());
    if args.reports {
        app = app.followed_by(Arc::new(Reporter::to(std::io::stdout())?));
    }
    let limits = Limits { connections: config.server.max_connections, patience: config.server.start_timeout };
    let server = tokio::spawn(listen::serve(listener, router(app.clone()), limits, certificates.clone()));
    let reload = Reload { certificates, app: app.clone(), config: path.map(Path::to_owned) };
    tokio::spawn(app.clone().sum_up());
    tokio::spawn(reload.on_hangup(signal(SignalKind::hangup())?));

    let loading = tokio::task::spawn_blocking({
        let config = config.clone();
        move || start::start(&config, models, crate::runtime::clock::uptime())
    });
    tokio::select! {
        engines = loading => app.ready(engines??, provider_api),
        () = told_to_stop() => return Ok(()),
    }
    tracing::info!(%address, "ready");
    for (line, url) in to_dial(&config, address) {
        tracing::info!(line, "dial {url}");
    }
    // Who does not read it keeps the server from nothing, not even from its end.
    let stopped = tokio::select! {
        told = tokio::task::spawn_blocking(move || tell_address(address)) => { told??; false }
        () = told_to_stop() => true,
    };
    if !stopped {
        told_to_stop().await;
    }
    drain(&app, config.server.drain_timeout, told_to_stop).await;
    server.abort();
    app.sum_up_the_rest();
    Ok(())
}

/// What gateways dial, line by line: the public address, or what can be reached of this machine.
fn to_dial(config: &Config, address: SocketAddr) -> Vec<(&'static str, String)> {
    let scheme = if config.server.tls.is_some() { "wss" } else { "ws" };
    let url = |path: &str| match &config.lines.public_url {
        Some(url) => url.of(path),
        None if address.ip().is_unspecified() => format!("{scheme}://THIS-MACHINE:{}{path}", address.port()),
        None => format!("{scheme}://{address}{path}"),
    };
    let with_token = |line: &crate::config::Line| if line.tokens.is_some() { "/TOKEN" } else { "" };
    let of = |(dialect, line): (&Dialect, &crate::config::Line)| {
        (dialect.name(), url(&format!("/{}{}", dialect.name(), with_token(line))))
    };
    config.lines.taken.iter().map(of).collect()
}

fn listen_on(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A server that is started again takes its port back at once.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Says where it listens, for programs that wait for it.
///
/// # Errors
/// If whoever started the server has gone. What else may be wrong with the output is no reason to take no calls.
fn tell_address(address: SocketAddr) -> std::io::Result<()> {
    match outln!("listening on {address}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            tracing::warn!(%error, "nobody is told the address");
            Ok(())
        }
        told => told,
    }
}

/// What is allowed, and should be known.
fn warn_of_the_open(config: &Config) {
    if config.server.bind.is_loopback() {
        return;
    }
    for (dialect, _) in config.lines.taken.iter().filter(|(_, line)| line.checks.is_empty()) {
        tracing::warn!(line = dialect.name(), "anybody may start calls on this line");
    }
    if config.server.tls.is_none() {
        tracing::warn!("no TLS: credentials and voices can be read on the way, unless a proxy is in front");
    }
}

/// No new calls; running ones may end by themselves until the time is up or a second signal comes.
async fn drain(app: &App, patience: Duration, mut told_again: impl AsyncFnMut()) {
    app.registry().drain();
    let calls = app.registry().calls();
    tracing::info!(calls, ?patience, "draining");
    let all_ended = async {
        while app.registry().calls() > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = all_ended => {}
        () = tokio::time::sleep(patience) => tracing::warn!("some calls outlasted the drain and are ended"),
        () = told_again() => tracing::warn!("told to stop again: running calls are ended"),
    }
    app.stop_calls();
    // Each call says goodbye to its peer, and waits a moment for the answer.
    let all_parted = async {
        while !app.sockets_are_gone() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let _ = tokio::time::timeout(FAREWELL + Duration::from_secs(1), all_parted).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn dialled(text: &str, address: &str) -> Vec<String> {
        let config = parse(text, "test", Path::new("")).expect("a configuration");
        to_dial(&config, address.parse().expect("an address")).into_iter().map(|(_, url)| url).collect()
    }

    /// Fault: `serve` told its port and left it to its documents what a gateway dials.
    #[test]
    fn every_line_is_told_with_the_address_to_dial() {
        assert_eq!(
            dialled("[server]\nlines = [\"asterisk\"]", "127.0.0.1:8080"),
            ["ws://127.0.0.1:8080/asterisk"]
        );
        let public = "[server]\nlines = [\"twilio\"]\npublic_url = \"wss://voice.example.com\"\n\
                      [twilio]\ninsecure = true";
        assert_eq!(dialled(public, "127.0.0.1:8080"), ["wss://voice.example.com/twilio"]);
        let all = "[server]\nbind = \"0.0.0.0\"\nlines = [\"plivo\"]\n[plivo]\ninsecure = true";
        assert_eq!(dialled(all, "0.0.0.0:99"), ["ws://THIS-MACHINE:99/plivo"]);
    }
}
