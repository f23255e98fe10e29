/** The responder of bench/responder: an engine as the daemon makes it, its CPU counted only while it works. */
import { nodeCrypto } from '../src/crypto/index.ts';
import type { Random } from '../src/crypto/provider.ts';
import type { Input } from '../src/ike/actions.ts';
import { type Held, IkeEngine } from '../src/ike/engine.ts';
import { PrivateKeys } from '../src/ike/private-keys.ts';
import { type Parcel, turned } from './initiators.ts';
import { type Known, privateKeysOf, responderPolicy, type Suite, unixTime } from './suites.ts';

export interface AnsweringOptions {
  readonly known?: Known;
  /** Connections loaded. */
  readonly conns?: number;
}

export class Answering {
  readonly #engine: IkeEngine;
  readonly #keys: PrivateKeys;

  constructor(suite: Suite, random: Random, { known, conns }: AnsweringOptions = {}) {
    this.#engine = new IkeEngine({
      ...{ now: 0, unixTime, crypto: nodeCrypto, random },
      policy: responderPolicy(suite, known, conns),
    });
    this.#keys = new PrivateKeys(privateKeysOf(suite), nodeCrypto, random);
  }

  get held(): Held {
    return this.#engine.held;
  }

  /** What it answers, and the µs of CPU that took. */
  take(parcels: readonly Parcel[]): { readonly replies: readonly Parcel[]; readonly cpu: number } {
    const replies: Parcel[] = [];
    // As from a socket: octets that are nobody else's.
    const inputs = parcels.map(
      ({ path, octets }): Input => ({ type: 'datagram', ...turned(path), octets: octets.slice() }),
    );
    const before = process.cpuUsage();
    inputs.forEach((input, at) => {
      this.#feed(parcels[at]?.n ?? 0, input, replies);
    });
    const { user, system } = process.cpuUsage(before);
    return { replies, cpu: user + system };
  }

  #feed(n: number, input: Input, replies: Parcel[]): void {
    for (const action of this.#engine.handle(0, input)) {
      if (action.type === 'transmit') {
        const { socket, local, remote, octets } = action;
        replies.push({ n, path: { socket, local, remote }, octets });
      } else if (action.type === 'ask') {
        const { id, ask } = action;
        const answer = (ask.kind === 'sign' && this.#keys.answer(ask)) || { ok: true as const };
        this.#feed(n, { type: 'answer', id, answer }, replies);
      } else if (action.type === 'event' && action.event.kind === 'bug') {
        throw new Error(action.event.stack);
      }
    }
    // As the loop does after each turn.
    void this.#engine.wakeAt;
  }
}
