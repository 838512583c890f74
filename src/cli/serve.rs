//! `offhook serve`: answers calls until a signal stops it.

use std::io::{ErrorKind, IsTerminal as _};
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
use crate::app::config_file::ConfigFile;
use crate::app::engines as start;
use crate::app::foreseeing::foresight;
use crate::cli::output::outln;
use crate::config::{Config, ConfigError, Problem};
use crate::engine::faults::Faults;
use crate::engine::llm::limit_threads;
use crate::http::listen::{self, Limits};
use crate::http::router;
use crate::runtime::lookup::Lookup;
#[cfg(feature = "otlp")]
use crate::runtime::otlp::Traces;
use crate::runtime::records::Records;
use crate::runtime::reporter::Reporter;
use crate::runtime::socket::FAREWELL;
use crate::runtime::toolbox::Toolbox;
use crate::runtime::webhooks::Webhooks;
use crate::streams::dialect::Dialect;

/// Connections that the system queues before the server accepts them. A burst fills the usual 128; further
/// clients then wait a second or more.
const BACKLOG: u32 = 1024;

/// How long the last records may take at the end of the server.
const LAST_RECORDS: Duration = Duration::from_secs(10);

/// How long it may take to keep the last webhooks, and to end the requests that are on their way.
const LAST_WEBHOOKS: Duration = Duration::from_secs(3);

/// How long the last traces may take: a collector that is gone must not hold the server.
#[cfg(feature = "otlp")]
const LAST_TRACES: Duration = Duration::from_secs(3);

/// Arguments of `offhook serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Port to listen on instead of server.port; 0 picks a free one
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// For trying out a configuration: listen on 127.0.0.1 only, without TLS, and accept clients unchecked
    #[arg(long)]
    open: bool,

    /// For a program that starts this server: once calls are accepted, print a line with a JSON object on
    /// standard output for every finished turn and call, with the words that were said
    #[arg(long)]
    reports: bool,

    /// Keep no records, send no traces to a collector and no webhooks, whatever the configuration says
    #[arg(long)]
    unrecorded: bool,

    /// For measuring loads: generate every answer, also those that calls could share because they ask the
    /// same at the same time
    #[arg(long)]
    unshared: bool,

    /// Calls at once, instead of server.max_calls
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    max_calls: Option<u32>,

    /// For finding limits (`offhook bench calls`): take every call up to the most at once, however slow
    /// answers become
    #[arg(long)]
    take_all: bool,

    /// Let faults be injected into engines: those of debug.faults, and what administrators PUT to
    /// /debug/faults
    #[arg(long)]
    allow_faults: bool,

    /// For measuring loads (`offhook bench calls`): what callers say and what is answered comes from a
    /// script. With "words", the models compute all the same; with "everything", none is loaded
    #[arg(long, value_enum, value_name = "WHAT")]
    scripted: Option<Scripted>,
}

/// What comes from a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Scripted {
    Words,
    Everything,
}

/// Serves until SIGTERM or SIGINT, then lets running calls finish.
///
/// # Errors
/// If the configuration is invalid, the port is in use, or a model cannot be loaded.
pub fn run(args: &Args, mut config: Config, path: Option<&Path>) -> anyhow::Result<ExitCode> {
    if args.open {
        config.open();
    }
    if args.unrecorded {
        config.leave_no_records();
    }
    if let Some(most) = args.max_calls {
        config.server.max_calls = most as usize;
    }
    let mut findings = preflight::look(&config);
    if !config.faults.is_empty() && !args.allow_faults {
        let allowed =
            "faults are injected only if the command line allows it: add --allow-faults, or remove them";
        findings.problems.push(Problem::about("debug.faults", allowed.to_owned()));
    }
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
    if args.scripted == Some(Scripted::Everything) {
        findings.models.clear();
    }
    if let Some(models) = findings.bad_models() {
        return Err(models.into());
    }
    if !limit_threads(threads(&config)) {
        tracing::warn!("products that candle computes may take more threads than llm.threads says");
    }
    // Sockets and pacing need little time. A second thread keeps one slow write from delaying another call.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("io")
        .enable_all()
        .build()?;
    let result = runtime.block_on(serve(args, config, opened, path));
    runtime.shutdown_timeout(Duration::from_secs(1));
    result.map(|()| ExitCode::SUCCESS)
}

/// The threads of one step of the language model.
pub fn threads(config: &Config) -> usize {
    config.llm.threads.min(std::thread::available_parallelism().map_or(1, usize::from))
}

async fn serve(args: &Args, config: Config, opened: Opened, path: Option<&Path>) -> anyhow::Result<()> {
    let mut signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut told_to_stop = async || {
        tokio::select! { _ = signals.0.recv() => (), _ = signals.1.recv() => () }
    };
    let wanted = SocketAddr::new(config.server.bind, args.port.unwrap_or(config.server.port));
    let Opened { models, certificates, provider_api, library } = opened;
    warn_of_the_open(&config);
    let records = Records::open(&config.records)?.map(Arc::new);
    let listener = listen_on(wanted)
        .with_context(|| format!("cannot listen on {wanted}; give another port with --port"))?;
    let address = listener.local_addr()?;
    let config = Arc::new(config);
    let mut app = App::new(config.clone(), !args.take_all).configured_by(ConfigFile::new(path), library);
    if let Some(records) = &records {
        app = app.recorded_by(records.clone());
    }
    let webhooks = Webhooks::open(&config.webhooks)?.map(Arc::new);
    if let Some(webhooks) = &webhooks {
        app = app.notified_by(webhooks.clone());
    }
    app = app.asking(Lookup::open(&config.lookup)?);
    let toolbox = Arc::new(Toolbox::open(&config.tools)?);
    app = app.equipped_with(toolbox);
    #[cfg(feature = "otlp")]
    let traces = Traces::open(&config.otlp)?.map(Arc::new);
    #[cfg(feature = "otlp")]
    if let Some(traces) = &traces {
        app = app.followed_by(traces.clone());
    }
    if args.reports {
        app = app.followed_by(Arc::new(Reporter::to(std::io::stdout())?));
    }
    let foresight = foresight(&config)?;
    if let Some(foresight) = &foresight {
        app = app.followed_by(foresight.clone());
    }
    app = app.summarising().secured_by(certificates.clone());
    let limits = Limits { connections: config.server.max_connections, patience: config.server.start_timeout };
    let server = tokio::spawn(listen::serve(listener, router(app.clone()), limits, certificates));
    tokio::spawn(app.clone().sum_up());
    tokio::spawn(app.clone().watch_over());
    tokio::spawn(app.clone().reload_on(signal(SignalKind::hangup())?));

    let (scripted, unshared) = (args.scripted, args.unshared);
    if scripted.is_some() {
        tracing::warn!(
            "callers and answers speak from a script: this server is for measurements only (--scripted)"
        );
    }
    let faults = args.allow_faults.then(Faults::default);
    for (target, fault) in config.faults.iter().filter(|_| faults.is_some()) {
        faults.iter().for_each(|faults| faults.set(*target, Some(*fault)));
    }
    let loading = tokio::task::spawn_blocking({
        let config = config.clone();
        let (clock, counted) = (crate::runtime::clock::uptime(), app.engine_metrics());
        move || {
            let engines = match scripted {
                Some(Scripted::Everything) => start::without_models(&config, clock, &counted),
                Some(Scripted::Words) => {
                    start::start(&config, models, clock, &counted, faults).map(start::with_scripted_words)
                }
                None => start::start(&config, models, clock, &counted, faults),
            };
            let shared = |engines| start::sharing_answers(engines, &counted);
            let engines = if unshared { engines? } else { engines.map(shared)? };
            start::routing(start::caching_answers(engines, &config, &counted)?, &config)
        }
    });
    tokio::select! {
        engines = loading => app.ready(engines??, provider_api),
        () = told_to_stop() => return Ok(()),
    }
    tracing::info!(%address, "ready");
    if let Some(foresight) = foresight {
        tokio::spawn(app.clone().foresee(foresight));
    }
    for (line, url) in to_dial(&config, address) {
        tracing::info!(line, "dial {url}");
    }
    let page = page(&config, address);
    // A program that never reads the address blocks neither the server nor its shutdown.
    let mut unheard = None;
    let stopped = tokio::select! {
        told = tokio::task::spawn_blocking(move || tell_address(address, page)) => {
            unheard = told?.err();
            unheard.is_some()
        }
        () = told_to_stop() => true,
    };
    if !stopped {
        told_to_stop().await;
    }
    drain(&app, config.server.drain_timeout, told_to_stop).await;
    server.abort();
    app.sum_up_the_rest();
    if let Some(records) = records {
        tokio::task::spawn_blocking(move || records.close(LAST_RECORDS)).await?;
    }
    if let Some(webhooks) = webhooks {
        tokio::task::spawn_blocking(move || webhooks.close(LAST_WEBHOOKS)).await?;
    }
    #[cfg(feature = "otlp")]
    if let Some(traces) = traces {
        tokio::task::spawn_blocking(move || traces.close(LAST_TRACES)).await?;
    }
    unheard.map_or(Ok(()), |error| Err(error.into()))
}

/// The address that each gateway dials: the public one, or one at which this machine can be reached.
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
    // A restarted server can use its port again at once.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The address of the page to talk to the agent, if people at this machine may open it.
fn page(config: &Config, address: SocketAddr) -> Option<String> {
    let scheme = if config.server.tls.is_some() { "https" } else { "http" };
    let here = address.ip().is_loopback() && config.lines.public_url.is_none();
    (here && config.lines.taken.contains_key(&Dialect::Native)).then(|| format!("{scheme}://{address}/"))
}

/// Prints the address on which the server listens, for programs that wait for it; and to a person that of the
/// page to talk to the agent.
///
/// # Errors
/// If the program that started the server has gone. After any other error of the output, the server still
/// accepts calls.
fn tell_address(address: SocketAddr, page: Option<String>) -> std::io::Result<()> {
    let page = page.filter(|_| std::io::stdout().is_terminal());
    let told = page.map_or(Ok(()), |page| outln!("talk to the agent: {page}"));
    match told.and_then(|()| outln!("listening on {address}")) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            tracing::warn!(%error, "the address cannot be printed");
            Ok(())
        }
        told => told,
    }
}

/// Warns of settings that are allowed but open to abuse.
fn warn_of_the_open(config: &Config) {
    if config.server.bind.is_loopback() {
        return;
    }
    for (dialect, _) in config.lines.taken.iter().filter(|(_, line)| line.checks.is_empty()) {
        tracing::warn!(line = dialect.name(), "anybody may start calls through this provider");
    }
    if config.server.tls.is_none() {
        tracing::warn!("no TLS: credentials and voices can be read in transit, unless a proxy is in front");
    }
}

/// Accepts no new calls. Running ones may end by themselves, what is made of calls after their ends may be
/// made, and programs may get their answers, until `patience` is over or a second signal comes; then all is
/// ended.
async fn drain(app: &App, patience: Duration, mut told_again: impl AsyncFnMut()) {
    app.registry().drain();
    let calls = app.registry().calls();
    tracing::info!(calls, ?patience, "draining");
    let all_ended = async {
        let under_way = || app.errands() + app.summaries_to_make() + app.requests_under_way();
        while app.registry().calls() + under_way() > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = all_ended => {}
        () = tokio::time::sleep(patience) => tracing::warn!("the drain is over: running calls are ended"),
        () = told_again() => tracing::warn!("a second signal to stop: running calls are ended"),
    }
    app.stop_calls();
    // Each call sends its peer a close, and waits a moment for the answer.
    let all_parted = async {
        while !app.sockets_are_gone() || app.requests_under_way() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let _ = tokio::time::timeout(FAREWELL + Duration::from_secs(1), all_parted).await;
    app.make_no_more_summaries().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn dialled(text: &str, address: &str) -> Vec<String> {
        let config = parse(text, "test", Path::new("")).expect("a configuration");
        to_dial(&config, address.parse().expect("an address")).into_iter().map(|(_, url)| url).collect()
    }

    /// Fault: `serve` logged its port, but the address that a gateway dials was only in the documents.
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
