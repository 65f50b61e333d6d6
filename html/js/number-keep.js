// What a visitor says of a number goes to the server, change after change, one request at a time, however fast somebody types: what
// the server has is led to what stands on the page. A change that could not be kept stands on the page all the same.

export class NumberKeep {
  #number; #hooks; #known; #running = false;

  /** known: the state that the server has; null from when that cannot be told. hooks: send(body), PATCH /history/ID; done(answer of the
   * last); failed(error); lost(): the entry was deleted; where it is given, all is said anew. */
  constructor(number, known, hooks) {
    this.#number = number;
    this.#hooks = hooks;
    this.#known = known;
  }

  /** Something was said. */
  async touch() {
    if (this.#running) return;
    this.#running = true;
    try {
      this.#hooks.done(await this.#run(Boolean(this.#hooks.lost)));
    } catch (error) {
      this.#hooks.failed(error);
    } finally {
      this.#running = false;
    }
  }

  async #run(again) {
    let answer = null;
    try {
      while (this.#known !== this.#number.state) {
        const to = this.#number.state;
        for (const body of this.#number.changes(this.#known, to)) answer = await this.#hooks.send(body);
        this.#known = to;
      }
    } catch (error) {
      if (error.status !== 404 || !again) {
        this.#known = null; // a part of it may be there, also of what was not answered
        throw error;
      }
      this.#hooks.lost();
      this.#known = this.#number.readState;
      return this.#run(false);
    }
    return answer;
  }
}
