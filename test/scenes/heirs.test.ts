/**
 * An authenticated peer that repeats rekeys of the IKE SA cannot make us hold more and more of them.
 *
 *   peer                                       we: our own rekey is on its way, and unanswered
 *     | CREATE_CHILD_SA { SA Ni KE } -->
 *     |<-- CREATE_CHILD_SA { SA Nr KE }              an heir, that waits for the end of our own rekey
 *     | CREATE_CHILD_SA { SA Ni KE } -->             again, or on the heir
 *     |<-- CREATE_CHILD_SA { N(TEMPORARY_FAILURE) }
 */
import { describe, expect, it } from 'vitest';
import { type Pair, pair } from '../../src/testing/index.ts';
import { find, notifies } from '../../src/wire/message.ts';
import { ExchangeType, NotifyType, ProtocolId } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';
import { expectUp, only } from './expect-up.ts';

const peer = '10.0.0.1';
/** What is crafted comes from a port of its own. */
const crafted = { address: peer, port: 501 };

interface Spis {
  readonly initiatorSpi: bigint;
  readonly responderSpi: bigint;
}

const octetsOf = (spi: bigint): Uint8Array => {
  const octets = new Uint8Array(8);
  new DataView(octets.buffer).setBigUint64(0, spi);
  return octets;
};

const spiOf = (payloads: readonly Payload[]): bigint => {
  const spi = find(payloads, 'sa')?.proposals[0]?.spi ?? new Uint8Array(8);
  return new DataView(spi.slice().buffer).getBigUint64(0);
};

/** Our own rekey waits for an answer that never comes. `ask` sends a request with the peer's true keys. */
function ourRekeyWaits() {
  const both = pair().up();
  const { network, initiator, responder } = both;
  // What the engines ask shows how a request looks; it does not arrive.
  network.fate(({ header, source }) =>
    header?.exchange === ExchangeType.CREATE_CHILD_SA && !header.response && source.port === 500
      ? []
      : undefined,
  );
  responder.command({ kind: 'rekey', name: both.name, what: 'ike' });
  initiator.command({ kind: 'rekey', name: both.name, what: 'ike' });
  const request = network.flights.findLast(({ source }) => source.address === peer);
  const [header, payloads = []] = [request?.header, request?.payloads];
  if (header === undefined) throw new Error('no rekey was sent');
  const rekey = (spi: bigint): Payload[] =>
    payloads.map((payload) =>
      payload.kind === 'sa'
        ? { ...payload, proposals: payload.proposals.map((each) => ({ ...each, spi: octetsOf(spi) })) }
        : payload,
    );
  const ask = (on: Spis, messageId: number, what: readonly Payload[]): readonly Payload[] => {
    const fields = {
      ...on,
      exchange: ExchangeType.CREATE_CHILD_SA,
      initiator: true,
      response: false,
      messageId,
    };
    network.send(crafted, { address: '10.0.0.2', port: 500 }, network.keys.seal(fields, what));
    network.advance(100);
    return network.flights.findLast(({ destination }) => destination.port === crafted.port)?.payloads ?? [];
  };
  return { both, old: header, next: header.messageId, rekey, ask };
}

const refused = (payloads: readonly Payload[]): boolean =>
  notifies(payloads, NotifyType.TEMPORARY_FAILURE).length === 1;

describe('a peer that repeats its rekey', () => {
  it('while the first waits for the end of ours', () => {
    const { both, old, next, rekey, ask } = ourRekeyWaits();
    expect(spiOf(ask(old, next, rekey(1n)))).not.toBe(0n);
    // It is authenticated, though not in charge.
    expect(both.responder.held).toMatchObject({ ikeSas: 2, halfOpen: 0 });
    for (let n = 1; n <= 20; n++) {
      expect(refused(ask(old, next + n, rekey(BigInt(n) + 1n)))).toBe(true);
      expect(both.responder.held.ikeSas).toBe(2);
    }
  });

  it('on the heir that waits: neither an heir of it nor a child', () => {
    const { both, old, next, rekey, ask } = ourRekeyWaits();
    const heir = { initiatorSpi: 1n, responderSpi: spiOf(ask(old, next, rekey(1n))) };
    expect(refused(ask(heir, 0, rekey(2n)))).toBe(true);
    const child = both.network.flights.find(({ payloads = [] }) => find(payloads, 'tsi'))?.payloads ?? [];
    const wanted = child.filter(({ kind }) => ['sa', 'tsi', 'tsr'].includes(kind));
    const nonce = rekey(1n).filter(({ kind }) => kind === 'nonce');
    expect(find(wanted, 'sa')?.proposals[0]?.protocol).toBe(ProtocolId.ESP);
    expect(refused(ask(heir, 1, [...wanted, ...nonce]))).toBe(true);
    expect(both.responder.held).toMatchObject({ ikeSas: 2, childSpis: 1 });
  });
});

it('an heir is not half-open: nobody is asked for a COOKIE because of it', () => {
  const both = pair({ cookieThreshold: 1 }).up();
  for (let n = 0; n < 5; n++) {
    both.initiator.command({ kind: 'rekey', name: both.name, what: 'ike' });
    both.network.advance(1000);
    expect(both.responder.held.halfOpen).toBe(0);
  }
  expect(both.responder.told('ikeRekeyed')).toHaveLength(5);
});

/** Rekeys, each time with the Delete of the one before lost. */
function rekeyWithoutDeletes(both: Pair, times: number): void {
  both.network.fate(({ header }) => (header?.exchange === ExchangeType.INFORMATIONAL ? [] : undefined));
  for (let n = 0; n < times; n++) {
    both.initiator.command({ kind: 'rekey', name: both.name, what: 'ike' });
    both.network.advance(500);
  }
}

describe('IKE SAs that are replaced and never deleted', () => {
  it('are kept to a number, and the last is as good as the first', () => {
    const both = pair().up();
    rekeyWithoutDeletes(both, 30);
    for (const host of [both.initiator, both.responder]) {
      expect(host.told('ikeRekeyed')).toHaveLength(30);
      expect(host.held.ikeSas).toBeLessThanOrEqual(9);
      expect(host.told('ikeDeleted')).toEqual([]);
    }
    both.network.fates.length = 0;
    both.network.advance(100_000);
    expectUp(both);
    expect(only(both.responder.ikeSas).phase).toBe('established');
    expect([both.initiator.held.ikeSas, both.responder.held.ikeSas]).toEqual([1, 1]);
  });
});

it('what the old IKE SA was still to do goes to the peer’s heir when its own rekey ends with it', () => {
  const both = pair({ entry: { retransmit: { interval: 500, timeout: 8_000 } } }).up();
  const { network, initiator, responder } = both;
  const first = only(initiator.established).spiI;
  network.fate(({ header, source }) => {
    const old = header?.initiatorSpi.toString(16).padStart(16, '0') === first;
    return old &&
      header?.exchange === ExchangeType.CREATE_CHILD_SA &&
      !header.response &&
      source.address === peer
      ? []
      : undefined;
  });
  initiator.command({ kind: 'rekey', name: both.name, what: 'ike' });
  initiator.command({ kind: 'upChild', name: both.name, child: both.name });
  responder.command({ kind: 'rekey', name: both.name, what: 'ike' });
  network.advance(30_000);
  expect(only(initiator.established).spiI).not.toBe(first);
  expect(initiator.children.map(({ child }) => child)).toEqual(['pair', 'pair']);
  expect(responder.children).toHaveLength(2);
});
