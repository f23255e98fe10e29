/**
 * Lifetimes: what is near its end is rekeyed, what is at its end goes; children and IKE SAs, by time, octets, packets.
 */
import { describe, expect, test } from 'vitest';
import { pair } from '../../src/testing/index.ts';
import { expectMirrored, only } from './expect-up.ts';

const life = { margin: 60_000, fuzz: 100, rekey: true, reauth: false as const };
const child = (time: number) => ({ lifetime: { time, octets: 0, packets: 0 } });

describe('lifetimes', () => {
  test('a child is rekeyed before its end, again and again, and both ends keep one', () => {
    const p = pair({ child: child(600_000), entry: { lifetime: { ...life, ike: 0 } } }).up();
    const seen = new Set<number>();
    for (let minute = 0; minute < 60; minute++) {
      p.network.advance(60_000);
      seen.add(only(p.initiator.children).inboundSpi);
    }
    expect(seen.size).toBeGreaterThan(5);
    p.network.advance(7_000);
    expectMirrored(p.initiator, p.responder);
    expect(p.initiator.ikeSas).toHaveLength(1);
  });

  test('an IKE SA is rekeyed before its end and keeps its child', () => {
    const p = pair({ entry: { lifetime: { ...life, ike: 600_000 } } }).up();
    const first = only(p.initiator.established).spiI;
    const { inboundSpi } = only(p.initiator.children);
    p.network.advance(580_000);
    expect(only(p.initiator.established).spiI).not.toBe(first);
    expect(only(p.initiator.children).inboundSpi).toBe(inboundSpi);
    expect(p.initiator.told('ikeDeleted')).toEqual([]);
    expect(p.responder.told('ikeDeleted')).toEqual([]);
  });

  test('rekey=no: at the end it is deleted', () => {
    const entry = { lifetime: { ...life, rekey: false, ike: 600_000 } };
    const p = pair({ entry, child: child(300_000) }).up();
    p.network.advance(301_000);
    expect(p.initiator.children).toEqual([]);
    expect(p.initiator.established).toHaveLength(1);
    p.network.advance(300_000);
    expect(p.initiator.established).toEqual([]);
    expect(p.network.run()).toBe(true);
    expect(p.initiator.leftovers).toEqual([]);
    expect(p.responder.leftovers).toEqual([]);
  });

  test.each(['make-before-break', 'break-before-make'] as const)('reauthentication: %s', (reauth) => {
    const p = pair({ initiator: { entry: { lifetime: { ...life, reauth, ike: 600_000 } } } }).up();
    const first = only(p.initiator.established).spiI;
    p.network.advance(590_000);
    expect(only(p.initiator.established).spiI).not.toBe(first);
    expect(only(p.responder.established).spiI).toBe(only(p.initiator.established).spiI);
    only(p.initiator.children);
    expectMirrored(p.initiator, p.responder);
    expect(
      p.initiator.told('message').filter(({ summary }) => summary.startsWith('IKE_SA_INIT request')),
    ).toHaveLength(2);
  });

  test('octets: the data plane tells when a rekey is due', () => {
    const limited = { lifetime: { time: 0, octets: 0, packets: 8 } };
    const p = pair({ kernel: 'userspace', child: limited }).up();
    const first = only(p.initiator.children);
    let replies = 0;
    for (let packet = 0; packet < 30; packet++) {
      p.initiator.userspace.ping({ reqid: only(p.initiator.children).reqid }, () => {
        replies++;
      });
      p.network.settle();
    }
    expect(replies).toBe(30);
    expect(only(p.initiator.children).inboundSpi).not.toBe(first.inboundSpi);
    expect(p.initiator.told('childEstablished').length).toBeGreaterThan(3);
  });
});
