// One recorded call as a whole: its facts, recording and conversation, and what can be done with it. It must
// not know how calls are searched for.

import { ApiError, getBlob, getJson, remove } from "./api.js";
import { sure } from "./ask.js";
import { afterCall } from "./call_after.js";
import { allFacts, ending, figures } from "./call_facts.js";
import { Conversation } from "./call_turns.js";
import { sayTrouble } from "./door.js";
import { make } from "./element.js";
import { Recording } from "./recording.js";
import { momentsOf } from "./timeline.js";
import { date, listOf, megabytes } from "./words.js";

const BYTES_PER_MS = 32; // 8000 samples a second, twice, of 16 bits
const LARGE = 30e6; // a recording that is fetched only when somebody asks for it

export class CallView {
  /** `back` is the address of the list; `gone()` is called after the call was deleted. */
  constructor(place, back, gone) {
    Object.assign(this, { place, back, gone, recording: null, closing: new AbortController() });
  }

  /** Fetches and shows the call of this number. Returns its title. */
  async show(id) {
    const options = { signal: this.closing.signal };
    const got = await getJson(`/records/${encodeURIComponent(id)}`, {}, options);
    this.id = id;
    this.whole = { call: got.call ?? {}, turns: listOf(got.turns), events: listOf(got.events) };
    const { call } = this.whole;
    this.moments = momentsOf(this.whole);
    const hear = call.recording ? (moment) => this.hear(moment) : null;
    this.conversation = new Conversation(this.whole, this.moments, hear);
    const back = make("a", "", "← All calls");
    back.href = this.back;
    const about = make("p", "lead", make("span", "", call.caller || "unknown caller"), ", through ");
    about.append(make("span", "", call.gateway || "an unknown gateway"));
    this.sound = make("section", "card");
    const made = afterCall(call);
    this.place.replaceChildren(
      make("p", "back", back),
      make("h1", "", `Call ${call.id ?? id}`),
      about,
      make("p", "quiet", date(call.started_at)),
      ending(call),
      ...(made ? [made] : []),
      figures(call),
      this.sound,
      make("h2", "", "Conversation"),
      this.conversation.element,
      allFacts(call),
      this.tools(),
    );
    this.offerRecording();
    const title = this.place.querySelector("h1");
    title.tabIndex = -1;
    title.focus();
    return `Call ${call.id ?? id}`;
  }

  offerRecording() {
    this.sound.replaceChildren(make("h2", "", "Recording"));
    const { call } = this.whole;
    if (!call.recording) {
      const words = make("p", "quiet", "There is none. To record calls, set ");
      words.append(make("code", "", "records.recordings"), ", and tell your callers (");
      words.append(make("code", "", "agent.disclosure"), ").");
      this.sound.append(words);
      return;
    }
    const bytes = (call.duration_ms ?? 0) * BYTES_PER_MS;
    if (bytes <= LARGE) return this.load();
    const button = make("button", "", `Load it (${megabytes(bytes)})`);
    button.addEventListener("click", () => this.load());
    this.sound.append(button);
  }

  /** Resolves to the recording, which is fetched once. */
  load() {
    this.loading ??= this.fetchRecording();
    return this.loading;
  }

  async fetchRecording() {
    const told = make("p", "quiet", "Loading …");
    told.setAttribute("role", "status");
    this.sound.replaceChildren(make("h2", "", "Recording"), told);
    try {
      this.blob = await getBlob(`/records/${encodeURIComponent(this.id)}/audio`, {
        signal: this.closing.signal,
      });
      const buffer = await this.blob.arrayBuffer();
      if (this.closing.signal.aborted) return null;
      const at = (ms) => this.conversation.at(ms);
      this.recording = new Recording(this.whole, this.moments, this.blob, buffer, at);
      told.replaceWith(this.recording.element);
      this.conversation.showMoments();
    } catch (error) {
      if (!(error instanceof ApiError)) {
        if (error.name === "AbortError") return null;
        throw error;
      }
      told.textContent = `It cannot be played. ${error.message}`;
      this.loading = null;
    }
    return this.recording;
  }

  async hear(moment) {
    const recording = await this.load();
    recording?.playFrom(moment.from);
  }

  tools() {
    const tool = (words, work, kind = "") => {
      const button = make("button", kind, words);
      button.type = "button";
      button.addEventListener("click", () => this.tried(work));
      return button;
    };
    const path = `/records/${encodeURIComponent(this.id)}`;
    const row = make("div", "row");
    row.append(tool("Save as JSON", async () => save(await getBlob(path), `call-${this.id}.json`)));
    row.append(
      tool("Save the transcript", async () =>
        save(await getBlob(`${path}/transcript`), `call-${this.id}.txt`),
      ),
    );
    if (this.whole.call.recording)
      row.append(
        tool("Save the audio", async () =>
          save(this.blob ?? (await getBlob(`${path}/audio`)), `call-${this.id}.wav`),
        ),
      );
    row.append(tool("Delete …", () => this.delete(path), "danger"));
    return make("section", "tools", make("h2", "", "Keep or delete"), row);
  }

  async tried(work) {
    if (this.working) return;
    this.working = true; // the button stays enabled: a disabled one would lose the focus
    try {
      await work();
      sayTrouble(null);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      sayTrouble(error);
      window.scrollTo(0, 0);
    } finally {
      this.working = false;
    }
  }

  async delete(path) {
    const what = "Its words, figures, recording and trace are deleted for good. Backups keep theirs.";
    if (!(await sure(`Delete call ${this.whole.call.id ?? this.id}?`, what, "Delete it"))) return;
    await remove(path);
    this.gone();
  }

  close() {
    this.closing.abort();
    this.recording?.close();
    this.place.replaceChildren();
  }
}

function save(blob, name) {
  const link = make("a", "");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
