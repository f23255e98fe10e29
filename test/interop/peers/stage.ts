/** What one test has started: ended in reverse order, whatever happened. */
export class Stage {
  readonly #ends: (() => unknown)[] = [];
  #isOver = false;

  /**
   * Takes something on that has to be ended; gives it back. When the test is over, as after its time limit, it is ended at
   * once, and this throws.
   */
  async keep<T>(one: T, end: (one: T) => unknown): Promise<T> {
    if (!this.#isOver) {
      this.#ends.push(() => end(one));
      return one;
    }
    await end(one);
    throw new Error('the test is over');
  }

  /** A daemon of any kind. */
  async daemon<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
    return this.keep(await starting, (one) => one.stop());
  }

  /** Everything is ended even if something fails to; the first failure is thrown. */
  async end(): Promise<void> {
    const failures: unknown[] = [];
    for (const end of this.#ends.splice(0).reverse()) {
      try {
        await end();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** As `end`, and nothing can be started on it any more. */
  async close(): Promise<void> {
    this.#isOver = true;
    await this.end();
  }
}
