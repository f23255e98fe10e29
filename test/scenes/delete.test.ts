/**
 *   one end                                  the other
 *   INFORMATIONAL n { D(ESP, spi) }     ->
 *                                       <-   INFORMATIONAL n { D(ESP, its own spi) }
 *   INFORMATIONAL n { D(IKE) }          ->
 *                                       <-   INFORMATIONAL n { }
 *
 * Either end deletes a child or the IKE SA, or both at once; nothing is left (RFC 7296 §1.4.1).
 */
import { describe, expect, it } from 'vitest';
import { drop, on, pair, tamper } from '../../src/testing/index.ts';
import { find } from '../../src/wire/message.ts';
import { ExchangeType, ProtocolId } from '../../src/wire/numbers.ts';
import { cryptos } from './cryptos.ts';
import { expectMirrored, expectNothing, expectUp, only } from './expect-up.ts';

const ends = ['initiator', 'responder'] as const;

describe.each(cryptos)('with %s', (_name, crypto) => {
  it.each(ends)('the %s deletes the IKE SA', (end) => {
    const both = pair(crypto).up();
    const other = end === 'initiator' ? both.responder : both.initiator;
    both[end].down('pair');
    both.network.settle();
    expect(only(both[end].told('ikeDeleted')).reason.code).toBe('DELETED_BY_US');
    expect(only(other.told('ikeDeleted')).reason.code).toBe('DELETED_BY_PEER');
    expect(both[end].told('childDeleted')).toHaveLength(1);
    expect(other.told('childDeleted')).toHaveLength(1);
    expect([both[end].idle, other.idle]).toEqual([true, true]);
    expectNothing(both);
  });

  it.each(ends)('the %s deletes the child; the IKE SA stays', (end) => {
    const both = pair(crypto).up();
    const { inboundSpi } = only(both[end].children);
    both[end].command({ kind: 'deleteChild', spi: inboundSpi });
    both.network.settle();
    for (const host of [both.initiator, both.responder]) {
      expect(host.established).toHaveLength(1);
      expect(host.children).toEqual([]);
      expect(host.memory.sas).toEqual([]);
      expect(host.memory.policies).toEqual([]);
    }
    const [request, response] = both.network.flights
      .slice(-2)
      .map(({ payloads = [] }) => find(payloads, 'delete'));
    expect([request?.protocol, request?.spis.length]).toEqual([ProtocolId.ESP, 1]);
    expect([response?.protocol, response?.spis.length]).toEqual([ProtocolId.ESP, 1]);
    expect(response?.spis).not.toEqual(request?.spis);
    both.initiator.down('pair');
    expectNothing(both);
  });
});

describe('crossing', () => {
  it('both delete the IKE SA at once', () => {
    const both = pair().up();
    both.initiator.down('pair');
    both.responder.down('pair');
    expectNothing(both);
    expect(both.initiator.told('ikeDeleted')).toHaveLength(1);
    expect(both.responder.told('ikeDeleted')).toHaveLength(1);
  });

  it('both delete the child at once: neither names it in its answer', () => {
    const both = pair().up();
    for (const host of [both.initiator, both.responder])
      host.command({ kind: 'deleteChild', spi: only(host.children).inboundSpi });
    both.network.settle();
    for (const host of [both.initiator, both.responder]) {
      expect(host.children).toEqual([]);
      expect(host.told('childDeleted')).toHaveLength(1);
      expect(host.memory.sas).toEqual([]);
      expect(host.established).toHaveLength(1);
    }
    expectMirrored(both.initiator, both.responder);
  });

  it('one deletes the child, the other the IKE SA', () => {
    const both = pair().up();
    both.initiator.command({ kind: 'deleteChild', spi: only(both.initiator.children).inboundSpi });
    both.responder.down('pair');
    expectNothing(both);
  });

  it('`down` while a liveness check is on its way: the Delete waits its turn', () => {
    const both = pair().up();
    both.initiator.command({ kind: 'liveness', name: 'pair' });
    both.initiator.down('pair');
    expectNothing(both);
    const ids = both.network.flights
      .filter(({ source }) => source.address === '10.0.0.1')
      .map(({ header }) => header?.messageId);
    expect(ids).toEqual([0, 1, 2, 3]);
  });

  it('`down` while IKE_AUTH is on its way', () => {
    const both = pair();
    both.initiator.up('pair');
    both.network.advance(25);
    both.initiator.down('pair');
    expectNothing(both);
    expect(both.responder.told('ikeDeleted')).toHaveLength(1);
  });

  it('`down` while IKE_SA_INIT is on its way', () => {
    const both = pair();
    both.initiator.up('pair');
    both.initiator.down('pair');
    expectNothing(both);
    expect(both.initiator.failures.map(({ code }) => code)).toEqual(['DELETED_BY_US']);
  });
});

describe('a Delete', () => {
  it('whose answer never comes ends the SA all the same', () => {
    const both = pair({ entry: { retransmit: { interval: 500, timeout: 4000 } } }).up();
    both.network.fate(on({ from: '10.0.0.2' }, drop));
    both.initiator.down('pair');
    expectNothing(both);
  });

  it('of a child nobody knows is answered without naming it', () => {
    const both = pair().up();
    const liveness = { kind: 'liveness', name: 'pair' } as const;
    const stop = both.network.fate(
      on({ from: '10.0.0.1', exchange: ExchangeType.INFORMATIONAL, nth: 1 }, ({ octets }) => [
        {
          octets: tamper(both.network.keys, octets, () => [
            { kind: 'delete', protocol: ProtocolId.ESP, spis: [Uint8Array.of(1, 2, 3, 4)] },
            { kind: 'delete', protocol: ProtocolId.AH, spis: [Uint8Array.of(1, 2, 3, 4)] },
            { kind: 'delete', protocol: 99, spis: [] },
          ]),
        },
      ]),
    );
    both.initiator.command(liveness);
    both.network.settle();
    stop();
    expect(both.network.flights.at(-1)?.payloads).toEqual([]);
    expectUp(both);
  });

  it('of the same child twice in one message is done once', () => {
    const both = pair().up();
    const spi = only(both.initiator.children).inboundSpi;
    const named = Uint8Array.of(spi >>> 24, spi >>> 16, spi >>> 8, spi);
    both.network.fate(
      on({ from: '10.0.0.1', exchange: ExchangeType.INFORMATIONAL, nth: 1 }, ({ octets }) => [
        {
          octets: tamper(both.network.keys, octets, () => [
            { kind: 'delete', protocol: ProtocolId.ESP, spis: [named, named] },
            { kind: 'delete', protocol: ProtocolId.ESP, spis: [named] },
          ]),
        },
      ]),
    );
    both.initiator.command({ kind: 'liveness', name: 'pair' });
    both.network.settle();
    expect(both.responder.children).toEqual([]);
    expect(both.responder.memory.sas).toEqual([]);
    expect(both.responder.told('childDeleted')).toHaveLength(1);
  });
});

describe('shutdown', () => {
  it.each(ends)('of the %s deletes everything at the peer', (end) => {
    const both = pair().up();
    both[end].command({ kind: 'shutdown' });
    both.network.settle();
    expect([both.initiator.idle, both.responder.idle]).toEqual([true, true]);
    expect(only(both[end].told('ikeDeleted')).reason.code).toBe('SHUTDOWN');
    expectNothing(both);
  });

  it('in the middle of a negotiation', () => {
    for (const at of [0, 5, 15, 25, 35]) {
      const both = pair();
      both.initiator.up('pair');
      both.network.advance(at);
      both.initiator.command({ kind: 'shutdown' });
      both.responder.command({ kind: 'shutdown' });
      expectNothing(both);
    }
  });
});
