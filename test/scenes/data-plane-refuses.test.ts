/**
 *   initiator                       responder
 *   IKE_AUTH 1 { ... SA TSi TSr }  ->   the data plane says no to the inbound SA
 *                                  <-   IKE_AUTH 1 { IDr AUTH N(NO_PROPOSAL_CHOSEN) }: the IKE SA stays
 *
 *   IKE_AUTH 1 { ... SA TSi TSr }  ->
 *                                  <-   IKE_AUTH 1 { IDr AUTH SA TSi TSr }
 *   the data plane says no
 *   INFORMATIONAL 2 { D(ESP) }     ->   that child goes, the IKE SA stays
 */
import { describe, expect, it } from 'vitest';
import { type Pair, pair } from '../../src/testing/index.ts';
import { find } from '../../src/wire/message.ts';
import { NotifyType } from '../../src/wire/numbers.ts';
import { cryptos } from './cryptos.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

function expectChildless({ initiator, responder }: Pair): void {
  for (const end of [initiator, responder]) {
    expect(end.established).toHaveLength(1);
    expect(end.children).toEqual([]);
    expect(end.memory.sas).toEqual([]);
    expect(end.memory.policies).toEqual([]);
    expect(end.held.childSpis).toBe(0);
  }
}

describe.each(cryptos)('with %s', (_name, ends) => {
  it('ENOSYS at the responder: the child is refused, the IKE SA stays', () => {
    const both = pair(ends);
    both.responder.memory.refuse(1, 'ENOSYS', 'addSa');
    both.up();
    expectChildless(both);
    expect(only(both.initiator.told('childFailed')).reason.notify).toBe(NotifyType.NO_PROPOSAL_CHOSEN);
    expect(only(both.responder.told('childFailed')).reason.text).toContain('ENOSYS');
    both.initiator.down('pair');
    expectNothing(both);
  });

  it('ENOSYS at the initiator: the child is deleted at the peer, the IKE SA stays', () => {
    const both = pair(ends);
    both.initiator.memory.refuse(1, 'ENOSYS', 'addSa');
    both.up();
    expectChildless(both);
    expect(only(both.initiator.told('childFailed')).reason.text).toContain('ENOSYS');
    expect(only(both.responder.told('childDeleted')).reason).toBe('deleted by the peer');
    const [, request] = both.network.flights.filter(({ source }) => source.address === '10.0.0.1').slice(1);
    expect(find(request?.payloads ?? [], 'delete')?.spis).toHaveLength(1);
  });
});

describe('the inbound SA', () => {
  it('EEXIST at the responder: another SPI', () => {
    const both = pair();
    both.responder.memory.refuse(1, 'EEXIST', 'addSa');
    both.up();
    expectUp(both);
    expect(both.responder.held.childSpis).toBe(1);
  });

  it('EEXIST again and again at the responder: the child is refused', () => {
    const both = pair();
    for (let n = 1; n <= 3; n++) both.responder.memory.refuse(n, 'EEXIST', 'addSa');
    both.up();
    expectChildless(both);
  });

  it.each(['initiator', 'responder'] as const)(
    'a slow data plane at the %s: everything waits for it',
    (end) => {
      const both = pair({ [end]: { installing: 3000 } });
      both.initiator.up('pair');
      both.network.until(() => both.initiator.children.length > 0 && both.responder.children.length > 0);
      both.network.settle();
      expectUp(both);
      expect(both.network.now).toBeGreaterThan(3000);
      expect(both.responder.children).toHaveLength(1);
      both.initiator.down('pair');
      expectNothing(both);
    },
  );

  it.each(['initiator', 'responder'] as const)(
    'a data plane at the %s that never answers is given up',
    (end) => {
      const both = pair({ [end]: { installing: 'never' } });
      both.initiator.up('pair');
      both.network.until(() => both.initiator.told('childFailed').length > 0, 30_000);
      both.network.settle();
      expectChildless(both);
      expect(both.network.now).toBeGreaterThanOrEqual(10_000);
      both.initiator.down('pair');
      expectNothing(both);
    },
  );

  it.each(['initiator', 'responder'] as const)('the %s shuts down while its data plane works', (end) => {
    const both = pair({
      [end]: { installing: 3000 },
      entry: { retransmit: { interval: 500, timeout: 8000 } },
    });
    both.initiator.up('pair');
    both.network.advance(1000);
    both[end].command({ kind: 'shutdown' });
    expect(both.network.run()).toBe(true);
    for (const { held, memory, name } of [both.initiator, both.responder]) {
      expect([name, Object.values(held).every((count) => count === 0)]).toEqual([name, true]);
      expect(memory.sas).toEqual([]);
      expect(memory.policies).toEqual([]);
    }
  });
});

describe('what follows', () => {
  it.each([
    ['initiator', 'addSa', 2],
    ['responder', 'addSa', 2],
    ['initiator', 'addPolicy', 1],
    ['initiator', 'addPolicy', 3],
    ['responder', 'addPolicy', 2],
  ] as const)(
    'the %s: %s number %i fails: the child goes at both ends, the IKE SA stays',
    (end, kind, nth) => {
      const both = pair();
      both[end].memory.refuse(nth, 'ENOMEM', kind);
      both.up();
      expectChildless(both);
      expect(only(both[end].told('childFailed')).reason).toEqual({ code: 'KERNEL', text: `${kind}: ENOMEM` });
      both.initiator.down('pair');
      expectNothing(both);
    },
  );

  it('a soft expiry: the child is rekeyed; a hard one: it is deleted at both ends', () => {
    const both = pair().up();
    const { inboundSpi } = only(both.initiator.children);
    const id = { spi: inboundSpi, destination: '10.0.0.1' };
    both.initiator.feed({ type: 'kernel', notice: { kind: 'expire', id, hard: false } });
    both.network.settle();
    both.network.advance(6_000);
    expectUp(both);
    const fresh = only(both.initiator.children).inboundSpi;
    expect(fresh).not.toBe(inboundSpi);
    both.initiator.feed({
      type: 'kernel',
      notice: { kind: 'expire', id: { ...id, spi: fresh }, hard: true },
    });
    both.network.settle();
    expectChildless(both);
  });

  it('notices about SAs nobody knows are nothing', () => {
    const both = pair().up();
    const id = { spi: 5, destination: '10.0.0.1' };
    both.initiator.feed({ type: 'kernel', notice: { kind: 'expire', id, hard: true } });
    both.initiator.feed({ type: 'kernel', notice: { kind: 'mapping', id, address: '10.0.0.9', port: 1 } });
    both.initiator.feed({ type: 'answer', id: 4711, answer: { ok: true } });
    both.initiator.command({ kind: 'deleteChild', spi: 5 });
    both.initiator.feed({ type: 'command', command: { kind: 'down', name: 'nobody' } });
    both.network.settle();
    expectUp(both);
  });
});
