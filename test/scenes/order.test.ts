/**
 * The order in which the data plane hears of a child: at no moment does a packet go in clear that a policy protects, nor is
 * one lost that an SA could carry. RFC 7296 §2.8; RFC 4301 §4.4.1.
 *
 *   made       SA in, policies in and fwd, SA out, policy out
 *   rekeyed    by us: SA in, SA out; by the peer: SA in, and SA out when the old one goes
 *   deleted    policy out, policies fwd and in, SAs
 */
import { describe, expect, test } from 'vitest';
import { pair } from '../../src/testing/index.ts';
import { expectMirrored, only } from './expect-up.ts';
import { watching } from './ondemand-stage.ts';

const made = ['addSa in', 'addPolicy in', 'addPolicy fwd', 'addSa out', 'addPolicy out'];
const gone = ['deletePolicy out', 'deletePolicy fwd', 'deletePolicy in', 'deleteSa', 'deleteSa'];

describe('a child', () => {
  test('is made and deleted, at both ends', () => {
    const both = pair();
    const ends = [both.initiator, both.responder];
    const up = ends.map(watching);
    both.up();
    expect(up.map((applied) => applied())).toEqual([made, made]);
    const down = ends.map(watching);
    both.initiator.command({ kind: 'deleteChild', spi: only(both.initiator.children).inboundSpi });
    both.network.settle();
    expect(down.map((applied) => applied())).toEqual([gone, gone]);
  });

  test('is rekeyed: its policies stay, and who answers sends on the new one last', () => {
    const both = pair().up();
    const ends = [both.initiator, both.responder];
    const applied = ends.map(watching);
    const old = only(both.initiator.children);
    both.initiator.command({ kind: 'rekey', name: both.name, what: 'children' });
    both.network.settle();
    const [ours, theirs] = applied.map((each) => each());
    expect(ours).toEqual(['addSa in', 'addSa out', 'deleteSa']);
    // The Delete has come: out by the new one before the old one goes.
    expect(theirs).toEqual(['addSa in', 'addSa out', 'deleteSa']);
    const outbound = both.initiator.memory.sas.filter(({ direction }) => direction === 'out');
    expect(only(outbound).id.spi).not.toBe(old.outboundSpi);
    both.network.advance(10_000);
    // The old SA in, for packets that were on their way.
    expect(applied.map((each) => each().slice(3))).toEqual([['deleteSa'], ['deleteSa']]);
    expectMirrored(both.initiator, both.responder);
  });

  test.each(['make-before-break', 'break-before-make'] as const)('reauthentication, %s', (reauth) => {
    const lifetime = { ike: 600_000, margin: 60_000, fuzz: 0, rekey: true, reauth } as const;
    const both = pair({ initiator: { entry: { lifetime } } }).up();
    const applied = watching(both.initiator);
    both.network.advance(590_000);
    expect(applied()).toEqual(reauth === 'make-before-break' ? [...made, ...gone] : [...gone, ...made]);
  });

  test('moves with its peer: policies name the new ends before those of the old ones go', () => {
    const both = pair({ responder: { peerAddress: '%any' }, identity: '@one', peerIdentity: '@one' }).up();
    const applied = watching(both.responder);
    const { inboundSpi } = only(both.responder.children);
    const id = { spi: inboundSpi, destination: both.responder.address };
    const mapping = (address: string) =>
      both.responder.feed({ type: 'kernel', notice: { kind: 'mapping', id, address, port: 4500 } });
    mapping('203.0.113.9');
    // Only behind a NAT may a peer move so.
    expect(applied()).toEqual([]);
  });
});

describe('behind a NAT', () => {
  const natted = () => pair({ entry: { encapsulation: 'yes' } }).up();

  test('a mapping moves SAs and policies, once', () => {
    const both = natted();
    const applied = watching(both.responder);
    const id = { spi: only(both.responder.children).inboundSpi, destination: both.responder.address };
    const notice = { kind: 'mapping', id, address: '203.0.113.9', port: 40_000 } as const;
    both.responder.feed({ type: 'kernel', notice });
    both.responder.feed({ type: 'kernel', notice });
    const moved = ['updateSa', 'updateSa'];
    expect(applied()).toEqual([
      ...moved,
      ...['addPolicy in', 'addPolicy fwd', 'addPolicy out'],
      ...['deletePolicy out', 'deletePolicy fwd', 'deletePolicy in'],
    ]);
    expect(both.responder.memory.policies.map(({ remoteAddress }) => remoteAddress)).toEqual(
      Array(3).fill('203.0.113.9'),
    );
    // Another port alone changes no policy.
    const later = watching(both.responder);
    both.responder.feed({ type: 'kernel', notice: { ...notice, port: 40_001 } });
    expect(later()).toEqual(moved);
    both.responder.command({ kind: 'shutdown' });
    expect(both.responder.memory.policies).toEqual([]);
  });
});

describe('notices of SAs', () => {
  const expire = (spi: number, hard: boolean, destination = '10.0.0.2') =>
    ({ type: 'kernel', notice: { kind: 'expire', id: { spi, destination }, hard } }) as const;

  test.each(['inbound', 'outbound'] as const)('soft, %s and twice: one rekey', (way) => {
    const both = pair().up();
    const old = only(both.initiator.children);
    const spi = way === 'inbound' ? old.inboundSpi : old.outboundSpi;
    both.initiator.feed(expire(spi, false));
    both.initiator.feed(expire(spi, false));
    both.network.advance(10_000);
    expect(only(both.initiator.children).inboundSpi).not.toBe(old.inboundSpi);
    expect(both.initiator.told('childEstablished')).toHaveLength(2);
    // Of the one that is gone.
    both.initiator.feed(expire(spi, false));
    both.initiator.feed(expire(spi, true));
    both.network.advance(10_000);
    expect(both.initiator.told('childEstablished')).toHaveLength(2);
    expectMirrored(both.initiator, both.responder);
  });

  test.each(['inbound', 'outbound'] as const)('hard, %s and twice: one Delete', (way) => {
    const both = pair().up();
    const old = only(both.initiator.children);
    const spi = way === 'inbound' ? old.inboundSpi : old.outboundSpi;
    both.initiator.feed(expire(spi, true));
    both.initiator.feed(expire(spi, true));
    both.network.advance(10_000);
    expect([both.initiator.children, both.responder.children]).toEqual([[], []]);
    expect(both.initiator.told('childDeleted')).toHaveLength(1);
    expect(both.initiator.established).toHaveLength(1);
  });

  test('of nobody’s: nothing', () => {
    const both = pair().up();
    const sent = both.network.flights.length;
    for (const hard of [true, false]) both.initiator.feed(expire(0x1234, hard));
    const id = { spi: 0x1234, destination: '10.0.0.1' };
    both.initiator.feed({ type: 'kernel', notice: { kind: 'mapping', id, address: '203.0.113.1', port: 1 } });
    both.initiator.feed({ type: 'kernel', notice: { kind: 'selectors', id, packet: new Uint8Array(20) } });
    both.network.settle();
    expect(both.network.flights).toHaveLength(sent);
  });
});

describe('settings of the connection', () => {
  test('reach every SA and policy; its reqid is the one they have', () => {
    const settings = { reqid: 77, mark: { value: 5, mask: 255 }, tfcPadding: 1400 };
    const both = pair({ initiator: { child: { settings } } }).up();
    const { sas, policies } = both.initiator.memory;
    expect([...sas, ...policies].map(({ reqid }) => reqid)).toEqual(Array(5).fill(77));
    // The peer says that it takes no padding.
    const { tfcPadding: _, ...rest } = settings;
    expect([...sas, ...policies].map((each) => each.settings)).toEqual(Array(5).fill(rest));
  });

  test('padding is sent where the peer takes it', () => {
    const both = pair({ child: { settings: { tfcPadding: 1400 } } }).up();
    const paddings = both.initiator.memory.sas.map(({ direction, settings }) => [
      direction,
      settings?.tfcPadding,
    ]);
    expect(paddings).toEqual([
      ['in', undefined],
      ['out', 1400],
    ]);
  });
});
