//! The words that the caller is saying, or has said without an answer yet: the transcriptions that were
//! asked for, and their results. Must not know when a turn ends, nor what is done with the words.

use super::local_agreement::Agreement;
use super::turn_detection::completeness::OPEN;
use crate::ids::UtteranceId;
use crate::report::EndOfTurn;
use crate::units::CallTime;

/// The result of a transcription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) text: String,
    /// The time up to which it heard the caller.
    pub(super) heard_until: CallTime,
    /// The recogniser was not sure of the text.
    pub(super) doubtful: bool,
}

/// From a first sound to the end of the turn. The audio is transcribed again and again as it grows. The
/// part that lies far enough back is *committed*: its words stand, its audio is gone.
#[derive(Debug)]
pub(super) struct Utterance {
    pub(super) id: UtteranceId,
    pub(super) began: CallTime,
    /// Where the open part begins, which is not committed.
    pub(super) open_from: CallTime,
    /// The words before the open part.
    committed: Vec<String>,
    /// The last audible sound, once the caller paused.
    pub(super) paused_at: Option<CallTime>,
    /// The number of transcriptions asked for, of every kind.
    last_pass: u32,
    /// The awaited partial, and when it was asked for.
    partial: Option<(u32, CallTime)>,
    /// The agreement of the partials, and the newest of them.
    agreement: Agreement,
    newest: Option<Words>,
    /// The time up to which the newest partial heard the caller.
    pub(super) looked_at: Option<CallTime>,
    /// A piece that was cut off and is still to be committed, and the words heard of it so far.
    piece: Option<(u32, String)>,
    /// The awaited final, if it was asked for.
    last: Option<u32>,
    /// The final text of the open part, and when it was known.
    pub(super) transcript: Option<(String, CallTime)>,
    /// The recogniser was not sure of that text.
    pub(super) doubtful: bool,
    /// How complete all words were at the last pause, and the wait after them.
    pub(super) end: Option<EndOfTurn>,
    /// When the final was asked for.
    pub(super) last_asked: Option<CallTime>,
    /// The final was asked for again after a failure.
    pub(super) asked_again: bool,
    /// The final failed.
    pub(super) failed: bool,
    /// A sound of it was long enough to be meant.
    pub(super) lasted: bool,
    /// It is taken for the echo of the agent's own voice.
    pub(super) is_echo: bool,
    /// The number of drafts begun before it was over.
    pub(super) tries: u32,
    /// It has reached its longest duration, and ends whatever its words are.
    pub(super) capped: bool,
    /// When the silence was over, so that only transcripts were awaited from then on.
    pub(super) decided_at: Option<CallTime>,
}

/// The request that a transcription answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A partial, of a caller who still speaks, asked for at this time.
    Partial(CallTime),
    /// Of a piece that was cut off, with the words already heard of it.
    Piece(String),
    /// The final.
    Last,
    /// It is no longer awaited.
    Stale,
}

impl Utterance {
    pub(super) fn new(id: UtteranceId, from: CallTime) -> Self {
        Self {
            id,
            began: from,
            open_from: from,
            committed: Vec::new(),
            paused_at: None,
            last_pass: 0,
            partial: None,
            agreement: Agreement::default(),
            newest: None,
            looked_at: None,
            piece: None,
            last: None,
            transcript: None,
            doubtful: false,
            end: None,
            last_asked: None,
            asked_again: false,
            failed: false,
            lasted: false,
            is_echo: false,
            tries: 0,
            capped: false,
            decided_at: None,
        }
    }

    /// The caller goes on: clears what was known of the end.
    pub(super) fn goes_on(&mut self) {
        self.paused_at = None;
        self.decided_at = None;
        self.transcript = None;
        self.end = None;
        self.failed = false;
        self.asked_again = false;
        self.last = None;
    }

    /// Asks for a partial, unless one is awaited or the caller pauses.
    pub(super) fn ask_for_partial(&mut self, now: CallTime) -> Option<u32> {
        if self.partial.is_some() || self.paused_at.is_some() {
            return None;
        }
        let pass = self.next_pass();
        self.partial = Some((pass, now));
        Some(pass)
    }

    /// Asks for the final. An awaited partial is of no use any more.
    pub(super) fn ask_for_last(&mut self, now: CallTime) -> u32 {
        let pass = self.next_pass();
        self.last_asked.get_or_insert(now);
        self.partial = None;
        self.last = Some(pass);
        self.transcript = None;
        self.failed = false;
        pass
    }

    /// The final failed: asks for it once more.
    pub(super) fn ask_again(&mut self, now: CallTime) -> Option<u32> {
        (!std::mem::replace(&mut self.asked_again, true)).then(|| self.ask_for_last(now))
    }

    /// Asks for a piece, which will be committed; one at a time.
    pub(super) fn ask_for_piece(&mut self) -> Option<u32> {
        if self.piece.is_some() {
            return None;
        }
        let pass = self.next_pass();
        self.piece = Some((pass, self.newest.take().map_or(String::new(), |words| words.text)));
        self.begin_anew();
        Some(pass)
    }

    fn next_pass(&mut self) -> u32 {
        self.last_pass += 1;
        self.last_pass
    }

    /// A new open part begins: the partials of the old one say nothing about it.
    fn begin_anew(&mut self) {
        self.partial = None;
        self.agreement = Agreement::default();
        self.newest = None;
    }

    /// Which awaited transcription has come; it is awaited no longer.
    pub(super) fn arrived(&mut self, pass: u32) -> Kind {
        if let Some((_, asked)) = self.partial.take_if(|(number, _)| *number == pass) {
            Kind::Partial(asked)
        } else if let Some((_, heard)) = self.piece.take_if(|(number, _)| *number == pass) {
            Kind::Piece(heard)
        } else if self.last.take_if(|number| *number == pass).is_some() {
            Kind::Last
        } else {
            Kind::Stale
        }
    }

    /// Takes the words of a partial.
    pub(super) fn hear(&mut self, words: Words) {
        self.agreement.hear(&words.text);
        self.looked_at = Some(words.heard_until);
        self.newest = Some(words);
    }

    /// The text of the newest partial, if it heard everything up to `end` and is as good as a final would
    /// be.
    pub(super) fn already_heard(&self, end: CallTime) -> Option<String> {
        let newest = self.newest.as_ref()?;
        let enough = newest.heard_until >= end && !newest.doubtful && !newest.text.is_empty();
        enough.then(|| newest.text.clone())
    }

    /// All stable words, and those that may yet change; `None` while the words of a piece between the two
    /// are awaited.
    pub(super) fn hearing(&self) -> Option<(String, String)> {
        let stable = [self.committed.as_slice(), self.agreement.stable()].concat();
        (!self.awaits_piece()).then(|| (stable.join(" "), self.agreement.unstable().join(" ")))
    }

    /// Commits the words of `text`; the open part begins at `from`, if that is given.
    pub(super) fn commit(&mut self, text: &str, from: Option<CallTime>) {
        self.committed.extend(text.split_whitespace().map(str::to_owned));
        if let Some(from) = from {
            self.open_from = from;
            self.begin_anew();
        }
    }

    /// Partials of it have come, and found no word.
    pub(super) fn is_wordless(&self) -> bool {
        let newest = self.newest.as_ref().is_none_or(|words| words.text.is_empty());
        self.looked_at.is_some() && self.committed.is_empty() && newest
    }

    /// A transcription is under way.
    pub(super) fn awaits_words(&self) -> bool {
        self.partial.is_some() || self.last.is_some() || self.piece.is_some()
    }

    /// A piece was cut off and its words are not known yet.
    pub(super) fn awaits_piece(&self) -> bool {
        self.piece.is_some()
    }

    /// How complete all words were at the last pause.
    pub(super) fn score(&self) -> f32 {
        self.end.map_or(OPEN, |end| end.score)
    }

    /// All words, in a pause after which the end of the turn is still undecided.
    pub(super) fn said_before_the_end(&self) -> Option<String> {
        let open = self.paused_at.is_some() && self.decided_at.is_none() && !self.capped;
        let (last, _) = self.transcript.as_ref().filter(|_| open)?;
        Some(self.words(last))
    }

    /// All words: the committed ones and those of the last transcription.
    pub(super) fn words(&self, last: &str) -> String {
        let last = last.split_whitespace().map(str::to_owned).collect();
        [self.committed.clone(), last].concat().join(" ")
    }
}
