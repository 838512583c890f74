//! The decision whether a frame of the caller's audio is only the echo of the agent's voice. Must not know
//! samples or delays.

use super::noise_floor::NoiseFloor;
use super::power::{dbfs, of_dbfs};

/// The agent counts as audible above this level where the echo is heard, in dBFS. A weaker reference leaves
/// nothing that a detector would take for speech.
const AGENT_AUDIBLE_DBFS: f32 = -60.0;

/// What is left of a frame is no sound below this level, in dBFS: 12 dB below what counts as audible, the
/// most that the level control adds.
const NO_SOUND_DBFS: f32 = -62.0;

/// Nor is it a sound if it is less than this above the noise of the line (6 dB).
const ABOVE_NOISE: f32 = 4.0;

/// What is left of an echo varies around its mean by about 5 dB. A frame this much above the mean, in dB, is
/// not explained by the echo.
const MARGIN_DB: f32 = 7.0;

/// How fast the means follow a frame: 0.2 s, and in the first frames faster.
const FOLLOW: f32 = 0.1;
const FOLLOW_AT_FIRST: f32 = 0.3;
const AT_FIRST: u32 = 20;

/// The means rise by this much in a frame that was not explained, in dB (1 dB a second): an estimate that is
/// too low does not stay too low for ever.
const RISE_DB: f32 = 0.02;

/// The share of the power that rings on from one frame to the next (-4 dB in 20 ms: 300 ms until -60 dB, a
/// small room).
const RINGS_ON: f32 = 0.4;

/// The canceller works if it leaves less than this of an echo, in dB.
const WORKS_DB: f32 = -6.0;

/// A correlation whose square exceeds this shows that the agent's voice is in the audio.
const COHERENT: f32 = 0.25;

/// The caller speaks if this many frames more were speech than were not: then frames that look like echo pass
/// too, so that soft sounds between loud ones are not lost. At most [`MOST_EVIDENCE`] are counted, so that
/// speech is over 100 ms after its last frame.
const ENOUGH_EVIDENCE: u32 = 5;
const MOST_EVIDENCE: u32 = 10;

/// The powers of one frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Powers {
    /// What was heard.
    pub(super) heard: f32,
    /// What the canceller left of it.
    pub(super) left: f32,
    /// What the canceller predicted.
    pub(super) predicted: f32,
    /// The loudest part of the agent's audio that can sound in the frame.
    pub(super) sent: f32,
    /// The square of the best correlation of the last 100 ms: the share of the power that is the agent's
    /// voice at some delay.
    pub(super) coherence: f32,
    /// That is not the delay at which the canceller works.
    pub(super) elsewhere: bool,
    /// The share of the power that the canceller left of the last 100 ms.
    pub(super) left_share: f32,
}

/// A decision about a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing but echo and noise: it is taken out.
    Echo,
    /// The caller, or a moment at which the agent is silent: it passes.
    Caller,
}

/// The memory of the decisions.
#[derive(Debug)]
pub(super) struct Judge {
    /// What is left of an echo, over the agent's audio and over the prediction: means, in dB.
    over_sent: f32,
    over_predicted: f32,
    sent: f32,
    predicted: f32,
    judged: u32,
    evidence: u32,
}

impl Default for Judge {
    /// At first, an echo is expected to come back half as loud as it was sent, and no canceller helps.
    fn default() -> Self {
        Self { over_sent: -6.0, over_predicted: 0.0, sent: 0.0, predicted: 0.0, judged: 0, evidence: 0 }
    }
}

impl Judge {
    /// Judges a frame.
    pub(super) fn judge(&mut self, powers: Powers, noise: &NoiseFloor) -> Verdict {
        let left = powers.left.min(powers.heard);
        self.sent = powers.sent.max(self.sent * RINGS_ON);
        self.predicted = powers.predicted.max(self.predicted * RINGS_ON);

        let is_no_sound = left < of_dbfs(NO_SOUND_DBFS) || left < ABOVE_NOISE * noise.power();
        let agent_is_audible = dbfs(self.sent) > AGENT_AUDIBLE_DBFS;
        let is_echo = agent_is_audible && (is_no_sound || self.is_missed(powers) || self.explains(left));
        if agent_is_audible {
            self.learn(left, is_echo && (is_no_sound || self.explains(left)), is_no_sound);
        }
        self.evidence = if is_echo || is_no_sound {
            self.evidence.saturating_sub(1)
        } else {
            (self.evidence + 1).min(MOST_EVIDENCE)
        };
        if is_echo && self.evidence < ENOUGH_EVIDENCE { Verdict::Echo } else { Verdict::Caller }
    }

    /// The canceller left more than would be left if the agent's voice were subtracted at a single delay: it
    /// does not fit, so that what is left says nothing. It is then the correlation that shows the echo.
    fn is_missed(&self, powers: Powers) -> bool {
        (powers.elsewhere || self.over_predicted > WORKS_DB)
            && powers.coherence > COHERENT
            && powers.left_share > 1.0 - powers.coherence
    }

    /// The agent is silent for so long that whoever speaks is not judged: when it speaks again, nobody else
    /// is known to speak.
    pub(super) fn rest(&mut self) {
        self.evidence = 0;
    }

    /// Nobody but the agent was heard lately.
    pub(super) fn is_alone(&self) -> bool {
        self.evidence == 0
    }

    /// What is left is no more than what an echo leaves, measured by what was sent or by what was predicted.
    /// The second is the better measure once the canceller works, the first before.
    fn explains(&self, left: f32) -> bool {
        dbfs(left) - dbfs(self.sent) < self.over_sent + MARGIN_DB
            || dbfs(left) - dbfs(self.predicted) < self.over_predicted + MARGIN_DB
    }

    fn learn(&mut self, left: f32, is_echo: bool, is_no_sound: bool) {
        if !is_echo {
            // A voice that speaks over the agent for minutes must not become an echo.
            self.over_sent = (self.over_sent + RISE_DB).min(0.0);
            self.over_predicted = (self.over_predicted + RISE_DB).min(0.0);
            return;
        }
        self.judged = self.judged.saturating_add(1);
        let follow = if self.judged < AT_FIRST { FOLLOW_AT_FIRST } else { FOLLOW };
        let over_sent = dbfs(left) - dbfs(self.sent);
        let over_predicted = (dbfs(left) - dbfs(self.predicted)).min(0.0);
        for (mean, new) in [(&mut self.over_sent, over_sent), (&mut self.over_predicted, over_predicted)] {
            // Noise says at most how little the echo leaves, not how much.
            if new < *mean || !is_no_sound {
                *mean += follow * (new - *mean);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line on which the agent at -20 dBFS comes back at -35, and the canceller leaves this.
    fn echo(left_dbfs: f32) -> Powers {
        Powers {
            heard: of_dbfs(-35.0),
            left: of_dbfs(left_dbfs),
            predicted: of_dbfs(-35.0),
            sent: of_dbfs(-20.0),
            coherence: 0.5,
            elsewhere: false,
            left_share: 0.01,
        }
    }

    fn quiet_line() -> NoiseFloor {
        let mut noise = NoiseFloor::default();
        noise.hear(of_dbfs(-75.0));
        noise
    }

    /// A judge who has heard two seconds of an echo of which -55 dBFS are left.
    fn experienced() -> Judge {
        let mut judge = Judge::default();
        for _ in 0..100 {
            assert_eq!(judge.judge(echo(-55.0), &quiet_line()), Verdict::Echo);
        }
        judge
    }

    #[test]
    fn what_is_no_louder_than_an_echo_leaves_is_echo_and_more_is_the_caller() {
        for (left, verdict) in [(-57.0, Verdict::Echo), (-50.0, Verdict::Echo), (-45.0, Verdict::Caller)] {
            assert_eq!(experienced().judge(echo(left), &quiet_line()), verdict, "{left}");
        }
    }

    #[test]
    fn where_the_agent_is_silent_everything_passes() {
        let silent = Powers { sent: 0.0, predicted: 0.0, ..echo(-35.0) };
        assert_eq!(Judge::default().judge(silent, &quiet_line()), Verdict::Caller);
        // What rings on in the room is still the agent, for a while.
        let mut judge = experienced();
        let ringing = Powers { sent: 0.0, predicted: 0.0, heard: of_dbfs(-58.0), ..echo(-58.0) };
        assert_eq!(judge.judge(ringing, &quiet_line()), Verdict::Echo);
        for _ in 0..20 {
            judge.judge(ringing, &quiet_line());
        }
        assert_eq!(judge.judge(ringing, &quiet_line()), Verdict::Caller);
    }

    #[test]
    fn a_caller_who_has_spoken_for_a_while_keeps_soft_sounds_and_then_the_echo_is_taken_out_again() {
        let mut judge = experienced();
        for _ in 0..10 {
            assert_eq!(judge.judge(echo(-38.0), &quiet_line()), Verdict::Caller);
        }
        assert!(!judge.is_alone());
        let soft: Vec<Verdict> = (0..10).map(|_| judge.judge(echo(-55.0), &quiet_line())).collect();
        assert!(soft[..4].iter().all(|verdict| *verdict == Verdict::Caller), "{soft:?}");
        assert!(soft[6..].iter().all(|verdict| *verdict == Verdict::Echo), "{soft:?}");
        assert!(judge.is_alone());
    }

    #[test]
    fn after_a_rest_the_first_frame_of_echo_is_taken_out_whoever_spoke_before_it() {
        let mut judge = experienced();
        for _ in 0..10 {
            assert_eq!(judge.judge(echo(-38.0), &quiet_line()), Verdict::Caller);
        }
        judge.rest();
        assert!(judge.is_alone());
        assert_eq!(judge.judge(echo(-55.0), &quiet_line()), Verdict::Echo);
    }

    #[test]
    fn a_caller_louder_than_the_agent_stays_the_caller_for_a_minute() {
        let mut judge = experienced();
        let loud = Powers { heard: of_dbfs(-10.0), coherence: 0.1, left_share: 1.0, ..echo(-10.0) };
        for n in 0..3000 {
            assert_eq!(judge.judge(loud, &quiet_line()), Verdict::Caller, "{n}");
        }
    }

    #[test]
    fn while_the_filter_does_not_fit_the_correlation_shows_the_echo() {
        let misfit = Powers { predicted: of_dbfs(-60.0), left_share: 1.0, ..echo(-35.0) };
        assert_eq!(experienced().judge(Powers { elsewhere: true, ..misfit }, &quiet_line()), Verdict::Echo);
        let unlike = Powers { elsewhere: true, coherence: 0.1, ..misfit };
        assert_eq!(experienced().judge(unlike, &quiet_line()), Verdict::Caller);
    }
}
