/**
 * Several children in one Delete payload: the answer names our halves of them, each once, in one Delete payload of its own
 * (RFC 7296 §1.4.1, §3.11).
 *
 *   one                                                  other
 *     | INFORMATIONAL { D(ESP, its spis 1 2 3) } -->         |
 *     |         <-- INFORMATIONAL { D(ESP, our spis 1 2 3) } |
 */
import { describe, expect, test } from 'vitest';
import { type Host, on, type Pair, tampered } from '../../src/testing/index.ts';
import { findAll } from '../../src/wire/message.ts';
import { ExchangeType, ProtocolId } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';
import { expectMirrored, expectNothing } from './expect-up.ts';
import { several, spiOctets } from './subnets.ts';

const ends = ['initiator', 'responder'] as const;
type End = (typeof ends)[number];

const deletes = (...spis: readonly (readonly Uint8Array[])[]): Payload[] =>
  spis.map((each) => ({ kind: 'delete', protocol: ProtocolId.ESP, spis: each }));

/** The end's next INFORMATIONAL request carries these instead. */
function sending(both: Pair, end: End, payloads: readonly Payload[]): void {
  const match = { from: both[end].address, exchange: ExchangeType.INFORMATIONAL, response: false, nth: 1 };
  both.network.fate(
    on(
      match,
      tampered(both.network.keys, () => payloads),
    ),
  );
}

const other = (both: Pair, end: End): Host => both[end === 'initiator' ? 'responder' : 'initiator'];

const inboundOf = (host: Host, count: number): Uint8Array[] =>
  host.children.slice(0, count).map(({ inboundSpi }) => spiOctets(inboundSpi));

/** The Delete payloads of the last response. */
const answered = ({ network }: Pair) => findAll(network.flights.at(-1)?.payloads ?? [], 'delete');

describe.each(ends)('of the %s', (end) => {
  test('three at once go at both ends, the others stay', () => {
    const both = several(5).up();
    const [sender, receiver] = [both[end], other(both, end)];
    const halves = inboundOf(receiver, 3);
    sending(both, end, deletes(inboundOf(sender, 3)));
    sender.command({ kind: 'deleteChild', spi: sender.children[0]?.inboundSpi ?? 0 });
    both.network.settle();
    expect(answered(both)).toEqual(deletes(halves));
    for (const host of [sender, receiver]) {
      expect(host.children.map(({ child }) => child)).toEqual(['c4', 'c5']);
      expect(host.told('childDeleted')).toHaveLength(3);
      expect(host.memory.sas).toHaveLength(4);
    }
    expectMirrored(both.initiator, both.responder);
    both.initiator.down('pair');
    expectNothing(both);
  });

  test('three in three payloads, the first of them three times: each is answered once', () => {
    const both = several(5).up();
    const [sender, receiver] = [both[end], other(both, end)];
    const [first = [], second = [], third = []] = inboundOf(sender, 3).map((spi) => [spi]);
    const halves = inboundOf(receiver, 3);
    sending(both, end, deletes([...first, ...first], second, third, first));
    sender.command({ kind: 'deleteChild', spi: sender.children[0]?.inboundSpi ?? 0 });
    both.network.settle();
    expect(answered(both)).toEqual(deletes(halves));
    expect(receiver.told('childDeleted')).toHaveLength(3);
    expectMirrored(both.initiator, both.responder);
  });

  test('one that is there among thousands that are not: only that one is named, and soon', () => {
    const both = several(5).up();
    const [sender, receiver] = [both[end], other(both, end)];
    const strange = Array.from({ length: 15_000 }, (_, at) => spiOctets(0x100 + at));
    const halves = inboundOf(receiver, 1);
    sending(both, end, deletes([...strange, ...inboundOf(sender, 1)]));
    sender.command({ kind: 'deleteChild', spi: sender.children[0]?.inboundSpi ?? 0 });
    both.network.settle();
    expect(answered(both)).toEqual(deletes(halves));
    expect(receiver.children).toHaveLength(4);
    expectMirrored(both.initiator, both.responder);
  });

  test('sixty thousand octets of the same SPI', () => {
    const both = several(2).up();
    const [sender, receiver] = [both[end], other(both, end)];
    const [spi = new Uint8Array(4)] = inboundOf(sender, 1);
    const halves = inboundOf(receiver, 1);
    sending(both, end, deletes(Array.from({ length: 15_000 }, () => spi)));
    sender.command({ kind: 'deleteChild', spi: sender.children[0]?.inboundSpi ?? 0 });
    both.network.settle();
    expect(answered(both)).toEqual(deletes(halves));
    expect(receiver.told('childDeleted')).toHaveLength(1);
  });

  test('an answer that names more than was asked for: what is gone there goes here', () => {
    const both = several(3).up();
    const [sender, receiver] = [both[end], other(both, end)];
    const all = inboundOf(receiver, 3);
    both.network.fate(
      on(
        { from: receiver.address, exchange: ExchangeType.INFORMATIONAL, response: true, nth: 1 },
        tampered(both.network.keys, () => deletes([...all, ...all, spiOctets(0x12345678)])),
      ),
    );
    sender.command({ kind: 'deleteChild', spi: sender.children[1]?.inboundSpi ?? 0 });
    both.network.settle();
    expect(sender.children).toEqual([]);
    expect(sender.memory.sas).toEqual([]);
    expect(sender.told('childDeleted')).toHaveLength(3);
    expect(sender.established).toHaveLength(1);
  });
});
