// The caller's side of the audio: a source (the microphone, or a recorded caller) and the worklet that cuts
// it into frames. It must not know the socket: it hands every frame to one function.

/** What the caller's audio looks like on the line. */
export const RATE = 16000;
const FRAME = RATE / 50; // 20 ms

/**
 * Asks for the microphone. The agent's voice comes from this machine's speakers, so its echo is cancelled.
 */
export async function openMicrophone(context) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
  });
  const node = context.createMediaStreamSource(stream);
  return {
    node,
    /** `lost` is called if the device is unplugged, or the permission taken back. */
    watch: (lost) => stream.getAudioTracks().forEach((track) => track.addEventListener("ended", lost)),
    stop() {
      node.disconnect();
      stream.getTracks().forEach((track) => track.stop());
    },
  };
}

export class Capture {
  /** Hands every 20 ms of the source to `onFrame`, as an Int16Array. */
  static async open(context, onFrame) {
    await context.audioWorklet.addModule("/console/capture_worklet.js");
    return new Capture(context, onFrame);
  }

  constructor(context, onFrame) {
    this.node = new AudioWorkletNode(context, "capture", {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      processorOptions: { rate: RATE, frame: FRAME },
    });
    this.muted = false;
    this.node.port.onmessage = ({ data }) => onFrame(this.muted ? data.fill(0) : data);
    // Its output is silence. Browsers only run what leads to the loudspeaker.
    this.node.connect(context.destination);
  }

  listenTo(source) {
    source.node.connect(this.node);
  }

  close() {
    this.node.port.onmessage = null;
    this.node.port.postMessage("stop");
    this.node.disconnect();
  }
}
