//! A file from one address into its part: tried again after cuts, going on from where it was. Must not know
//! mirrors, nor what is done with the part.

use std::time::Duration;

use crate::address::Address;
use crate::contents::{Form, LARGEST};
use crate::entries::ModelFile;
use crate::options::{PullOptions, Reporter};
use crate::part::{Notes, Part};
use crate::problem::Problem;
use crate::request::{Answer, Client, Failure, Rest, chain};
use crate::room;
use crate::transfer::{self, Limits, Stop};

/// A try that brings so many bytes more than any before is no failure.
const FARTHER: u64 = 1 << 20;

/// A file that is to be fetched.
pub(crate) struct Wanted<'a> {
    pub(crate) file: &'a ModelFile,
    pub(crate) form: Form,
    pub(crate) options: &'a PullOptions,
    pub(crate) reporter: &'a Reporter<'a>,
}

/// Fetches a file from an address, or the rest of it.
///
/// # Errors
/// If it has not all come; what has come is kept, unless it is wrong.
pub(crate) fn fetch(wanted: &Wanted<'_>, address: &Address, part: &mut Part) -> Result<(), Problem> {
    let client = Client::new(address, wanted.options)?;
    let (mut failures, mut farthest) = (0, part.length());
    loop {
        let failure = match attempt(wanted, &client, address, part) {
            Ok(()) => return Ok(()),
            Err(failure) => failure,
        };
        if part.length() >= farthest.saturating_add(FARTHER) {
            (failures, farthest) = (0, part.length());
        }
        failures += 1;
        let (problem, asked) = match failure {
            Failure::Final(problem) => return Err(problem),
            Failure::Passing(problem, asked) => (problem, asked),
            Failure::Anew => {
                restart(part)?;
                (Problem::Unsteady { server: address.server() }, Some(Duration::ZERO))
            }
        };
        if failures > wanted.options.retries {
            return Err(problem);
        }
        let wait = asked.unwrap_or_else(|| backoff(wanted.options, failures));
        let total = part.notes_of(address).and_then(|notes| notes.total);
        wanted.reporter.waits(part.length(), total, &problem.to_string(), wait);
        std::thread::sleep(wait);
    }
}

/// The wait after so many failures.
fn backoff(options: &PullOptions, failures: u32) -> Duration {
    let times = 2_u32.saturating_pow(failures.saturating_sub(1));
    options.first_wait.saturating_mul(times).min(options.longest_wait)
}

fn attempt(
    wanted: &Wanted<'_>,
    client: &Client<'_>,
    address: &Address,
    part: &mut Part,
) -> Result<(), Failure> {
    if is_complete(wanted, address, part) {
        return Ok(());
    }
    let rest = rest(wanted, address, part);
    let mut answer = client.get(address, rest.as_ref())?;
    let total = check(wanted, address, part, &answer)?;
    if answer.from == 0 {
        restart(part)?;
    }
    if let Some(total) = total {
        let more = total.saturating_sub(part.length());
        room::check(more, wanted.options.folder.root(), wanted.options.free_space)?;
    }
    let before = part.announced().filter(|_| answer.from > 0);
    let notes = Notes {
        address: address.to_string(),
        etag: answer.etag.clone(),
        total,
        // A server that sends the rest may not announce the sum again.
        announced: answer.announced.or(before).map(|sum| sum.to_string()),
    };
    part.note(notes).map_err(|error| Problem::writing(&part.path, error))?;
    let folder = wanted.options.folder.root();
    let most = || LARGEST.min(room::most(part.length(), folder, wanted.options.free_space));
    let limits = Limits::new(total.unwrap_or_else(most), total, wanted.form, wanted.options);
    match transfer::run(&mut answer.body, part, &limits, wanted.reporter) {
        Err(stop) => Err(stopped(stop, address, part, &limits)),
        Ok(()) if total.is_some_and(|total| part.length() < total) => {
            let reason = format!("the file has {} bytes", total.unwrap_or_default());
            Err(cut(address, part, reason))
        }
        Ok(()) => Ok(()),
    }
}

/// Whether all of it is there already: an earlier pull was ended between the last byte and the check.
fn is_complete(wanted: &Wanted<'_>, address: &Address, part: &Part) -> bool {
    let noted = part.notes_of(address).and_then(|notes| notes.total);
    let length = if wanted.file.sha256.is_some() { wanted.file.bytes.or(noted) } else { noted };
    part.length() > 0 && length == Some(part.length())
}

/// The rest to ask for; `None` for the whole. Two versions of a file must not be mixed: so the part must be
/// of the version that the server has, by its own name for it, unless the sum will tell.
fn rest(wanted: &Wanted<'_>, address: &Address, part: &Part) -> Option<Rest> {
    let from = part.length();
    if from == 0 {
        return None;
    }
    let notes = part.notes_of(address);
    let etag = notes.and_then(|notes| notes.etag.clone());
    let has_sum = wanted.file.sha256.is_some() || notes.is_some_and(|notes| notes.announced.is_some());
    (etag.is_some() || has_sum).then_some(Rest { from, etag })
}

/// Whether an answer is the file that is wanted, and the rest of what is there. Returns the file's length.
fn check(
    wanted: &Wanted<'_>,
    address: &Address,
    part: &Part,
    answer: &Answer,
) -> Result<Option<u64>, Failure> {
    let server = || address.server();
    let known = wanted.file.bytes;
    if answer.from > 0 {
        let notes = part.notes_of(address);
        let other = |before: Option<&String>| {
            before.zip(answer.etag.as_ref()).is_some_and(|(before, now)| before != now)
        };
        let is_other_version = other(notes.and_then(|notes| notes.etag.as_ref()));
        let before = known.or_else(|| notes.and_then(|notes| notes.total));
        let is_other_length = before.zip(answer.total).is_some_and(|(before, now)| before != now);
        if answer.from != part.length() || is_other_version || is_other_length {
            return Err(Failure::Anew);
        }
    }
    match (known, answer.total) {
        (Some(expected), Some(found)) if expected != found => {
            return Err(Problem::Length { from: address.to_string(), expected, found }.into());
        }
        (_, Some(found)) if found > LARGEST => {
            return Err(Problem::TooLong { from: server(), most: LARGEST }.into());
        }
        (None, None) if !answer.has_end && wanted.file.sha256.is_none() && answer.announced.is_none() => {
            return Err(Problem::NoEnd { server: server() }.into());
        }
        (Some(_) | None, Some(_) | None) => {}
    }
    Ok(known.or(answer.total))
}

fn stopped(stop: Stop, address: &Address, part: &mut Part, limits: &Limits) -> Failure {
    let server = address.server();
    let (window, from) = (limits.window, server.clone());
    match stop {
        Stop::Read(error) if is_timeout(&error) => {
            Failure::Passing(Problem::Stalled { server, came: "not a byte", window }, None)
        }
        Stop::Read(error) => cut(address, part, chain(&error)),
        Stop::Slow => Failure::Passing(Problem::Stalled { server, came: "hardly anything", window }, None),
        Stop::Write(error) => Problem::writing(&part.path, error).into(),
        Stop::TooLong if limits.total.is_none() && limits.most < LARGEST => {
            let folder = part.path.parent().unwrap_or(&part.path).to_owned();
            discarded(part, room::exceeded(limits.most, &folder))
        }
        Stop::TooLong => discarded(part, Problem::TooLong { from, most: limits.most }),
        Stop::Form(what) => {
            discarded(part, Problem::Form { from: address.to_string(), what: what.to_owned() })
        }
    }
}

fn cut(address: &Address, part: &Part, reason: String) -> Failure {
    Failure::Passing(Problem::Cut { server: address.server(), had: part.length(), reason }, None)
}

/// What came is wrong, and nothing may go on from it.
fn discarded(part: &mut Part, problem: Problem) -> Failure {
    restart(part).err().unwrap_or(problem).into()
}

/// Empties a part.
///
/// # Errors
/// If it cannot be.
pub(crate) fn restart(part: &mut Part) -> Result<(), Problem> {
    part.restart().map_err(|error| Problem::writing(&part.path, error))
}

fn is_timeout(error: &std::io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<reqwest::Error>());
    error.kind() == std::io::ErrorKind::TimedOut || inner.is_some_and(reqwest::Error::is_timeout)
}
