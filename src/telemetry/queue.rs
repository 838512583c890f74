//! Takes log lines to their output: a bounded queue and a thread that writes. Code that logs never waits for
//! a disk, a pipe or a terminal, and never sees their errors. Must not know what is logged.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// The maximum number of waiting bytes: some 8,000 lines. As many again may be on their way out.
const MOST_BYTES: usize = 1 << 20;

/// The delay before a retry on an output that takes nothing at the moment (a terminal that another program
/// has made non-blocking).
const AGAIN: Duration = Duration::from_millis(10);

/// Callbacks for problems of the output.
#[derive(Debug, Clone, Copy)]
pub(super) struct Report {
    /// The number of lines that were dropped; called when the output takes lines again.
    pub(super) left_out: fn(u64),
    /// The output gave an error; called for the first error only.
    pub(super) failed: fn(&io::Error),
}

/// The input of the queue. All clones fill the same queue.
#[derive(Debug, Clone)]
pub(super) struct Queue(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// There are lines to write.
    filled: Condvar,
    /// Everything has been written.
    written: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Whole lines.
    bytes: Vec<u8>,
    /// The number of lines that did not fit, or that the output refused.
    left_out: u64,
    /// As many since the start.
    left_out_in_all: u64,
    /// The thread is writing lines.
    busy: bool,
}

impl Queue {
    /// Makes a queue, and starts a thread that writes its lines to `output`.
    ///
    /// # Errors
    /// If no thread can be started.
    pub(super) fn start(output: impl Write + Send + 'static, report: Report) -> io::Result<Self> {
        let queue = Self(Arc::default());
        let shared = queue.0.clone();
        std::thread::Builder::new().name("log".into()).spawn(move || shared.write_to(output, report))?;
        Ok(queue)
    }

    /// Adds one or more whole lines, with their line ends. If they do not fit, they are dropped and counted.
    pub(super) fn push(&self, lines: &[u8]) {
        let mut waiting = self.0.lock();
        if waiting.bytes.len() + lines.len() > MOST_BYTES {
            waiting.leave_out(lines);
        } else {
            waiting.bytes.extend_from_slice(lines);
            self.0.filled.notify_one();
        }
    }

    /// The number of lines that were dropped since the start.
    pub(super) fn left_out_in_all(&self) -> u64 {
        self.0.lock().left_out_in_all
    }

    /// Waits until everything is written, but no longer than `patience`.
    pub(super) fn flush(&self, patience: Duration) {
        let unwritten = |waiting: &mut Waiting| waiting.busy || !waiting.bytes.is_empty();
        // The result does not matter: there is nobody to report it to.
        drop(self.0.written.wait_timeout_while(self.0.lock(), patience, unwritten));
    }
}

impl Waiting {
    fn leave_out(&mut self, lines: &[u8]) {
        let lines = count(lines);
        self.left_out += lines;
        self.left_out_in_all += lines;
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_to(&self, mut output: impl Write, report: Report) {
        let mut batch = Vec::new();
        // The output ended in the middle of a line.
        let mut torn = false;
        let mut complained = false;
        loop {
            self.take(&mut batch);
            if torn {
                batch.insert(0, b'\n');
            }
            let (taken, result) = write_all(&mut output, &batch);
            torn = if taken == 0 { torn } else { batch[taken - 1] != b'\n' };
            match result {
                Ok(()) => {
                    let left_out = std::mem::take(&mut self.lock().left_out);
                    if left_out > 0 {
                        (report.left_out)(left_out);
                    }
                }
                Err(error) => {
                    self.lock().leave_out(&batch[taken..]);
                    if !std::mem::replace(&mut complained, true) {
                        (report.failed)(&error);
                    }
                }
            }
        }
    }

    /// Waits for lines, and takes all that there are.
    fn take(&self, batch: &mut Vec<u8>) {
        batch.clear();
        let mut waiting = self.lock();
        waiting.busy = false;
        if waiting.bytes.is_empty() {
            self.written.notify_all();
            let waited = self.filled.wait_while(waiting, |waiting| waiting.bytes.is_empty());
            waiting = waited.unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(batch, &mut waiting.bytes);
        waiting.busy = true;
    }
}

fn count(lines: &[u8]) -> u64 {
    lines.iter().map(|&byte| u64::from(byte == b'\n')).sum()
}

/// Writes `bytes`; returns how many were taken, and the error that stopped it, if any.
fn write_all(output: &mut impl Write, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut taken = 0;
    while taken < bytes.len() {
        match output.write(&bytes[taken..]) {
            Ok(0) => return (taken, Err(ErrorKind::WriteZero.into())),
            Ok(n) => taken += n,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(AGAIN),
            Err(error) => return (taken, Err(error)),
        }
    }
    (taken, output.flush())
}

impl<'a> MakeWriter<'a> for Queue {
    type Writer = Lines<'a>;

    fn make_writer(&'a self) -> Lines<'a> {
        Lines(self)
    }
}

/// The queue as a writer. A formatter writes an event in one call.
#[derive(Debug)]
pub(super) struct Lines<'a>(&'a Queue);

impl Write for Lines<'_> {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.0.push(lines);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// An output that takes one batch each time the test allows it.
    struct Gate {
        open: Receiver<io::Result<()>>,
        taken: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.open.recv().unwrap_or(Ok(()))?;
            self.taken.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    type Gated = (Queue, SyncSender<io::Result<()>>, Arc<Mutex<Vec<u8>>>);

    fn gated(report: Report) -> Gated {
        let (opener, open) = sync_channel(100);
        let taken = Arc::new(Mutex::new(Vec::new()));
        let queue = Queue::start(Gate { open, taken: taken.clone() }, report).unwrap();
        (queue, opener, taken)
    }

    /// Fault: the reader of the log stopped reading, and every call that logged a line waited for it. The
    /// server froze in mid-sentence and could not be stopped. Lines are dropped instead, and their number is
    /// reported once the output moves again.
    #[test]
    fn who_logs_never_waits_for_an_output_that_is_stuck_and_what_is_left_out_is_counted() {
        static LEFT_OUT: AtomicU64 = AtomicU64::new(0);
        let left_out = |count| {
            LEFT_OUT.fetch_add(count, Ordering::Relaxed);
        };
        let (queue, opener, taken) = gated(Report { left_out, failed: |_| () });
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        // Neither this nor the flush would ever return if it waited for the output.
        let all = 5 * (MOST_BYTES / line.len());
        for _ in 0..all {
            queue.push(&line);
        }
        queue.flush(Duration::from_millis(1));
        assert!(queue.0.lock().bytes.len() <= MOST_BYTES);
        drop(opener);
        queue.flush(LONG);
        let taken = taken.lock().unwrap().len() / line.len();
        assert!(taken > 0 && taken < all);
        assert_eq!(LEFT_OUT.load(Ordering::Relaxed) as usize, all - taken);
    }

    /// Fault: an error of the log's output (a closed terminal, a full disk) caused a panic in the task that
    /// logged, and ended its call. The error is reported once, and lines are written again as soon as that is
    /// possible.
    #[test]
    fn an_error_of_the_output_is_told_once_and_then_swallowed() {
        static FAILED: AtomicU64 = AtomicU64::new(0);
        static LEFT_OUT: AtomicU64 = AtomicU64::new(0);
        let left_out = |count| {
            LEFT_OUT.fetch_add(count, Ordering::Relaxed);
        };
        let failed = |_: &io::Error| {
            FAILED.fetch_add(1, Ordering::Relaxed);
        };
        let (queue, opener, taken) = gated(Report { left_out, failed });
        for _ in 0..3 {
            opener.send(Err(ErrorKind::StorageFull.into())).unwrap();
            queue.push(b"lost\nlost, too\n");
            queue.flush(LONG);
        }
        drop(opener);
        queue.push(b"kept\n");
        queue.flush(LONG);
        assert_eq!(taken.lock().unwrap().as_slice(), b"kept\n");
        assert_eq!((FAILED.load(Ordering::Relaxed), LEFT_OUT.load(Ordering::Relaxed)), (1, 6));
    }

    /// Fault: a disk that filled up in the middle of a line joined that line with the next one written.
    #[test]
    fn a_line_that_was_cut_by_an_error_is_ended_before_the_next() {
        struct Cut(Arc<Mutex<Vec<u8>>>, u32);
        impl Write for Cut {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.1 += 1;
                match self.1 {
                    1 => self.0.lock().unwrap().extend_from_slice(&bytes[..3]),
                    2 => return Err(ErrorKind::StorageFull.into()),
                    _ => self.0.lock().unwrap().extend_from_slice(bytes),
                }
                Ok(if self.1 == 1 { 3 } else { bytes.len() })
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let taken = Arc::default();
        let report = Report { left_out: |_| (), failed: |_| () };
        let queue = Queue::start(Cut(Arc::clone(&taken), 0), report).unwrap();
        for line in [b"first\n", b"other\n"] {
            queue.push(line);
            queue.flush(LONG);
        }
        assert_eq!(taken.lock().unwrap().as_slice(), b"fir\nother\n");
    }
}
