// Knows which piece of the agent's speech is being heard, from the marks behind the pieces. It must not know
// the words, the page or the audio.

export class Pieces {
  constructor() {
    this.ahead = []; // {mark, begin, begun}, in the order in which they are spoken
  }

  /** A piece that will end with `mark`. `begin` is called when it is first heard. */
  expect(mark, begin) {
    this.ahead.push({ mark, begin, begun: false });
  }

  /** The agent is heard. */
  sounds() {
    const [piece] = this.ahead;
    if (!piece || piece.begun) return;
    piece.begun = true;
    piece.begin();
  }

  /** Everything before `mark` was heard. */
  passed(mark) {
    const index = this.ahead.findIndex((piece) => piece.mark === mark);
    this.ahead.splice(0, index + 1);
  }

  /** The reply is over, or was cut. */
  forget() {
    this.ahead = [];
  }
}
