//! What the caller is saying, or has said and is not yet answered: which transcriptions of it were asked
//! for, and what came of them. Must not know when a turn ends, nor what is done with the words.

use super::agreement::Agreement;
use crate::ids::UtteranceId;
use crate::units::CallTime;

/// From a first sound to the end of the turn. Its audio is transcribed again and again as it grows;
/// what lies far enough back is *committed*: its words stand, its audio is gone.
#[derive(Debug)]
pub(super) struct Utterance {
    pub(super) id: UtteranceId,
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
    /// What partial transcriptions said, and the moment up to which the last of them had heard.
    agreement: Agreement,
    heard_until: Option<CallTime>,
    /// A piece that was cut off and is still to be committed.
    piece: Option<u32>,
    /// The one that counts at the end, if it was asked for.
    last: Option<u32>,
    /// What it said, and when that was known.
    pub(super) transcript: Option<(String, CallTime)>,
    /// It failed.
    pub(super) failed: bool,
    /// The silence is over, and only transcripts are waited for.
    pub(super) decided_at: Option<CallTime>,
}

/// What a transcription turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of a caller who still speaks, asked for at this moment.
    Partial(CallTime),
    /// Of a piece that was cut off.
    Piece,
    /// The one that counts.
    Last,
    /// Nobody waits for it any more.
    Stale,
}

impl Utterance {
    pub(super) fn new(id: UtteranceId, from: CallTime) -> Self {
        Self {
            id,
            open_from: from,
            committed: Vec::new(),
            paused_at: None,
            last_pass: 0,
            partial: None,
            agreement: Agreement::default(),
            heard_until: None,
            piece: None,
            last: None,
            transcript: None,
            failed: false,
            decided_at: None,
        }
    }

    /// The caller goes on: what was known of the end is so no more.
    pub(super) fn goes_on(&mut self) {
        self.paused_at = None;
        self.decided_at = None;
        self.transcript = None;
        self.failed = false;
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
    pub(super) fn ask_for_last(&mut self) -> u32 {
        let pass = self.next_pass();
        self.partial = None;
        self.last = Some(pass);
        self.transcript = None;
        self.failed = false;
        pass
    }

    /// Asks for a piece, which will be committed; one at a time.
    pub(super) fn ask_for_piece(&mut self) -> Option<u32> {
        if self.piece.is_some() {
            return None;
        }
        let pass = self.next_pass();
        self.partial = None;
        self.piece = Some(pass);
        self.begin_anew();
        Some(pass)
    }

    fn next_pass(&mut self) -> u32 {
        self.last_pass += 1;
        self.last_pass
    }

    /// The open part begins now: what was heard of the old one says nothing about it.
    fn begin_anew(&mut self) {
        self.agreement = Agreement::default();
        self.heard_until = None;
    }

    /// Which of those that are awaited has come; it is awaited no longer.
    pub(super) fn arrived(&mut self, pass: u32) -> Kind {
        if let Some((_, asked)) = self.partial.take_if(|(number, _)| *number == pass) {
            Kind::Partial(asked)
        } else if self.piece.take_if(|number| *number == pass).is_some() {
            Kind::Piece
        } else if self.last.take_if(|number| *number == pass).is_some() {
            Kind::Last
        } else {
            Kind::Stale
        }
    }

    /// Takes the words of a partial transcription that had heard up to `until`.
    pub(super) fn hear(&mut self, text: &str, until: CallTime) {
        self.agreement.hear(text);
        self.heard_until = Some(until);
    }

    /// What a partial transcription said that had heard everything up to `end`.
    pub(super) fn already_heard(&self, end: CallTime) -> Option<String> {
        self.heard_until.filter(|&until| until >= end)?;
        Some([self.agreement.stable(), self.agreement.unstable()].concat().join(" "))
    }

    /// All words that will stay, and those that may not.
    pub(super) fn hearing(&self) -> (String, String) {
        let stable = [self.committed.as_slice(), self.agreement.stable()].concat();
        (stable.join(" "), self.agreement.unstable().join(" "))
    }

    /// These words stand; the open part begins at `from`.
    pub(super) fn commit(&mut self, text: &str, from: Option<CallTime>) {
        self.committed.extend(text.split_whitespace().map(str::to_owned));
        if let Some(from) = from {
            self.open_from = from;
            self.begin_anew();
        }
    }

    /// A piece was cut off and its words are not known yet.
    pub(super) fn awaits_piece(&self) -> bool {
        self.piece.is_some()
    }

    /// All words: the committed ones and those of the last transcription.
    pub(super) fn words(&self, last: &str) -> String {
        let last = last.split_whitespace().map(str::to_owned).collect();
        [self.committed.clone(), last].concat().join(" ")
    }
}
