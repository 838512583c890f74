//! The thread that writes all recordings: each file is at most about a second behind. Must not know who
//! records.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::file::WavFile;
use super::options::RecordingTrouble;
use super::window::{Side, WINDOW, Window};
use crate::clock::Stopwatch;
use crate::queue::{Next, Queue};

/// How long audio waits in the queue, and then for the file.
const IN_QUEUE: Duration = Duration::from_millis(200);
const BEHIND: Duration = Duration::from_millis(700);

/// The most orders at once.
const AT_ONCE: usize = 4_096;

/// How much longer than the window it may become before it is shortened: 2 s.
const SLACK: usize = 16_000;

/// An order to one recording.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) of: u64,
    pub(super) what: What,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum What {
    Begin(Box<WavFile>, PathBuf),
    /// Audio of a side from this frame on.
    Audio(Side, usize, Box<[i16]>),
    /// The agent is silent from this frame on.
    Cut(usize),
    End,
}

/// What the thread and the others share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) queue: Queue<Order>,
    pub(super) running: AtomicU64,
    pub(super) whole: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) too_long: AtomicU64,
    pub(super) late: AtomicU64,
}

impl Shared {
    pub(super) fn of(queue: Queue<Order>) -> Self {
        Self {
            queue,
            running: AtomicU64::default(),
            whole: AtomicU64::default(),
            failed: AtomicU64::default(),
            too_long: AtomicU64::default(),
            late: AtomicU64::default(),
        }
    }
}

/// Tells those that wait that the thread has ended, also if it panicked.
struct Ending<'a>(&'a Shared);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.queue.end();
    }
}

/// A recording in progress.
struct Running {
    file: WavFile,
    path: PathBuf,
    window: Window,
    written: Stopwatch,
}

/// Why a recording ends.
enum Stop {
    Failed(io::Error),
    TooLong,
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

/// Writes until the queue is closed. `longest` is in frames.
pub(super) fn run(shared: &Shared, longest: usize, report: &(dyn Fn(&RecordingTrouble) + Send + Sync)) {
    let _ending = Ending(shared);
    let mut all: HashMap<u64, Running> = HashMap::new();
    loop {
        let next = shared.queue.next(AT_ONCE, IN_QUEUE, BEHIND);
        let ended = matches!(next, Next::End);
        if let Next::Batch(orders) = next {
            for order in orders {
                obey(&mut all, order, longest, shared, report);
            }
        }
        let hurry = ended || shared.queue.is_flushing();
        let due: Vec<u64> = all
            .iter()
            .filter(|(_, running)| {
                running.window.is_changed() && (hurry || running.written.elapsed() >= BEHIND)
            })
            .map(|(&of, _)| of)
            .collect();
        for of in due {
            let written = all.get_mut(&of).map_or(Ok(()), Running::write);
            settle(&mut all, of, written, shared, report);
        }
        if ended {
            let left: Vec<u64> = all.keys().copied().collect();
            for of in left {
                obey(&mut all, Order { of, what: What::End }, longest, shared, report);
            }
            return;
        }
    }
}

fn obey(
    all: &mut HashMap<u64, Running>,
    Order { of, what }: Order,
    longest: usize,
    shared: &Shared,
    report: &(dyn Fn(&RecordingTrouble) + Send + Sync),
) {
    let done = match (what, all.get_mut(&of)) {
        (What::Begin(file, path), _) => {
            let running =
                Running { file: *file, path, window: Window::default(), written: Stopwatch::start() };
            all.insert(of, running);
            shared.running.fetch_add(1, Relaxed);
            Ok(())
        }
        (What::Audio(side, at, samples), Some(running)) => running
            .add(side, at, &samples, longest)
            .map(|late| _ = shared.late.fetch_add(late as u64, Relaxed)),
        (What::Cut(at), Some(running)) => {
            running.window.cut(at);
            Ok(())
        }
        (What::End, Some(running)) => match running.end() {
            Ok(()) => {
                all.remove(&of);
                shared.running.fetch_sub(1, Relaxed);
                shared.whole.fetch_add(1, Relaxed);
                Ok(())
            }
            Err(stop) => Err(stop),
        },
        // It has ended before its call.
        (What::Audio(..) | What::Cut(_) | What::End, None) => Ok(()),
    };
    settle(all, of, done, shared, report);
}

/// Ends a recording that cannot go on.
fn settle(
    all: &mut HashMap<u64, Running>,
    of: u64,
    done: Result<(), Stop>,
    shared: &Shared,
    report: &(dyn Fn(&RecordingTrouble) + Send + Sync),
) {
    let Err(stop) = done else { return };
    let Some(mut running) = all.remove(&of) else { return };
    shared.running.fetch_sub(1, Relaxed);
    match stop {
        Stop::Failed(error) => {
            shared.failed.fetch_add(1, Relaxed);
            // As much as its header tells. It may not work either.
            let _ = running.file.end();
            report(&RecordingTrouble::Failed { path: running.path, problem: error.to_string() });
        }
        Stop::TooLong => {
            shared.too_long.fetch_add(1, Relaxed);
            let _ = running.end();
            report(&RecordingTrouble::TooLong(running.path));
        }
    }
}

impl Running {
    /// Adds audio. Returns how many samples came too late.
    fn add(&mut self, side: Side, at: usize, samples: &[i16], longest: usize) -> Result<usize, Stop> {
        let at = self.window.place(side, at);
        if at.saturating_add(samples.len()) > longest {
            return Err(Stop::TooLong);
        }
        if self.window.is_far(at) {
            self.write()?;
            self.window.skip_to(at);
        }
        let late = self.window.add(side, at, samples);
        if self.window.end() - self.window.start() > WINDOW + SLACK {
            self.write()?;
        }
        Ok(late)
    }

    /// Writes what the file lacks.
    fn write(&mut self) -> Result<(), Stop> {
        if let Some((at, frames)) = self.window.take_changed() {
            self.file.write(at, frames)?;
        }
        self.window.forget();
        self.written = Stopwatch::start();
        Ok(())
    }

    fn end(&mut self) -> Result<(), Stop> {
        self.write()?;
        Ok(self.file.end()?)
    }
}
