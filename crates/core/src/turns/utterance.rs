//! What the caller is saying, or has said and is not yet answered: which transcriptions of it were asked
//! for, and what came of them. Must not know when a turn ends, nor what is done with the words.

use super::local_agreement::Agreement;
use super::turn_detection::completeness::OPEN;
use crate::ids::UtteranceId;
use crate::report::EndOfTurn;
use crate::units::CallTime;

/// What a transcription said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) text: String,
    /// The moment up to which it heard the caller.
    pub(super) heard_until: CallTime,
    /// The recogniser was not sure of it.
    pub(super) doubtful: bool,
}

/// From a first sound to the end of the turn. Its audio is transcribed again and again as it grows;
/// what lies far enough back is *committed*: its words stand, its audio is gone.
#[derive(Debug)]
pub(super) struct Utterance {
    pub(super) id: UtteranceId,
    pub(super) began: CallTime,
    /// Where the part begins that is not committed.
    pub(super) open_from: CallTime,
    /// The words before it.
    committed: Vec<String>,
    /// The last audible sound, once the caller paused.
    pub(super) paused_at: Option<CallTime>,
    /// Transcriptions asked for, of every kind.
    last_pass: u32,
    /// The partial one that is awaited, and when it was asked for.
    partial: Option<(u32, CallTime)>,
    /// What partial transcriptions said, and the last of them.
    agreement: Agreement,
    newest: Option<Words>,
    /// Up to when the last of them had heard.
    pub(super) looked_at: Option<CallTime>,
    /// A piece that was cut off and is still to be committed, and the words heard of it so far.
    piece: Option<(u32, String)>,
    /// The one that counts at the end, if it was asked for.
    last: Option<u32>,
    /// What it said, and when that was known.
    pub(super) transcript: Option<(String, CallTime)>,
    /// The recogniser was not sure of it.
    pub(super) doubtful: bool,
    /// How complete all words were at the last pause, and how long is waited after them.
    pub(super) end: Option<EndOfTurn>,
    /// When the one that counts was asked for, and that it was asked for again after a failure.
    pub(super) last_asked: Option<CallTime>,
    pub(super) asked_again: bool,
    /// It failed.
    pub(super) failed: bool,
    /// A sound of it was long enough to be meant.
    pub(super) lasted: bool,
    /// It is taken for the echo of the agent's own voice.
    pub(super) is_echo: bool,
    /// Answers that were prepared for it before it was over.
    pub(super) tries: u32,
    /// It is as long as one may be, and ends whatever its words are.
    pub(super) capped: bool,
    /// The silence is over, and only transcripts are waited for.
    pub(super) decided_at: Option<CallTime>,
}

/// What a transcription turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of a caller who still speaks, asked for at this moment.
    Partial(CallTime),
    /// Of a piece that was cut off, of which this much was already heard.
    Piece(String),
    /// The one that counts.
    Last,
    /// Nobody waits for it any more.
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

    /// The caller goes on: what was known of the end is so no more.
    pub(super) fn goes_on(&mut self) {
        self.paused_at = None;
        self.decided_at = None;
        self.transcript = None;
        self.end = None;
        self.failed = false;
        self.asked_again = false;
        self.last = None;
    }

    /// Asks for a partial transcription, unless one is awaited.
    pub(super) fn ask_for_partial(&mut self, now: CallTime) -> Option<u32> {
        if self.partial.is_some() || self.paused_at.is_some() {
            return None;
        }
        let pass = self.next_pass();
        self.partial = Some((pass, now));
        Some(pass)
    }

    /// Asks for the one that counts. A partial that is awaited is of no use any more.
    pub(super) fn ask_for_last(&mut self, now: CallTime) -> u32 {
        let pass = self.next_pass();
        self.last_asked.get_or_insert(now);
        self.partial = None;
        self.last = Some(pass);
        self.transcript = None;
        self.failed = false;
        pass
    }

    /// The words that count failed to come: asks for them once more.
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

    /// The open part begins now: what was heard of the old one says nothing about it.
    fn begin_anew(&mut self) {
        self.partial = None;
        self.agreement = Agreement::default();
        self.newest = None;
    }

    /// Which of those that are awaited has come; it is awaited no longer.
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

    /// Takes the words of a partial transcription.
    pub(super) fn hear(&mut self, words: Words) {
        self.agreement.hear(&words.text);
        self.looked_at = Some(words.heard_until);
        self.newest = Some(words);
    }

    /// What the last partial transcription said, if it heard everything up to `end` and is as good as
    /// another one would be.
    pub(super) fn already_heard(&self, end: CallTime) -> Option<String> {
        let newest = self.newest.as_ref()?;
        let enough = newest.heard_until >= end && !newest.doubtful && !newest.text.is_empty();
        enough.then(|| newest.text.clone())
    }

    /// All words on which looks agree, and those that may yet change; nothing while the words between
    /// the two are awaited.
    pub(super) fn hearing(&self) -> Option<(String, String)> {
        let stable = [self.committed.as_slice(), self.agreement.stable()].concat();
        (!self.awaits_piece()).then(|| (stable.join(" "), self.agreement.unstable().join(" ")))
    }

    /// These words stand; the open part begins at `from`.
    pub(super) fn commit(&mut self, text: &str, from: Option<CallTime>) {
        self.committed.extend(text.split_whitespace().map(str::to_owned));
        if let Some(from) = from {
            self.open_from = from;
            self.begin_anew();
        }
    }

    /// Looks at it have come, and found no word.
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

    /// All words, in a pause after which it is still open whether they are all.
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
