/** Every message with payloads left out, doubled, moved and changed inside, sealed with the true keys: a peer gone mad. */
import { describe, expect, it } from 'vitest';
import { type OpenMessage, type Seeded, seeded } from '../../src/testing/index.ts';
import type { HeaderFields } from '../../src/wire/header.ts';
import { encodePayloads } from '../../src/wire/message.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';
import { scaled } from './budgets.ts';
import { Fuzz, type MessageName, messageNames, suites } from './stage.ts';

let inputs = 0;

/** The awaited message, its payloads and a way to send others in its place. */
class Peer {
  readonly fuzz: Fuzz;
  readonly message: OpenMessage;

  constructor(name: MessageName, options: (typeof suites)[number][1]) {
    this.fuzz = new Fuzz(name, options);
    const { both, awaited } = this.fuzz.stage;
    const message = both.network.keys.open(awaited.octets);
    if (message === undefined) throw new Error(`${name} does not open`);
    this.message = message;
  }

  send(payloads: readonly Payload[], fields: Partial<HeaderFields> = {}): void {
    const { header, encrypted } = this.message;
    const { keys } = this.fuzz.stage.both.network;
    this.fuzz.feed(keys.encode({ header: { ...header, ...fields }, payloads, encrypted }));
  }

  /** Octets that need be no payloads. Only what is sealed. */
  sendOctets(first: number, inner: Uint8Array): void {
    const { keys } = this.fuzz.stage.both.network;
    this.fuzz.feed(keys.sealOctets(this.message.header, first, inner));
  }

  done(): void {
    this.fuzz.finish();
    inputs += this.fuzz.inputs;
  }
}

describe.each(suites)('payloads of messages under %s', (_name, options) => {
  it.each(messageNames)('%s: every subset', (name) => {
    const peer = new Peer(name, options);
    const { payloads } = peer.message;
    for (let subset = 0; subset < 1 << payloads.length; subset++) {
      peer.send(payloads.filter((_, at) => (subset >> at) & 1));
    }
    peer.done();
  });

  it.each(messageNames)('%s: each payload twice, in every place', (name) => {
    const peer = new Peer(name, options);
    const { payloads } = peer.message;
    for (const payload of payloads) {
      for (let at = 0; at <= payloads.length; at++)
        peer.send([...payloads.slice(0, at), payload, ...payloads.slice(at)]);
    }
    for (const payload of payloads) peer.send(Array.from({ length: 300 }, () => payload));
    peer.done();
  });

  it.each(messageNames)('%s: in other orders, with payloads of other messages', (name) => {
    const peer = new Peer(name, options);
    const { payloads } = peer.message;
    const numbers = seeded(name);
    if (payloads.length > 1) for (let round = 0; round < 200; round++) peer.send(numbers.shuffled(payloads));
    for (let round = 0; round < scaled(300); round++) {
      const mixed = [...payloads, ...Array.from({ length: 1 + numbers.integer(4) }, () => strange(numbers))];
      peer.send(numbers.shuffled(mixed));
    }
    peer.done();
  });

  it.each(messageNames)('%s: one field of one payload is another', (name) => {
    const peer = new Peer(name, options);
    const { payloads } = peer.message;
    const numbers = seeded(name);
    for (let round = 0; round < scaled(200) * payloads.length; round++) {
      const at = numbers.integer(payloads.length);
      const changed = payloads.map((payload, place) =>
        place === at ? otherField(payload, numbers) : payload,
      );
      try {
        encodePayloads(changed);
      } catch {
        // Not to be written down at all: the octets below do what no encoder would.
        continue;
      }
      peer.send(changed);
    }
    peer.done();
  });

  const sealed = messageNames.filter((name) => !name.startsWith('IKE_SA_INIT'));
  it.each(sealed)('%s: cut short at every octet and every bit turned inside the seal', (name) => {
    const peer = new Peer(name, options);
    const { first, octets } = encodePayloads(peer.message.payloads);
    for (let length = 0; length < octets.length; length++) peer.sendOctets(first, octets.slice(0, length));
    for (let at = 0; at < octets.length; at++) {
      for (let bit = 0; bit < 8; bit++)
        peer.sendOctets(
          first,
          octets.map((octet, place) => (place === at ? octet ^ (1 << bit) : octet)),
        );
    }
    for (let type = 0; type < 256; type++) peer.sendOctets(type, octets);
    peer.done();
  });

  it('counts', () => {
    console.log(`${inputs} inputs`);
    expect(inputs).toBeGreaterThan(15_000);
  });
});

const kinds: readonly ((numbers: Seeded) => Payload)[] = [
  (numbers) => ({ kind: 'nonce', data: numbers.random(numbers.pick([0, 15, 16, 256, 257])) }),
  (numbers) => ({
    kind: 'notify',
    protocol: numbers.integer(5),
    spi: numbers.random(numbers.pick([0, 4, 8])),
    type: numbers.pick([1, 4, 7, 14, 16_384, 16_388, 16_393, 16_394, 16_430, 40_960, 65_535]),
    data: numbers.random(numbers.integer(40)),
  }),
  (numbers) => ({
    kind: 'delete',
    protocol: numbers.integer(5),
    spis: numbers.pick([[], [numbers.random(4)], [numbers.random(8), numbers.random(8)]]),
  }),
  (numbers) => ({ kind: 'vendorId', data: numbers.random(numbers.integer(300)) }),
  (numbers) => ({
    kind: 'ke',
    group: numbers.pick([0, 2, 14, 19, 31, 37]),
    data: numbers.random(numbers.pick([0, 32, 64, 256])),
  }),
  (numbers) => ({ kind: 'auth', method: numbers.integer(16), data: numbers.random(numbers.integer(64)) }),
  (numbers) => ({
    kind: numbers.pick(['idi', 'idr']),
    idType: numbers.integer(14),
    data: numbers.random(numbers.pick([0, 1, 4, 16, 3000])),
  }),
  (numbers) => ({ kind: 'cert', encoding: numbers.integer(20), data: numbers.random(numbers.integer(100)) }),
  (numbers) => ({ kind: 'certreq', encoding: 4, data: numbers.random(20) }),
  (numbers) => ({
    kind: 'sa',
    proposals: numbers.pick([
      [],
      [{ number: 1, protocol: 3, spi: numbers.random(numbers.pick([0, 3, 4, 8])), transforms: [] }],
    ]),
  }),
  (numbers) => ({
    kind: numbers.pick(['tsi', 'tsr']),
    selectors: numbers.pick([
      [],
      [{ kind: 'label', label: numbers.random(9) }],
      [
        {
          kind: 'range',
          protocol: 6,
          startPort: 9,
          endPort: 1,
          start: numbers.random(4),
          end: numbers.random(4),
        },
      ],
    ]),
  }),
  (numbers) => ({
    kind: 'configuration',
    type: numbers.integer(5),
    attributes: [{ type: numbers.integer(30), value: numbers.random(numbers.integer(20)) }],
  }),
  (numbers) => ({ kind: 'eap', code: 1 + numbers.integer(4), identifier: 7, data: new Uint8Array(0) }),
  (numbers) => ({
    kind: 'unknown',
    type: 54 + numbers.integer(200),
    critical: numbers.chance(0.5),
    data: numbers.random(numbers.integer(30)),
  }),
];

const strange = (numbers: Seeded): Payload => numbers.pick(kinds)(numbers);

/** A number, a flag or octets somewhere in the payload become others. */
function otherField<T>(value: T, numbers: Seeded): T {
  if (value instanceof Uint8Array) return otherOctets(value, numbers) as T;
  if (typeof value === 'number') return numbers.pick([0, 1, value ^ 1, value + 1, 255, 65_535]) as T;
  if (typeof value === 'boolean') return !value as T;
  if (Array.isArray(value)) return otherList(value, numbers) as T;
  if (typeof value !== 'object' || value === null) return value;
  const names = Object.keys(value).filter((name) => name !== 'kind');
  if (names.length === 0) return value;
  const name = numbers.pick(names) as keyof T;
  return { ...value, [name]: otherField(value[name], numbers) };
}

function otherList(list: readonly unknown[], numbers: Seeded): unknown[] {
  const kind = numbers.integer(5);
  if (list.length === 0 || kind === 0) return [];
  if (kind === 1) return [...list, numbers.pick(list)];
  if (kind === 2) return numbers.shuffled(list);
  const at = numbers.integer(list.length);
  return list.map((each, place) => (place === at ? otherField(each, numbers) : each));
}

function otherOctets(octets: Uint8Array, numbers: Seeded): Uint8Array {
  const kind = numbers.integer(5);
  if (kind === 0) return new Uint8Array(0);
  if (kind === 1) return octets.slice(1);
  if (kind === 2) return Uint8Array.of(...octets, 0);
  if (kind === 3) return new Uint8Array(octets.length).fill(numbers.pick([0, 0xff]));
  const at = numbers.integer(octets.length);
  return octets.map((octet, place) => (place === at ? octet ^ 1 : octet));
}
