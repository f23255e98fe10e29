/**
 * The other end of bench/responder, written down once: what initiators say to a responder that draws the octets of a seed
 * is the same each time the responder draws them again, and then costs nothing.
 */
import { randomBytes } from 'node:crypto';
import { nodeCrypto } from '../src/crypto/index.ts';
import type { Random } from '../src/crypto/provider.ts';
import type { Input, Path } from '../src/ike/actions.ts';
import { IkeEngine } from '../src/ike/engine.ts';
import { PrivateKeys } from '../src/ike/private-keys.ts';
import { seeded } from '../src/testing/seeded.ts';
import { Answering, type AnsweringOptions } from './answering.ts';
import { initiatorPolicy, privateKeysOf, type Suite, unixTime } from './suites.ts';

/** A datagram of one of the initiators, or for it. */
export interface Parcel {
  readonly n: number;
  readonly path: Path;
  readonly octets: Uint8Array;
}

/** All first datagrams, then all second ones. */
export type Script = readonly (readonly Parcel[])[];

export interface Recorded {
  readonly script: Script;
  /** A source of the same octets, from the beginning. */
  draws(): Random;
}

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

/** `count` initiators, from the n-th on, in batches whose messages come together. */
export function record(
  suite: Suite,
  {
    count,
    from = 0,
    batch = count,
    ...options
  }: { count: number; from?: number; batch?: number } & AnsweringOptions,
): Recorded {
  const stream = tape();
  const end = new Answering(suite, stream.record, options);
  const script: (readonly Parcel[])[] = [];
  for (let at = 0; at < count; at += batch) {
    const initiators = new Initiators(suite, from + at, Math.min(batch, count - at));
    for (let parcels = initiators.begin(); parcels.length > 0; ) {
      script.push(parcels);
      const { replies } = end.take(parcels);
      parcels = suite.stop ? [] : initiators.take(replies);
    }
    if (!suite.stop && initiators.children < initiators.count) throw new Error(`${suite.name}: no child`);
  }
  return { script, draws: stream.replay };
}

/** Octets drawn once, and handed out again as copies, as a pool of random octets does. */
function tape(): { record: Random; replay: () => Random } {
  const source = seeded('bench');
  const drawn: Uint8Array[] = [];
  return {
    record(length) {
      const octets = source.random(length);
      drawn.push(octets.slice());
      return octets;
    },
    replay() {
      let at = 0;
      return (length) => {
        const octets = drawn[at++]?.slice();
        if (octets?.length !== length) throw new Error(`draw ${at}: not those of the recording`);
        return octets;
      };
    },
  };
}

class Initiators {
  readonly count: number;
  readonly #engines = new Map<number, IkeEngine>();
  readonly #keys: PrivateKeys;

  constructor(suite: Suite, from: number, count: number) {
    this.count = count;
    this.#keys = new PrivateKeys(privateKeysOf(suite), nodeCrypto, random);
    for (let n = from; n < from + count; n++) {
      const policy = initiatorPolicy(suite, n);
      const options = { now: 0, unixTime, policy, crypto: nodeCrypto, random, messages: false };
      this.#engines.set(n, new IkeEngine(options));
    }
  }

  begin(): Parcel[] {
    const up: Input = { type: 'command', command: { kind: 'up', name: 'bench' } };
    return [...this.#engines.keys()].flatMap((n) => this.#feed(n, up));
  }

  take(parcels: readonly Parcel[]): Parcel[] {
    return parcels.flatMap(({ n, path, octets }) =>
      this.#feed(n, { type: 'datagram', ...turned(path), octets }),
    );
  }

  get children(): number {
    return [...this.#engines.values()].filter((engine) => engine.status().ikeSas[0]?.children.length === 1)
      .length;
  }

  #feed(n: number, first: Input): Parcel[] {
    const parcels: Parcel[] = [];
    const inputs = [first];
    for (let input = inputs.shift(); input !== undefined; input = inputs.shift()) {
      for (const action of this.#engines.get(n)?.handle(0, input) ?? []) {
        if (action.type === 'transmit') {
          const { socket, local, remote, octets } = action;
          parcels.push({ n, path: { socket, local, remote }, octets });
        } else if (action.type === 'ask') {
          const { id, ask } = action;
          const answer = ask.kind === 'sign' ? this.#keys.answer(ask) : undefined;
          inputs.push({ type: 'answer', id, answer: answer ?? { ok: true } });
        }
      }
    }
    return parcels;
  }
}

/** The path as the other end sees it. */
export const turned = ({ socket, local, remote }: Path): Path => ({ socket, local: remote, remote: local });
