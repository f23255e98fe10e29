/** What one test has started: ended in reverse order, whatever happened. */
export class Stage {
  readonly #ends: (() => unknown)[] = [];

  /** Takes something on that has to be ended; gives it back. */
  keep<T>(one: T, end: (one: T) => unknown): T {
    this.#ends.push(() => end(one));
    return one;
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
}
