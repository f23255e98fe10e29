/**
 *   initiator                        responder
 *   INFORMATIONAL n { }         ->
 *                               <-   INFORMATIONAL n { }
 *
 * After a silence an end asks whether its peer is alive; a peer that is not is given up with its children.
 */
import { describe, expect, it } from 'vitest';
import { drop, on, pair, tamper } from '../../src/testing/index.ts';
import { ExchangeType, NotifyType } from '../../src/wire/numbers.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

const dpdDelay = 30_000;

describe('liveness', () => {
  it('asks when told to', () => {
    const both = pair().up();
    both.initiator.command({ kind: 'liveness', name: 'pair' });
    both.network.settle();
    expect(both.network.flights.slice(4).map(({ payloads }) => payloads)).toEqual([[], []]);
    expectUp(both);
  });

  it('asks after a silence, again and again', () => {
    const both = pair({ initiator: { entry: { dpdDelay } } }).up();
    both.network.advance(100_000);
    const asked = both.network.flights.slice(4).filter(({ header }) => header?.response === false);
    expect(asked.map(({ at }) => Math.round(at / 1000))).toEqual([30, 60, 90]);
    expectUp(both);
  });

  it('not while the peer is heard', () => {
    const both = pair({ initiator: { entry: { dpdDelay } } }).up();
    for (let second = 0; second < 100; second += 20) {
      both.network.advance(20_000);
      both.responder.command({ kind: 'liveness', name: 'pair' });
    }
    both.network.settle();
    expect(both.network.flights.slice(4).some(({ header }) => header?.initiator && !header.response)).toBe(
      false,
    );
    expectUp(both);
  });

  it('a dead peer is given up', () => {
    const both = pair({
      initiator: { entry: { dpdDelay, retransmit: { interval: 500, timeout: 8000 } } },
    }).up();
    both.network.fate(on({ to: '10.0.0.2' }, drop));
    both.network.run();
    expect(only(both.initiator.told('ikeDeleted')).reason.code).toBe('TIMEOUT');
    expect(both.initiator.leftovers).toEqual([]);
  });

  it('a peer that lost its memory does not answer; the two find each other again', () => {
    const both = pair({
      initiator: { entry: { dpdDelay, retransmit: { interval: 500, timeout: 8000 } } },
    }).up();
    both.responder.crash();
    both.network.until(() => both.initiator.idle);
    expect(only(both.initiator.told('ikeDeleted')).reason.code).toBe('TIMEOUT');
    both.up();
    expectUp(both);
  });

  it('both at once', () => {
    const both = pair().up();
    both.initiator.command({ kind: 'liveness', name: 'pair' });
    both.responder.command({ kind: 'liveness', name: 'pair' });
    both.network.settle();
    expect(both.network.flights).toHaveLength(8);
    expectUp(both);
    both.initiator.down('pair');
    expectNothing(both);
  });

  it('with status notifies and vendor IDs nobody knows, it is answered as ever', () => {
    const both = pair().up();
    both.network.fate(
      on({ from: '10.0.0.1', exchange: ExchangeType.INFORMATIONAL, nth: 1 }, ({ octets }) => [
        {
          octets: tamper(both.network.keys, octets, () => [
            { kind: 'notify', protocol: 0, spi: new Uint8Array(0), type: 40_000, data: new Uint8Array(3) },
            {
              kind: 'notify',
              protocol: 3,
              spi: new Uint8Array(4),
              type: NotifyType.INVALID_SPI,
              data: new Uint8Array(4),
            },
            { kind: 'vendorId', data: new Uint8Array(9) },
            { kind: 'unknown', type: 250, critical: false, data: new Uint8Array(9) },
          ]),
        },
      ]),
    );
    both.initiator.command({ kind: 'liveness', name: 'pair' });
    both.network.settle();
    expect(both.network.flights.at(-1)?.header).toMatchObject({ response: true, messageId: 2 });
    expectUp(both);
  });
});
