/** Echoes that go on while something happens. */
import { Background } from '../../interop/peers/process.ts';

export class EchoStream {
  readonly #ping: Background;

  constructor(command: readonly string[]) {
    this.#ping = new Background(command);
  }

  async stop(): Promise<void> {
    this.#ping.signal('SIGINT');
    await this.#ping.exited;
  }

  /** Ends it. How many came back, and what is missing: sequence numbers, the last one on its way excepted. */
  async end(): Promise<{ readonly received: number; readonly lost: number[] }> {
    await this.stop();
    const { output } = this.#ping;
    const received = new Set(
      [...output.matchAll(/icmp_seq=(\d+) ttl=/g)].map(([, number]) => Number(number)),
    );
    const sent = Number(/(\d+) packets transmitted/.exec(output)?.[1] ?? 0);
    if (sent === 0) throw new Error(`no echoes\n${output}`);
    const all = Array.from({ length: sent - 1 }, (_, i) => i + 1);
    return { received: received.size, lost: all.filter((number) => !received.has(number)) };
  }
}
