/**
 * A packet that does not fit the child it came on is dropped, and its sender told of it: SPI and the packet's first octets,
 * once a second at most. Whoever is told lives on as before (RFC 7296 §2.9, §3.10.1; RFC 4301 §5.2).
 *
 *   initiator (takes its selectors for wider than agreed)           responder
 *     | ESP { 10.1.9.9 > 10.2.0.1 } -->                                       |
 *     |           <-- INFORMATIONAL { N(INVALID_SELECTORS) spi, packet }      |
 *     | INFORMATIONAL { } -->                                                 |
 */
import { describe, expect, test } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node/index.ts';
import { makePacket } from '../../src/esp/ip.ts';
import { misbehave, on, type Pair, pair, tampered } from '../../src/testing/index.ts';
import { find, notifies } from '../../src/wire/message.ts';
import { ExchangeType, IpProtocol, NotifyType, ProtocolId } from '../../src/wire/numbers.ts';
import { expectUp, only } from './expect-up.ts';
import { spiOctets } from './subnets.ts';

/** The responder has agreed to 10.1.1.0/24; the initiator reads 10.1.0.0/16. */
function wider(): Pair {
  const both = pair({
    crypto: nodeCrypto,
    kernel: 'userspace',
    initiator: { subnet: '10.1.0.0/16', peerSubnet: '10.2.0.0/16' },
    responder: { subnet: '10.2.0.0/16', peerSubnet: '10.1.1.0/24' },
  });
  both.network.fate(
    on(
      { exchange: ExchangeType.IKE_AUTH, response: true },
      tampered(both.network.keys, ({ payloads }) => {
        const asked =
          both.network.flights.findLast(({ header }) => header?.response === false)?.payloads ?? [];
        const tsi = find(asked, 'tsi');
        return payloads.map((each) => (each.kind === 'tsi' && tsi ? tsi : each));
      }),
    ),
  );
  return both.up();
}

const packet = (from: readonly number[], length = 200): Uint8Array =>
  makePacket(Uint8Array.from(from), Uint8Array.of(10, 2, 0, 1), IpProtocol.UDP, new Uint8Array(length));

const reports = ({ network }: Pair) =>
  network.flights.flatMap(({ payloads = [] }) => notifies(payloads, NotifyType.INVALID_SELECTORS));

const told = ({ initiator }: Pair): number =>
  initiator.told('progress').filter(({ detail }) => detail === 'the peer tells INVALID_SELECTORS').length;

function expectTraffic({ network, initiator }: Pair): void {
  let answered = 0;
  const { reqid } = only(initiator.children);
  initiator.userspace.ping({ reqid, from: '10.1.1.1', to: '10.2.0.1' }, () => answered++);
  network.settle();
  expect(answered).toBe(1);
}

describe('INVALID_SELECTORS', () => {
  test('names the child as the peer does, and begins with the packet', () => {
    const both = wider();
    const inner = packet([10, 1, 9, 9]);
    expect(both.initiator.userspace.send(inner)).toBe(true);
    both.network.settle();
    expect(only(reports(both))).toEqual({
      kind: 'notify',
      protocol: ProtocolId.ESP,
      spi: spiOctets(only(both.responder.children).inboundSpi),
      type: NotifyType.INVALID_SELECTORS,
      data: inner.subarray(0, 64),
    });
    expect(told(both)).toBe(1);
    expect([...both.responder.userspace.drops]).toEqual([['selectors', 1]]);
    expect(both.responder.established).toHaveLength(1);
    expectTraffic(both);
  });

  test('a short packet is shown whole', () => {
    const both = wider();
    const inner = packet([10, 1, 9, 9], 8);
    both.initiator.userspace.send(inner);
    both.network.settle();
    expect(only(reports(both)).data).toEqual(inner);
  });

  test('not for a packet that fits', () => {
    const both = wider();
    both.initiator.userspace.send(packet([10, 1, 1, 9]));
    both.network.settle();
    expect(reports(both)).toEqual([]);
    expectTraffic(both);
  });

  test('a stream of them is told of once a second', () => {
    const both = wider();
    for (let sent = 0; sent < 2000; sent++) {
      both.initiator.userspace.send(packet([10, 1, 9, sent & 0xff]));
      both.network.advance(5);
    }
    expect(reports(both).length).toBeGreaterThan(5);
    expect(reports(both).length).toBeLessThanOrEqual(11);
    expect(told(both)).toBe(reports(both).length);
    expectTraffic(both);
  });

  test('without answers there is one on its way, and no more', () => {
    const both = wider();
    both.network.fate(on({ from: '10.0.0.1', exchange: ExchangeType.INFORMATIONAL }, () => []));
    for (let sent = 0; sent < 20; sent++) {
      both.initiator.userspace.send(packet([10, 1, 9, 9]));
      both.network.advance(1000);
    }
    const sent = both.network.flights.filter(({ header }) => header?.exchange === ExchangeType.INFORMATIONAL);
    const requests = sent.filter(({ header, source }) => !header?.response && source.address === '10.0.0.2');
    expect(requests.length).toBeGreaterThan(3);
    expect(new Set(requests.map(({ header }) => header?.messageId))).toEqual(new Set([0]));
  });

  test('in a rekeyed child, on the new SA of it', () => {
    const both = wider();
    both.responder.command({ kind: 'rekey', name: 'pair', what: 'ike' });
    both.network.advance(10_000);
    both.initiator.userspace.send(packet([10, 1, 9, 9]));
    both.network.settle();
    expect(only(reports(both)).spi).toEqual(spiOctets(only(both.responder.children).inboundSpi));
    expectTraffic(both);
  });
});

test.each([
  ['of no child', { spi: '00000000', protocol: 'ESP', data: '45000000' }],
  ['without SPI or packet', {}],
  ['of AH', { spi: '12345678', protocol: 'AH', data: '00' }],
  ['with more than a packet', { spi: '12345678', protocol: 'ESP', data: { repeat: '45', times: 3000 } }],
])('received %s: told of, nothing else', (_, fields) => {
  const both = pair().up();
  misbehave(both.network, both.responder, {
    rules: [
      {
        on: { direction: 'out', exchange: 'INFORMATIONAL' },
        do: { action: 'add', payload: { payload: 'N(INVALID_SELECTORS)', ...fields } },
      },
    ],
  });
  both.responder.command({ kind: 'liveness', name: 'pair' });
  both.network.settle();
  expect(told(both)).toBe(1);
  expectUp(both);
});
