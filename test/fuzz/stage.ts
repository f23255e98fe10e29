/** An end that waits for one message of a negotiation, and gets something else. */
import { expect } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node/index.ts';
import { type Flight, type Host, type Pair, type PairOptions, pair } from '../../src/testing/index.ts';
import { remembering } from './remembering.ts';

/** Every message of a life; the number is its place among the datagrams. */
export const messages = {
  'IKE_SA_INIT request': 1,
  'IKE_SA_INIT response': 2,
  'IKE_AUTH request': 3,
  'IKE_AUTH response': 4,
  'liveness request': 5,
  'liveness response': 6,
  'child Delete request': 5,
  'child Delete response': 6,
  'IKE Delete request': 5,
  'IKE Delete response': 6,
} as const;

export type MessageName = keyof typeof messages;
export const messageNames = Object.keys(messages) as MessageName[];

export const suites: readonly (readonly [name: string, options: PairOptions])[] = [
  ['an AEAD', {}],
  ['a block cipher', { ike: 'aes128-sha2_256-x25519', esp: 'aes128-sha2_256' }],
];

const quick = remembering(nodeCrypto);

/** All has gone well up to this message, which is kept back. */
export interface Stage {
  readonly both: Pair;
  readonly victim: Host;
  readonly awaited: Flight;
}

export function stage(name: MessageName, options: PairOptions = {}): Stage {
  const both = pair({
    crypto: quick,
    history: 64,
    entry: { retransmit: { interval: 1000, timeout: 8000 } },
    ...options,
  });
  const nth = messages[name];
  both.network.fate(({ number }) => (number >= nth ? [] : undefined));
  both.up();
  if (name.startsWith('liveness')) both.initiator.command({ kind: 'liveness', name: 'pair' });
  if (name.startsWith('IKE Delete')) both.initiator.down('pair');
  if (name.startsWith('child Delete')) {
    for (const { inboundSpi } of both.initiator.children)
      both.initiator.command({ kind: 'deleteChild', spi: inboundSpi });
  }
  both.network.settle();
  const awaited = both.network.flights.find(({ number }) => number === nth);
  if (awaited === undefined) throw new Error(`no ${name}`);
  const victim = awaited.destination.address === both.initiator.address ? both.initiator : both.responder;
  return { both, victim, awaited };
}

/** Feeds one end; when that changes anything, looks at what came of it and begins anew. */
export class Fuzz {
  inputs = 0;
  /** Inputs that changed something. */
  changes = 0;
  #stage: Stage;
  readonly #make: () => Stage;
  readonly #patience: number;
  #changed = 0;
  #seen = 0;
  #told = 0;
  #print: string;

  constructor(name: MessageName, options: PairOptions = {}) {
    this.#make = () => stage(name, options);
    this.#stage = this.#make();
    // A stranger's request makes a negotiation of its own each time, which need not be looked at one by one.
    this.#patience = name === 'IKE_SA_INIT request' ? 100 : 1;
    this.#print = this.#fingerprint();
  }

  get stage(): Stage {
    return this.#stage;
  }

  /** A datagram in place of the awaited one. */
  feed(octets: Uint8Array): void {
    const { victim, awaited } = this.#stage;
    victim.receive(octets, awaited.destination, awaited.source);
    this.inputs++;
    const print = this.#fingerprint();
    if (print === this.#print) return;
    this.#print = print;
    this.changes++;
    this.#consistent();
    if (++this.#changed >= this.#patience) this.finish();
  }

  /** Both ends let go of everything; nothing may be left. */
  finish(): void {
    const { both } = this.#stage;
    both.network.fates.length = 0;
    both.initiator.down('pair');
    both.responder.down('pair');
    both.network.run();
    expect([both.initiator.leftovers, both.responder.leftovers]).toEqual([[], []]);
    this.#stage = this.#make();
    this.#changed = this.#seen = this.#told = 0;
    this.#print = this.#fingerprint();
  }

  /** No SA without its child and no child without its SAs. */
  #consistent(): void {
    const { victim } = this.#stage;
    expect(victim.memory.sas.length).toBe(2 * victim.children.length);
    expect(victim.held.asks).toBe(0);
    expect(victim.held.childSpis).toBeLessThanOrEqual(victim.children.length + victim.held.ikeSas);
  }

  #fingerprint(): string {
    const { both, victim } = this.#stage;
    for (; this.#seen < victim.events.length; this.#seen++)
      if (victim.events[this.#seen]?.kind !== 'drop') this.#told++;
    return `${Object.values(victim.held).join()} ${both.network.flights.at(-1)?.number} ${this.#told}`;
  }
}
