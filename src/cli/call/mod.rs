//! `offhook call`: calls a server as a telephone gateway would, plays the caller, measures the answers and
//! writes a recording. Without an address, it starts the server itself, as a child process. Knows the server
//! only through its sockets and, if it started the server, through its reports.

mod background_callers;
pub(super) mod server;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use tokio::signal::unix::{SignalKind, signal};
use tokio_tungstenite::tungstenite::http::HeaderMap;
use tokio_util::sync::CancellationToken;

use crate::cli::output::noteln;
use crate::config::secret_of;
use crate::files::recordings;
use crate::ids::CallId;
use crate::phone::dial::{Dialled, Outcome, Report};
use crate::phone::gateways::Gateway;
use crate::phone::headers::Header;
use crate::phone::result::CallResult;
use crate::phone::script::Line;
use crate::phone::scripted_caller::{Patience, Turn};
use crate::phone::{dial, gateways, headers, picture, result, script, signing, terminal};
use crate::units::PHONE_RATE;
use background_callers::BackgroundCallers;
use server::Server;

/// The folder of recordings without `--record`.
const CALLS: &str = "calls";

/// Calls a server as a telephone gateway would, plays WAV files to it and measures its answers.
///
/// Exit code 1 if a turn got no answer, or if the server broke the gateway's protocol. Ctrl-C hangs up;
/// everything said until then counts.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What the caller says, one file per turn; any rate, mono or stereo. Without files, the caller plays the
    /// shipped conversation.
    #[arg(value_name = "WAV")]
    files: Vec<PathBuf>,

    /// Server to call, such as ws://HOST:PORT/twilio. Without it, the command starts a server for this call.
    #[arg(long)]
    url: Option<String>,

    /// The gateway to simulate: its messages, its buffer, its marks, its oddities. Without it, the gateway
    /// that the path of the address names (/vonage, ...), else Twilio.
    #[arg(long, value_name = "NAME")]
    gateway: Option<Gateway>,

    /// Sample rate of the call, in Hz: 8000, or 16000 or 24000 as linear audio where the gateway has it.
    /// twilio and offhook have only 8000; plivo and asterisk do not have 24000.
    #[arg(long, value_name = "HZ")]
    rate: Option<u32>,

    /// A header of the upgrade request, such as 'Authorization: Bearer abc', for servers that check their
    /// clients; may be given more than once. Its value is not shown.
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = Header::given)]
    headers: Vec<Header>,

    /// Sign the upgrade request as Twilio or Plivo does, with the account's auth token: "env:NAME" reads it
    /// from an environment variable, "file:PATH" from a file.
    #[arg(long, value_name = "SECRET", requires = "url")]
    sign: Option<String>,

    /// The address to sign (server.public_url with the provider's path), if it differs from --url.
    #[arg(long, value_name = "URL", requires = "sign")]
    signed_url: Option<String>,

    /// Where to write the recording, a stereo WAV with the caller on the left and the agent on the right.
    /// Without it: calls/CALL-ID.wav.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,

    /// Where to write a picture of the call, an SVG: both voices over time, the latency of each answer by
    /// stages, and the words. Any browser shows it.
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,

    /// Print one JSON object instead of the conversation.
    #[arg(long)]
    json: bool,

    /// Silence of the agent after which the caller speaks, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 700, value_parser = clap::value_parser!(u32).range(100..=10_000))]
    gap: u32,

    /// How long the caller waits for an answer, in seconds.
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=300))]
    timeout: u32,

    /// Let the caller barge in: instead of waiting for the end of an answer, they say their next line this
    /// many milliseconds after its first sound. They hear out the greeting and the last answer.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(0..=60_000))]
    interrupt_after: Option<u32>,

    /// Number of further callers that call the server at the same time, each in its own process. They say the
    /// same lines again and again, hear the agent out, and end with this call.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=16))]
    beside: u8,
}

impl Args {
    fn patience(&self) -> Patience {
        let samples = |ms: u32| (ms * (PHONE_RATE / 1000)) as usize;
        Patience {
            gap: samples(self.gap),
            timeout: samples(self.timeout * 1000),
            interrupt_after: self.interrupt_after.map(samples),
        }
    }

    /// The gateway to simulate.
    fn gateway(&self) -> Gateway {
        let by_path = || self.url.as_deref().map_or(Gateway::Twilio, Gateway::of_url);
        self.gateway.unwrap_or_else(by_path)
    }

    /// Starts the callers beside this one, through the same kind of gateway.
    fn beside(&self, url: &str) -> anyhow::Result<BackgroundCallers> {
        BackgroundCallers::start(self.beside, url, &self.for_others(), &self.files)
    }

    /// The options that the callers beside this one share.
    fn for_others(&self) -> Vec<String> {
        let own = [("gap", self.gap), ("timeout", self.timeout)];
        let numbers = own.into_iter().chain(self.rate.map(|rate| ("rate", rate)));
        let mut options: Vec<String> = numbers.map(|(name, number)| format!("--{name}={number}")).collect();
        options.push(format!("--gateway={}", self.gateway().name()));
        options.extend(self.headers.iter().map(|header| format!("--header={}", header.as_str())));
        options.extend(self.sign.iter().map(|secret| format!("--sign={secret}")));
        options.extend(self.signed_url.iter().map(|url| format!("--signed-url={url}")));
        options
    }
}

/// Makes the call and prints its result. `config` is for a server that this command starts. Exit code 1 if a
/// turn got no answer or the server broke the protocol; if the server does not start, its exit code.
pub fn run(args: Args, config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let dialled = |url: &&str| url.starts_with("ws://") || url.starts_with("wss://");
    if let Some(url) = args.url.as_deref().filter(|url| !dialled(url)) {
        bail!("--url {url}: the address must begin with ws:// or wss://");
    }
    let line = gateways::Line::new(args.gateway(), args.rate)?;
    let mut headers = headers::checked(&args.headers)?;
    if let (Some(secret), Some(url)) = (&args.sign, args.signed_url.as_ref().or(args.url.as_ref())) {
        let secret = secret_of(secret, Path::new("")).map_err(|problem| anyhow!("--sign: {problem}"))?;
        let signing = signing::Signing { gateway: line.gateway, secret: &secret, url };
        signing::sign(signing, &gateways::token(), &mut headers)?;
    }
    let lines = script::load(&args.files)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(started(&args, (line, &headers), lines, config))
}

/// Calls the server at the address, or one that it starts.
async fn started(
    args: &Args,
    (line, headers): (gateways::Line, &HeaderMap),
    lines: Vec<Line>,
    config: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    let mut stop = Box::pin(stop_signal()?);
    if let Some(url) = &args.url {
        return called(args, lines, &Dialled { url, line, headers }, None, stop).await;
    }
    noteln!("starting a server and loading its models (--url calls a running one)…");
    let starting = tokio::select! {
        starting = Server::start(config) => starting,
        () = &mut stop => return Ok(ExitCode::FAILURE),
    };
    let server = match starting {
        Ok(server) => server,
        Err(error) => return error.exit_code(),
    };
    let url = format!("ws://{}{}", server.address(), line.gateway.path());
    let code = called(args, lines, &Dialled { url: &url, line, headers }, Some(&server), stop).await;
    server.stop().await?;
    code
}

async fn called(
    args: &Args,
    lines: Vec<Line>,
    dialled: &Dialled<'_>,
    server: Option<&Server>,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<ExitCode> {
    let unread = CancellationToken::new();
    let stop = async {
        tokio::select! { () = stop => {}, () = unread.cancelled() => {} }
    };
    let names: Vec<String> = lines.iter().map(|line| line.name.clone()).collect();
    // A reply that may be interrupted is over once the caller's next line has been heard.
    let behind = if args.interrupt_after.is_some() { 2 } else { 1 };
    let mut display =
        Display { on: !args.json, names: &names, shown: 0, behind, greeted: false, printed: Ok(()) };
    let beside = args.beside(dialled.url)?;
    // If the gateway's protocol carries no reports, a server of our own prints them on its standard output.
    let own = server.filter(|_| !dialled.line.reports());
    let mut outcome = dial::call(dialled, lines, args.patience(), stop, &mut |turns, reports| {
        match own {
            None => display.progress(turns, reports),
            Some(server) if args.beside == 0 => display.progress(turns, &told(server, None)),
            // With callers beside, the name of this call is known only at its end.
            Some(_) => {}
        }
        // If the reader has gone or writing fails, the call is ended in order before the command exits.
        if display.printed.is_err() {
            unread.cancel();
        }
    })
    .await?;
    if let Some(server) = own {
        let id = CallId::new(&outcome.call_id);
        outcome.summary = server.summary_of(id.as_str()).await;
        outcome.reports = told(server, Some(id.as_str()));
        outcome.reported = outcome.summary.is_some();
    }
    outcome.leave_out_what_was_stopped();
    let left = beside.stop().await;
    if left < usize::from(args.beside) {
        noteln!("only {left} of {} callers beside took part until the end of this call", args.beside);
    }
    let result = finished(&outcome, dialled.line.gateway, args.record.as_deref())?;
    if let Some(path) = &args.picture {
        make_folder(path)?;
        let drawn = picture::draw(&result, &outcome);
        std::fs::write(path, drawn).with_context(|| path.display().to_string())?;
    }
    if args.json {
        writeln!(crate::cli::output::stdout(), "{}", serde_json::to_string(&result)?)?;
    } else {
        display.rest(&outcome);
        display.printed?;
        print(&terminal::summary(&result, &outcome))?;
        if let Some(path) = &args.picture {
            print(&format!("picture: {}\n", path.display()))?;
        }
    }
    if args.json {
        for way in &result.violations {
            noteln!("the server broke the protocol: {way}");
        }
    }
    for turn in result.turns.iter().filter(|turn| turn.v2v_ms.is_none()) {
        let name = names.get(turn.turn - 1).map_or("", String::as_str);
        let said = turn.turn <= outcome.turns.len();
        let what = if said { "got no answer" } else { "was never said: the call had ended before" };
        noteln!("turn {} ({name}) {what}", turn.turn);
    }
    if result.unanswered() == 0 && result.violations.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(log) = server.map(Server::log).filter(|log| !log.is_empty()) {
        noteln!("the end of the server's log:\n{log}");
    }
    Ok(ExitCode::FAILURE)
}

/// The reports of our own server on a call, or on the only one.
fn told(server: &Server, call: Option<&str>) -> Vec<Report> {
    let ours = |told: &server::Told| call.is_none_or(|call| told.call == call);
    let turns = server.reports().into_iter().filter(ours).filter_map(|told| told.turn);
    // The time of arrival is unknown; the report itself holds the end of the caller's speech.
    turns.map(|turn| Report { at: usize::MAX, turn }).collect()
}

/// Writes the recording and assembles the result.
fn finished(outcome: &Outcome, gateway: Gateway, record: Option<&Path>) -> anyhow::Result<CallResult> {
    let path = match record {
        Some(path) => path.to_owned(),
        // The id came over the wire, so it must not lead out of the folder.
        None => Path::new(CALLS).join(format!("{}.wav", CallId::new(&outcome.call_id))),
    };
    make_folder(&path)?;
    recordings::write(&path, PHONE_RATE, &[&outcome.caller, &outcome.agent])?;
    Ok(CallResult::of(outcome, gateway, path.display().to_string()))
}

/// Creates the folder of a file.
fn make_folder(file: &Path) -> anyhow::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    Ok(())
}

/// Prints the conversation during the call, each turn once its answer is over.
struct Display<'a> {
    on: bool,
    /// The names of the caller's lines.
    names: &'a [String],
    shown: usize,
    /// The number of later turns that must have begun before a turn is over.
    behind: usize,
    greeted: bool,
    /// Nothing is printed after the first error.
    printed: io::Result<()>,
}

impl Display<'_> {
    fn progress(&mut self, turns: &[Turn], reports: &[Report]) {
        self.greet(result::greeting(turns, reports));
        while self.shown + self.behind < turns.len() {
            self.turn(turns, reports);
        }
    }

    fn rest(&mut self, outcome: &Outcome) {
        self.greet(result::greeting(&outcome.turns, &outcome.reports));
        while self.shown < outcome.wanted {
            self.turn(&outcome.turns, &outcome.reports);
        }
    }

    fn greet(&mut self, text: Option<String>) {
        if let Some(text) = text.filter(|_| self.on && !self.greeted) {
            self.greeted = true;
            self.print(&terminal::greeting(&text));
        }
    }

    fn turn(&mut self, turns: &[Turn], reports: &[Report]) {
        let result = |index| result::turn_result(turns, index, reports);
        let before = self.shown.checked_sub(1).map(result);
        if self.on {
            let name = self.names.get(self.shown).map_or("", String::as_str);
            self.print(&terminal::turn(&result(self.shown), name, before.as_ref()));
        }
        self.shown += 1;
    }

    fn print(&mut self, text: &str) {
        if self.printed.is_ok() {
            self.printed = print(text);
        }
    }
}

/// Writes to standard output and flushes.
fn print(text: &str) -> io::Result<()> {
    let mut out = crate::cli::output::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Resolves when the user or the system asks the program to end, so that the call is ended first.
pub(super) fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + use<>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_recording_is_made() {
        let folder = tempfile::tempdir().unwrap();
        make_folder(&folder.path().join("new/of/call.wav")).unwrap();
        make_folder(Path::new("call.wav")).unwrap();
        assert!(folder.path().join("new/of").is_dir());
    }
}
