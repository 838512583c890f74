// Plays the agent's audio in the order in which it comes, and calls back when the audio before a point was
// heard or thrown away. It must not know the socket or the protocol's messages.

export class Player {
  /**
   * `onLevel({rms, waiting})` comes 25 times a second: the loudness, and the seconds that are still to be
   * played.
   */
  static async open(context, rate, onLevel) {
    await context.audioWorklet.addModule("/console/player_worklet.js");
    return new Player(context, rate, onLevel);
  }

  constructor(context, rate, onLevel) {
    this.context = context;
    this.node = new AudioWorkletNode(context, "player", {
      numberOfInputs: 0,
      numberOfOutputs: 1,
      outputChannelCount: [2],
      processorOptions: { rate },
    });
    this.points = new Map();
    this.next = 0;
    this.node.port.onmessage = ({ data }) => (data.mark === undefined ? onLevel(data) : this.reached(data));
    this.node.connect(context.destination);
  }

  /** `samples` is an Int16Array, which is handed over. */
  play(samples) {
    this.node.port.postMessage({ kind: "audio", samples }, [samples.buffer]);
  }

  /** Calls `callback(true)` when all audio so far was heard, or `callback(false)` when it was thrown away. */
  after(callback) {
    const id = this.next++;
    this.points.set(id, callback);
    this.node.port.postMessage({ kind: "mark", id, latency: this.context.outputLatency || 0 });
  }

  clear() {
    this.node.port.postMessage({ kind: "clear" });
  }

  reached({ mark, heard }) {
    const callback = this.points.get(mark);
    this.points.delete(mark);
    callback?.(heard);
  }

  close() {
    this.node.port.onmessage = null;
    this.node.port.postMessage({ kind: "stop" });
    this.node.disconnect();
  }
}
