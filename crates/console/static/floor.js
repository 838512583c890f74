// Tells who has the floor, from the loudness of both sides and the words that were recognised: listening,
// caller, thinking, speaking. Only for showing: the server decides about turns. It must not know the page or
// the audio.

const CALLER_RMS = 0.01; // -40 dB of full scale
const AGENT_RMS = 0.003;
const ENOUGH = 5; // frames of 20 ms: a click is no speech
const AGENT_PAUSE_MS = 450; // between two sentences, the agent still has the floor
const LONGEST_THINKING_MS = 6000;

export class Floor {
  constructor(changed) {
    this.changed = changed;
    this.state = "";
    this.voiced = 0;
    this.callerAt = -Infinity;
    this.agentAt = -Infinity;
    this.wordsAt = -Infinity;
  }

  /** 20 ms of the caller. */
  caller(rms, now) {
    this.voiced = Math.max(0, Math.min(3 * ENOUGH, this.voiced + (rms > CALLER_RMS ? 1 : -1)));
    if (rms > CALLER_RMS) this.callerAt = now;
    this.decide(now);
  }

  agent(rms, now) {
    if (rms > AGENT_RMS) this.agentAt = now;
    this.decide(now);
  }

  /** The server recognised words. */
  words(now) {
    this.wordsAt = now;
  }

  /** The server stopped the agent. */
  cut() {
    this.agentAt = -Infinity;
  }

  decide(now) {
    const state = this.at(now);
    if (state === this.state) return;
    this.state = state;
    this.changed(state);
  }

  at(now) {
    if (now - this.agentAt < AGENT_PAUSE_MS) return "speaking";
    if (this.voiced >= ENOUGH) return "caller";
    const waits = this.wordsAt > this.agentAt && now - this.wordsAt < LONGEST_THINKING_MS;
    return waits ? "thinking" : "listening";
  }
}
