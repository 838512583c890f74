// A caller from the shipped recordings, for people without a microphone: the same kind of source as the
// microphone, and audible, too. It must not know the socket, or when it is polite to speak: others tell it.

/** The recordings of this server: `{file, text}` each. A list of bare names is understood, too. */
export async function recordedCallers() {
  const answer = await fetch("/console/callers.json");
  if (!answer.ok) throw new Error(`the server has no recorded callers (${answer.status})`);
  const list = await answer.json();
  return list.map((entry) => (typeof entry === "string" ? { file: entry, text: entry } : entry));
}

export class RecordedCaller {
  constructor(context) {
    this.context = context;
    this.node = context.createGain();
    this.audible = context.createGain();
    this.audible.gain.value = 0.7;
    this.node.connect(this.audible).connect(context.destination);
    this.speaking = null;
    this.loaded = new Map();
  }

  watch() {} // nothing can be unplugged

  /** Speaks one recording in real time; resolves to true when it is over, to false if it was cut. */
  async say(file) {
    const buffer = await this.load(file);
    this.quiet();
    const voice = this.context.createBufferSource();
    voice.buffer = buffer;
    voice.connect(this.node);
    this.speaking = voice;
    return new Promise((resolve) => {
      voice.onended = () => {
        const whole = this.speaking === voice;
        if (whole) this.speaking = null;
        resolve(whole);
      };
      voice.start();
    });
  }

  async load(file) {
    if (!this.loaded.has(file)) {
      const answer = await fetch(`/console/callers/${encodeURIComponent(file)}`);
      if (!answer.ok) throw new Error(`the recording ${file} is missing on the server`);
      this.loaded.set(file, await this.context.decodeAudioData(await answer.arrayBuffer()));
    }
    return this.loaded.get(file);
  }

  quiet() {
    const voice = this.speaking;
    this.speaking = null;
    voice?.stop();
  }

  stop() {
    this.quiet();
    this.node.disconnect();
    this.audible.disconnect();
  }
}
