/** A recorded run for people: its ladder, and whether it can be made again. */
import { defaultCrypto } from '../crypto/index.ts';
import type { Crypto } from '../crypto/provider.ts';
import type { Action, Input, Millis } from '../ike/actions.ts';
import type { NumberedLine } from '../ike/recorded-line.ts';
import { type RecordedLine, ReplayError, recordedLines, replayLines, type Sent } from '../ike/recording.ts';
import { Flight } from './flight.ts';
import { KeyRing } from './key-ring.ts';
import { ladder } from './ladder.ts';
import { seeded } from './seeded.ts';

export interface ReplayReport {
  /** Everything that went into the engine. */
  readonly inputs: number;
  readonly received: number;
  readonly sent: number;
  /** Every octet the engine sends is as it was; false of a recording without secrets. */
  readonly reproduced: boolean;
  /** Its last line is the end: nothing was cut off. */
  readonly ended: boolean;
}

export interface ReplayOptions {
  readonly crypto?: Crypto;
  /** A line for each payload too. */
  readonly details?: boolean;
}

/**
 * Runs a recording again and gives `write` its ladder, messages decrypted. Of a recording without secrets only what anybody
 * could read on the wire is told. Throws ReplayError where the run comes out another.
 */
export function replayReport(
  lines: Iterable<string>,
  write: (line: string) => void,
  options: ReplayOptions = {},
): ReplayReport {
  const story = new Story(write, options);
  const read = recordedLines(lines);
  const start = read.next();
  if (start.done) throw new ReplayError(1, 'there is nothing in it');
  const first = start.value;
  let ended = false;
  function* all(): Generator<NumberedLine> {
    yield first;
    for (const line of read) {
      ended = line.end === true;
      yield line;
    }
  }
  if (first.secrets === false) {
    for (const line of all()) story.tell(line);
    return { ...story.counts, reproduced: false, ended };
  }
  for (const step of replayLines(all(), options.crypto ?? defaultCrypto, { keyLog: true })) story.step(step);
  return { ...story.counts, reproduced: true, ended };
}

class Story {
  readonly #keys = new KeyRing(seeded('replay'));
  readonly #write: (line: string) => void;
  readonly #details: boolean;
  readonly #crypto: Crypto;
  readonly #counts = { inputs: 0, received: 0, sent: 0 };
  #began: Millis | undefined;

  constructor(write: (line: string) => void, { details = false, crypto = defaultCrypto }: ReplayOptions) {
    this.#write = write;
    this.#details = details;
    this.#crypto = crypto;
  }

  get counts() {
    return { ...this.#counts };
  }

  step({ now, input, actions }: { now: Millis; input: Input; actions: readonly Action[] }): void {
    const late = this.#received(now, input);
    for (const action of actions)
      if (action.type === 'event' && action.event.kind === 'keys')
        this.#keys.learn(action.event, this.#crypto);
    late?.();
    for (const action of actions) if (action.type === 'transmit') this.#sent(now, action);
  }

  tell({ now, start, input, sent = [] }: RecordedLine): void {
    if (start !== undefined) this.#began = now;
    if (input === undefined) return;
    this.#received(now, input)?.();
    for (const each of sent) this.#sent(now, each);
  }

  /** To be told once the keys of its turn are known. */
  #received(now: Millis, input: Input): (() => void) | undefined {
    this.#began ??= now;
    this.#counts.inputs++;
    if (input.type !== 'datagram') return undefined;
    const number = ++this.#counts.received + this.#counts.sent;
    return () => this.#tell(number, now, input.remote, input.local, input.octets);
  }

  #sent(now: Millis, { local, remote, octets }: Sent): void {
    this.#tell(++this.#counts.sent + this.#counts.received, now, local, remote, octets);
  }

  #tell(
    number: number,
    now: Millis,
    source: Sent['local'],
    destination: Sent['remote'],
    octets: Uint8Array,
  ): void {
    const flight = new Flight(number, now - (this.#began ?? now), source, destination, octets, this.#keys);
    for (const line of ladder({ flights: [flight] }, { details: this.#details })) this.#write(line);
  }
}
