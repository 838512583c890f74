// The client of offhook's own protocol, version 1 (docs/protocol.md): it opens the socket, sends the start,
// and turns messages into calls of named functions. It must not know the page, or how audio is recorded and
// played.

const VERSION = 1;
const LONGEST_BACKLOG = 64000; // bytes; about two seconds of audio. More would be heard too late to be of use
const FAREWELL_MS = 3000; // how long the summary may take after the client has hung up

export class Line {
  /**
   * Opens a call. `start` has what `session.start` may have besides version and audio: `caller`, `agent`,
   * `data`; `ticket` is for a call in which unsaved settings are tried, or "". `on` may have a function for
   * every type of message (`started`, `audio`, `mark`, `clear`, `hearing`, `turn`, `pong`, `summary`,
   * `error`; `heard` and `saying` come from servers that tell words before a turn is over), and must have
   * `closed({opened, started, code, reason})`, which comes last.
   */
  constructor(rate, start, on, ticket = "") {
    this.rate = rate;
    this.start = start;
    this.on = on;
    this.opened = false;
    this.started = false;
    this.sentMs = 0;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const query = ticket ? `?trial=${encodeURIComponent(ticket)}` : "";
    this.socket = new WebSocket(`${scheme}://${location.host}/offhook${query}`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.begin();
    this.socket.onmessage = ({ data }) => this.receive(data);
    this.socket.onclose = ({ code, reason }) => this.closed(code, reason);
  }

  begin() {
    this.opened = true;
    const audio = { encoding: "pcm16le", sample_rate: this.rate, transport: "binary" };
    this.send({ type: "session.start", version: VERSION, audio, ...this.start });
  }

  receive(data) {
    if (typeof data !== "string") {
      this.on.audio?.(samplesOf(data));
      return;
    }
    const message = parsed(data);
    if (message?.type === "session.started") {
      this.started = true;
      this.on.started?.(message);
    } else if (message?.type === "session.summary") {
      this.on.summary?.(message);
    } else if (message?.type === "audio") {
      this.on.audio?.(samplesOf(bytesOf(message.payload)));
    } else if (KNOWN.has(message?.type)) {
      this.on[message.type]?.(message);
    } // anything else is from a newer server: the protocol says to ignore it
  }

  /** 20 ms of the caller, silence included. Dropped while the network is stuck: late speech helps nobody. */
  sendAudio(samples) {
    if (!this.started || !this.isOpen()) return;
    if (this.socket.bufferedAmount > LONGEST_BACKLOG) return;
    this.sentMs += (samples.length * 1000) / this.rate;
    this.socket.send(samples);
  }

  returnMark(name) {
    this.send({ type: "mark", name });
  }

  pressKey(digit) {
    this.send({ type: "dtmf", digit });
  }

  interrupt() {
    this.send({ type: "interrupt" });
  }

  /** Hangs up: the summary comes, then the server closes. If it does not, the client does. */
  end() {
    if (!this.started) return this.socket.close(1000);
    this.send({ type: "session.end" });
    this.farewell ??= setTimeout(() => this.socket.close(1000), FAREWELL_MS);
  }

  send(message) {
    if (this.isOpen()) this.socket.send(JSON.stringify(message));
  }

  isOpen() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  closed(code, reason) {
    clearTimeout(this.farewell);
    this.on.closed({ opened: this.opened, started: this.started, code, reason });
  }
}

const KNOWN = new Set(["mark", "clear", "hearing", "heard", "saying", "turn", "pong", "error"]);

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a single broken message ends no call
  }
}

/** Little-endian on the wire, like every machine that has a browser. */
function samplesOf(buffer) {
  return new Int16Array(buffer, 0, buffer.byteLength >> 1);
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer;
}
