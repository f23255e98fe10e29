/**
 *   initiator                                responder
 *   IKE_AUTH 1 { SKF 1/3 }              ->
 *   IKE_AUTH 1 { SKF 2/3 }              ->
 *   IKE_AUTH 1 { SKF 3/3 }              ->   put together when the last is there
 *                                       <-   IKE_AUTH 1 { SKF 1/3 } { SKF 2/3 } { SKF 3/3 }
 *
 * RFC 7383. A message over the limit travels in fragments when both ends can; lost, doubled and shuffled ones do no
 * harm; what is put together is bounded.
 */
import { describe, expect, it } from 'vitest';
import {
  copy,
  drop,
  type Flight,
  on,
  type Pair,
  type PairOptions,
  pair,
  reorder,
  seeded,
} from '../../src/testing/index.ts';
import { ExchangeType } from '../../src/wire/numbers.ts';
import { cryptos } from './cryptos.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

const long = (letter: string, octets = 2500): string => `@[${letter.repeat(octets)}]`;

/** Identities so long that IKE_AUTH needs fragments both ways. */
const large = (options: PairOptions = {}): Pair =>
  pair({
    ...options,
    initiator: { identity: long('i'), ...options.initiator },
    responder: { identity: long('r'), ...options.responder },
  });

const fragments = ({ network }: Pair, from: string): Flight[] =>
  network.flights.filter(({ fragment, source }) => fragment !== undefined && source.address === from);

function there(both: Pair): void {
  both.initiator.up('pair');
  const up = () => both.initiator.established.length === 1 && both.responder.established.length === 1;
  expect(both.network.until(up)).toBe(true);
  both.network.settle();
  expectUp(both);
}

describe.each(cryptos)('with %s', (_name, ends) => {
  it('both ways, in an AEAD and in a block cipher', () => {
    for (const ike of ['aes128gcm16-prfsha256-x25519', 'aes256-sha2_512-x25519']) {
      const both = large({
        ike,
        initiator: { ...ends.initiator, identity: long('i') },
        responder: { ...ends.responder, identity: long('r') },
      });
      there(both);
      for (const from of ['10.0.0.1', '10.0.0.2'])
        expect(fragments(both, from).length).toBeGreaterThanOrEqual(3);
      for (const { octets } of both.network.flights) expect(octets.length).toBeLessThanOrEqual(1280 - 28);
      both.initiator.down('pair');
      expectNothing(both);
    }
  });
});

describe('fragmentation', () => {
  it('over IPv6 and with the marker nothing is longer than 1280 octets either', () => {
    const both = large({
      initiator: { address: '2001:db8::1', identity: long('i') },
      responder: { address: '2001:db8::2', identity: long('r') },
      entry: { encapsulation: 'yes' },
    });
    there(both);
    for (const { octets } of both.network.flights) expect(octets.length).toBeLessThanOrEqual(1280 - 48);
  });

  it.each(['initiator', 'responder'] as const)('not when the %s cannot: one large datagram', (end) => {
    const both = large({
      initiator: { identity: long('i'), ...(end === 'initiator' && { entry: { fragmentation: 'no' } }) },
      responder: { identity: long('r'), ...(end === 'responder' && { entry: { fragmentation: 'no' } }) },
    });
    there(both);
    expect([...fragments(both, '10.0.0.1'), ...fragments(both, '10.0.0.2')]).toEqual([]);
    expect(both.network.flights.some(({ octets }) => octets.length > 2500)).toBe(true);
  });

  const numbers = [1, 2, 3];
  const sides = ['10.0.0.1', '10.0.0.2'];
  const each = sides.flatMap((side) => numbers.map((number) => [side, number] as const));

  it.each(each)('from %s, fragment %i lost once', (side, fragment) => {
    const both = large();
    both.network.fate(on({ from: side, fragment, nth: 1 }, drop));
    there(both);
  });

  it.each(each)('from %s, fragment %i twice', (side, fragment) => {
    const both = large();
    both.network.fate(on({ from: side, fragment }, copy(1, 0)));
    there(both);
  });

  it.each(each)('from %s, fragment %i behind the others', (side, fragment) => {
    const both = large();
    both.network.fate(on({ from: side, fragment, nth: 1 }, reorder(1)));
    there(both);
  });

  it.each([1, 2, 3, 4, 5, 6])('shuffled and doubled, seed %i', (seed) => {
    const both = large({ seed });
    const numbers = seeded(seed);
    both.network.fate(
      on({ exchange: ExchangeType.IKE_AUTH }, () => [
        { after: numbers.integer(20) },
        { after: numbers.integer(20) },
      ]),
    );
    there(both);
    both.initiator.down('pair');
    expectNothing(both);
  });

  it('a retransmitted request is answered on its fragment 1 only', () => {
    const both = large();
    there(both);
    const [first, ...others] = fragments(both, '10.0.0.1').slice(0, 3);
    const answers = fragments(both, '10.0.0.2').map(({ octets }) => octets);
    const resend = (flight: Flight | undefined): Flight[] => {
      const before = both.network.flights.length;
      if (flight) both.network.send(flight.source, flight.destination, flight.octets);
      both.network.settle();
      return both.network.flights.slice(before + 1);
    };
    for (const other of others) expect(resend(other)).toEqual([]);
    expect(resend(first).map(({ octets }) => octets)).toEqual(answers);
  });

  it('unfinished fragments are forgotten after a while', () => {
    const both = large({ entry: { retransmit: { interval: 500, timeout: 5000 } } });
    both.network.fate(on({ fragment: 2, from: '10.0.0.1' }, drop));
    both.initiator.up('pair');
    expectNothing(both);
    expect(only(both.initiator.failures).code).toBe('TIMEOUT');
  });
});

describe('fragments of a peer that knows the keys', () => {
  /** Established; the responder gets what `send` seals with the initiator's keys. */
  function peer() {
    const both = large();
    there(both);
    const path = fragments(both, '10.0.0.1')[0];
    const header = path?.header;
    if (!path || !header) throw new Error('no fragment');
    const fields = { ...header, exchange: ExchangeType.INFORMATIONAL, messageId: 2 };
    const send = (
      number: number,
      total: number,
      inner = new Uint8Array(8),
      first = 0,
      messageId = 2,
    ): void => {
      const sealed = both.network.keys.sealFragment(
        { ...fields, messageId },
        { number, total, first },
        inner,
      );
      both.network.send(path.source, path.destination, sealed);
    };
    const answers = (): number => {
      const before = both.network.flights.filter(({ source }) => source.address === '10.0.0.2').length;
      both.network.settle();
      return both.network.flights.filter(({ source }) => source.address === '10.0.0.2').length - before;
    };
    return { ...both, send, answers };
  }
  const vendorId = Uint8Array.of(0, 0, 0, 8, 1, 2, 3, 4);

  it('a message of one fragment is answered', () => {
    const { send, answers } = peer();
    send(1, 1, vendorId, 43);
    expect(answers()).toBe(1);
  });

  it('a larger total discards what was there; a smaller one is dropped', () => {
    const { send, answers } = peer();
    send(1, 2, vendorId, 43);
    send(1, 3, vendorId.subarray(0, 4), 43);
    send(2, 2);
    expect(answers()).toBe(0);
    send(2, 3, vendorId.subarray(4, 6));
    send(3, 3, vendorId.subarray(6));
    expect(answers()).toBe(1);
  });

  it.each([
    ['number 0', 0, 2],
    ['number above the total', 3, 2],
    ['total 0', 1, 0],
    ['more fragments than any message needs', 1, 65_535],
  ])('%s is dropped and harms nothing', (_name, number, total) => {
    const made = peer();
    made.send(number, total);
    expect(made.answers()).toBe(0);
    expect(made.responder.told('drop').at(-1)?.reason).toMatch(/^(malformed|fragment)$/);
    made.initiator.down('pair');
    expectNothing(made);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])('a fragment of %i octets', (length) => {
    const made = peer();
    made.send(1, 2, new Uint8Array(length), 43);
    made.send(2, 2, new Uint8Array(length));
    made.answers();
    expect(made.responder.told('bug')).toEqual([]);
  });

  it('more octets than any message needs are not kept', () => {
    const made = peer();
    for (let number = 1; number <= 127; number++) made.send(number, 128, new Uint8Array(60_000), 43);
    made.answers();
    expect(made.responder.told('drop').some(({ detail }) => detail === 'too many octets')).toBe(true);
    expect(made.responder.established).toHaveLength(1);
  });

  it('another message takes the place of an unfinished one', () => {
    const made = peer();
    made.send(1, 2, vendorId, 43);
    const { header } = made.network.flights[0] as Flight;
    expect(header).toBeDefined();
    made.send(1, 1, vendorId, 43, 3);
    expect(made.answers()).toBe(0);
    made.send(1, 1, vendorId, 43, 2);
    made.answers();
    made.network.advance(31_000);
    expect(made.responder.held.timers).toBe(0);
  });
});
