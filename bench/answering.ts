/** The responder of bench/responder: an engine as the daemon makes it, its CPU counted only while it works. */
import { randomBytes } from 'node:crypto';
import { nodeCrypto } from '../src/crypto/index.ts';
import type { Input } from '../src/ike/actions.ts';
import { type Held, IkeEngine } from '../src/ike/engine.ts';
import { PrivateKeys } from '../src/ike/private-keys.ts';
import { type Parcel, turned } from './initiators.ts';
import { type Known, privateKeysOf, responderPolicy, type Suite, unixTime } from './suites.ts';

export interface AnsweringOptions {
  readonly known?: Known;
  readonly conns?: number;
}

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

export class Answering {
  readonly #engine: IkeEngine;
  readonly #keys: PrivateKeys;

  constructor(suite: Suite, { known, conns }: AnsweringOptions = {}) {
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
    const before = process.cpuUsage();
    for (const { n, path, octets } of parcels)
      this.#feed(n, { type: 'datagram', ...turned(path), octets }, replies);
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
