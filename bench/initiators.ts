/** The other end of bench/responder: initiators in a process of their own, so that none of their time or memory is the responder's. */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { nodeCrypto } from '../src/crypto/index.ts';
import type { Input, Path } from '../src/ike/actions.ts';
import { IkeEngine } from '../src/ike/engine.ts';
import { PrivateKeys } from '../src/ike/private-keys.ts';
import { initiatorPolicy, privateKeysOf, suiteNamed, unixTime } from './suites.ts';

/** A datagram of one of the initiators, or for it. */
export interface Parcel {
  readonly n: number;
  readonly path: Path;
  readonly octets: Uint8Array;
}

type Errand =
  /** Makes initiators `from` to `from + count`, and tells their first datagrams. */
  | { readonly kind: 'begin'; readonly suite: string; readonly from: number; readonly count: number }
  /** Hands over answers, and tells what the initiators say to them. */
  | { readonly kind: 'take'; readonly parcels: readonly Parcel[] }
  /** How many of those begun last have their child. */
  | { readonly kind: 'children' };

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

class Initiators {
  readonly #engines = new Map<number, IkeEngine>();
  #keys = new PrivateKeys([], nodeCrypto, random);

  do(errand: Errand): readonly Parcel[] | number {
    switch (errand.kind) {
      case 'begin': {
        const suite = suiteNamed(errand.suite);
        this.#keys = new PrivateKeys(privateKeysOf(suite), nodeCrypto, random);
        this.#engines.clear();
        const parcels: Parcel[] = [];
        for (let n = errand.from; n < errand.from + errand.count; n++) {
          const policy = initiatorPolicy(suite, n);
          const options = { now: 0, unixTime, policy, crypto: nodeCrypto, random, messages: false };
          this.#engines.set(n, new IkeEngine(options));
          parcels.push(...this.#feed(n, { type: 'command', command: { kind: 'up', name: 'bench' } }));
        }
        return parcels;
      }
      case 'take':
        return errand.parcels.flatMap(({ n, path, octets }) =>
          this.#feed(n, { type: 'datagram', ...turned(path), octets }),
        );
      case 'children':
        return [...this.#engines.values()].filter(
          (engine) => engine.status().ikeSas[0]?.children.length === 1,
        ).length;
    }
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

/** Runs errands in a child process, one after the other. */
export class InitiatorProcess {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(fileURLToPath(import.meta.url), ['--serve'], { serialization: 'advanced' });
  }

  begin(suite: string, from: number, count: number): Promise<readonly Parcel[]> {
    return this.#run({ kind: 'begin', suite, from, count }) as Promise<readonly Parcel[]>;
  }

  take(parcels: readonly Parcel[]): Promise<readonly Parcel[]> {
    return this.#run({ kind: 'take', parcels }) as Promise<readonly Parcel[]>;
  }

  children(): Promise<number> {
    return this.#run({ kind: 'children' }) as Promise<number>;
  }

  close(): void {
    this.#child.disconnect();
  }

  #run(errand: Errand): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#child.once('message', resolve);
      this.#child.send(errand, (error) => error && reject(error));
    });
  }
}

if (process.argv[2] === '--serve') {
  const initiators = new Initiators();
  process.on('message', (errand: Errand) => process.send?.(initiators.do(errand)));
}
