//! Reports of turns and calls, as lines of JSON for the program that started this server
//! (`offhook serve --reports`). A reader that is slow or gone costs lines and never a call. Must not know who
//! reads.

use std::io::Write;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use serde_json::json;

use super::followers::Follower;
use crate::ids::CallId;
use crate::report::Happened;
use crate::streams::native::{SummaryWire, TurnReportWire};

/// Lines that may wait for the reader.
const QUEUE: usize = 1024;

/// The queue of lines. Cloning it gives another handle.
#[derive(Debug, Clone)]
pub struct Reporter {
    lines: SyncSender<String>,
}

impl Reporter {
    /// Writes to `out` from a thread of its own, until a write fails.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn to(mut out: impl Write + Send + 'static) -> std::io::Result<Self> {
        let (lines, queue) = sync_channel::<String>(QUEUE);
        std::thread::Builder::new().name("reports".into()).spawn(move || {
            for line in queue {
                if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { lines })
    }

    fn line(&self, object: &serde_json::Value) {
        match self.lines.try_send(format!("{object}\n")) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => tracing::debug!("a report was dropped: its reader is too slow"),
        }
    }
}

impl Follower for Reporter {
    fn told(&self, call: &CallId, happened: &Happened) {
        let call = call.as_str();
        match happened {
            Happened::Turn(turn) => self.line(&json!({"call": call, "turn": TurnReportWire::from(turn)})),
            Happened::Ended(summary) => {
                self.line(&json!({"call": call, "summary": SummaryWire::from(summary)}));
            }
            Happened::Started(_)
            | Happened::Disclosed { .. }
            | Happened::Agent { .. }
            | Happened::ToolRan(_)
            | Happened::Failed(..)
            | Happened::Summarised(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::Sender;

    use super::*;
    use crate::ids::TurnId;
    use crate::report::{ReportedTurn, TurnReport};

    struct Lines(Sender<Vec<u8>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(std::io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_turn_is_a_line_and_a_reader_that_is_gone_is_no_error() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let reporter = Reporter::to(Lines(sender)).unwrap();
        let turn = TurnReport { turn: TurnId(2), heard: "hi".into(), ..TurnReport::default() };
        let turn = ReportedTurn { turn, ..ReportedTurn::default() };
        let turn = Happened::Turn(turn);
        reporter.told(&CallId::new("c-1"), &turn);
        let line = String::from_utf8(receiver.recv().unwrap()).unwrap();
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((read["call"].as_str(), read["turn"]["heard"].as_str()), (Some("c-1"), Some("hi")));
        drop(receiver);
        for _ in 0..2 * QUEUE {
            reporter.told(&CallId::new("c-1"), &turn);
        }
    }
}
