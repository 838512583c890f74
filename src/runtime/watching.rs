//! Running calls that are watched: the reports of each, for those who want to see them as they come. Who
//! reads too slowly is cut off; a call waits for nobody. Must not know who watches.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::call::tap::ReportTap;
use crate::ids::{CallId, MarkId, ToolCallId, TurnId, UtteranceId};
use crate::report::{Report, ReportedTurn, Summary, ToolEnd};

/// The most readers of all calls together.
const MOST_READERS: usize = 16;

/// Reports that may wait for one reader.
const QUEUE: usize = 256;

/// The most that is kept of a call for those who begin to watch later: reports, and characters in them.
const MOST_KEPT: (usize, usize) = (1_000, 64 * 1024);

/// A report of a call, as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// The partial transcript while the caller still speaks.
    Hearing {
        /// The stretch of speech.
        utterance: UtteranceId,
        /// Words that stay.
        stable: String,
        /// Words that may still change.
        unstable: String,
    },
    /// The caller begins to make a sound, at this millisecond of their audio.
    CallerSpeaks(u64),
    /// The caller pauses, at this millisecond of their audio.
    CallerPauses(u64),
    /// The caller's turn is over.
    Heard(TurnId, String),
    /// The agent is going to say this.
    Saying(TurnId, MarkId, String),
    /// A tool of this name is under way.
    ToolBegan(TurnId, ToolCallId, String),
    /// A tool of this name is under way no longer, after so many milliseconds.
    ToolEnded(TurnId, ToolCallId, String, ToolEnd, f64),
    /// How a turn went.
    Turn(Box<ReportedTurn>),
    /// Something failed: a word for programs and a sentence.
    Error(String, String),
    /// The call is over.
    Ended(Box<Summary>),
}

impl Told {
    /// `None` for what a client asked for itself, or carries out.
    fn of(report: &Report<'_>) -> Option<Self> {
        Some(match *report {
            Report::Hearing { utterance, stable, unstable } => {
                Self::Hearing { utterance, stable: stable.to_owned(), unstable: unstable.to_owned() }
            }
            Report::CallerSpeaks { at_ms } => Self::CallerSpeaks(at_ms),
            Report::CallerPauses { at_ms } => Self::CallerPauses(at_ms),
            Report::Heard { turn, text } => Self::Heard(turn, text.to_owned()),
            Report::Saying { turn, text, mark } => Self::Saying(turn, mark, text.to_owned()),
            Report::ToolBegan { turn, call, name } => Self::ToolBegan(turn, call, name.to_owned()),
            Report::ToolEnded(run) => {
                Self::ToolEnded(run.turn, run.id, run.name.clone(), run.end, run.took_ms)
            }
            Report::Turn(turn) => Self::Turn(Box::new(turn.clone())),
            Report::Pong(_) | Report::ToolsCalled { .. } => return None,
            Report::Error { code, message } => Self::Error(code.to_owned(), message.to_owned()),
            Report::Summary(summary) => Self::Ended(Box::new(summary.clone())),
        })
    }

    /// How many characters of a line of the conversation this is; `None` if it is of no use afterwards.
    fn kept(&self) -> Option<usize> {
        match self {
            Self::Hearing { .. } | Self::CallerSpeaks(_) | Self::CallerPauses(_) | Self::Ended(_) => None,
            Self::Heard(_, text) | Self::Saying(_, _, text) => Some(text.len()),
            Self::ToolBegan(_, _, name) | Self::ToolEnded(_, _, name, ..) => Some(name.len()),
            Self::Turn(turn) => Some(turn.turn.heard.len() + turn.turn.reply.len()),
            Self::Error(code, message) => Some(code.len() + message.len()),
        }
    }
}

/// Why a call cannot be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotWatched {
    /// There is no such call.
    #[error("there is no running call of this name; a call of the past is in the records, if they are kept")]
    NoCall,
    /// Others watch.
    #[error("{MOST_READERS} readers watch calls already: close one of them, or ask again later")]
    TooMany,
}

/// The running calls, for those who watch them.
#[derive(Debug)]
pub struct Watching {
    calls: Arc<Mutex<BTreeMap<CallId, Weak<Feed>>>>,
    readers: Arc<Semaphore>,
}

impl Default for Watching {
    fn default() -> Self {
        Self { calls: Arc::default(), readers: Arc::new(Semaphore::new(MOST_READERS)) }
    }
}

/// What was reported of one call, and its readers. It goes with its call.
#[derive(Debug)]
struct Feed {
    call: CallId,
    calls: Arc<Mutex<BTreeMap<CallId, Weak<Feed>>>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    kept: VecDeque<Arc<Told>>,
    characters: usize,
    left_out: u64,
    readers: Vec<Sender<Arc<Told>>>,
}

/// What somebody reads who watches a call.
#[derive(Debug)]
pub struct Reader {
    earlier: VecDeque<Arc<Told>>,
    /// Reports from before those that are read first.
    pub left_out: u64,
    coming: Receiver<Arc<Told>>,
    _place: OwnedSemaphorePermit,
}

impl Watching {
    /// A call begins. What takes its reports ends with it.
    pub(super) fn begin(&self, call: &CallId) -> ReportTap {
        let feed = Arc::new(Feed { call: call.clone(), calls: self.calls.clone(), state: Mutex::default() });
        locked(&self.calls).insert(call.clone(), Arc::downgrade(&feed));
        Arc::new(move |report: &Report<'_>| {
            if let Some(told) = Told::of(report) {
                locked(&feed.state).tell(told);
            }
        })
    }

    /// Watches a running call, from its beginning.
    ///
    /// # Errors
    /// If there is no such call, or if too many are watched.
    pub fn watch(&self, call: &CallId) -> Result<Reader, NotWatched> {
        let feed = locked(&self.calls).get(call).and_then(Weak::upgrade).ok_or(NotWatched::NoCall)?;
        let place = self.readers.clone().try_acquire_owned().map_err(|_| NotWatched::TooMany)?;
        let (sender, coming) = channel(QUEUE);
        let mut state = locked(&feed.state);
        state.readers.retain(|reader| !reader.is_closed());
        state.readers.push(sender);
        Ok(Reader { earlier: state.kept.clone(), left_out: state.left_out, coming, _place: place })
    }
}

impl State {
    fn tell(&mut self, told: Told) {
        let kept = told.kept();
        if self.readers.is_empty() && kept.is_none() {
            return;
        }
        let told = Arc::new(told);
        // Who is gone, or has let so much wait, is told no more.
        self.readers.retain(|reader| reader.try_send(told.clone()).is_ok());
        let Some(characters) = kept else { return };
        self.kept.push_back(told);
        self.characters += characters;
        while self.kept.len() > MOST_KEPT.0 || self.characters > MOST_KEPT.1 {
            let Some(oldest) = self.kept.pop_front() else { return };
            self.characters = self.characters.saturating_sub(oldest.kept().unwrap_or_default());
            self.left_out += 1;
        }
    }
}

impl Reader {
    /// The next report; `None` if nothing more is told: the call is over, or this reader was too slow.
    pub async fn next(&mut self) -> Option<Arc<Told>> {
        match self.earlier.pop_front() {
            Some(earlier) => Some(earlier),
            None => self.coming.recv().await,
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let mut calls = locked(&self.calls);
        // A new call may have the name already.
        if calls.get(&self.call).is_some_and(|feed| feed.strong_count() == 0) {
            calls.remove(&self.call);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(turn: u32, text: &str) -> Report<'_> {
        Report::Heard { turn: TurnId(turn), text }
    }

    fn read(reader: &mut Reader) -> Vec<Arc<Told>> {
        let mut told: Vec<Arc<Told>> = reader.earlier.drain(..).collect();
        while let Ok(one) = reader.coming.try_recv() {
            told.push(one);
        }
        told
    }

    #[test]
    fn who_comes_late_reads_the_lines_so_far_and_then_what_comes() {
        let (watching, id) = (Watching::default(), CallId::new("CA1"));
        let tap = watching.begin(&id);
        tap(&heard(1, "hello"));
        tap(&Report::Hearing { utterance: UtteranceId(2), stable: "how", unstable: "much" });
        let mut reader = watching.watch(&id).unwrap();
        tap(&Report::Hearing { utterance: UtteranceId(2), stable: "how much", unstable: "is" });
        let told = read(&mut reader);
        assert_eq!(*told[0], Told::Heard(TurnId(1), "hello".to_owned()));
        assert!(matches!(&*told[1], Told::Hearing { stable, .. } if stable == "how much"));
        assert_eq!(told.len(), 2);
    }

    #[tokio::test]
    async fn a_reader_is_told_of_the_end_and_a_call_that_is_over_is_not_watched() {
        let (watching, id) = (Watching::default(), CallId::new("CA1"));
        let tap = watching.begin(&id);
        let mut reader = watching.watch(&id).unwrap();
        tap(&Report::Summary(&Summary::default()));
        drop(tap);
        assert!(matches!(reader.next().await.as_deref(), Some(Told::Ended(_))));
        assert_eq!(reader.next().await, None);
        assert_eq!(watching.watch(&id).err(), Some(NotWatched::NoCall));
        assert!(locked(&watching.calls).is_empty());
    }

    #[tokio::test]
    async fn a_reader_that_does_not_read_is_cut_off_and_the_call_goes_on() {
        let (watching, id) = (Watching::default(), CallId::new("CA1"));
        let tap = watching.begin(&id);
        let (mut slow, mut quick) = (watching.watch(&id).unwrap(), watching.watch(&id).unwrap());
        for turn in 0..=u32::try_from(QUEUE).unwrap() {
            tap(&heard(turn, "a"));
            assert!(quick.next().await.is_some());
        }
        assert_eq!(read(&mut slow).len(), QUEUE);
        assert_eq!(slow.next().await, None);
        tap(&heard(0, "b"));
        assert_eq!(*quick.next().await.unwrap(), Told::Heard(TurnId(0), "b".to_owned()));
    }

    #[test]
    fn what_is_kept_of_a_call_and_how_many_read_has_a_limit() {
        let (watching, id) = (Watching::default(), CallId::new("CA1"));
        let tap = watching.begin(&id);
        let long = "a".repeat(10_000);
        for turn in 0..10 {
            tap(&heard(turn, &long));
        }
        let reader = watching.watch(&id).unwrap();
        assert_eq!((reader.earlier.len(), reader.left_out), (6, 4));
        assert_eq!(*reader.earlier[0], Told::Heard(TurnId(4), long));
        let readers: Vec<Reader> = (1..MOST_READERS).map(|_| watching.watch(&id).unwrap()).collect();
        assert_eq!(watching.watch(&id).err(), Some(NotWatched::TooMany));
        drop(readers);
        assert!(watching.watch(&id).is_ok());
    }

    #[test]
    fn a_new_call_of_the_same_name_is_not_forgotten_with_the_old_one() {
        let (watching, id) = (Watching::default(), CallId::new("CA1"));
        let old = watching.begin(&id);
        let _new = watching.begin(&id);
        drop(old);
        assert!(watching.watch(&id).is_ok());
    }
}
