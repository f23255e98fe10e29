/**
 * NO_ADDITIONAL_SAS: a peer that is full gets no more children, but may rekey those it has (RFC 7296 §1.3). One that refuses
 * us rekeys so, as a minimal implementation does (§4), is authenticated anew before the SA ends (§2.8); a child it refuses is
 * given up, the rest stays.
 *
 *   initiator                                                       responder (two children at most)
 *     | CREATE_CHILD_SA { SA Ni TSi TSr } -->                         |
 *     |                     <-- CREATE_CHILD_SA { N(NO_ADDITIONAL_SAS) } |
 *
 *     | CREATE_CHILD_SA { SA Ni KE } -->                              |
 *     |                     <-- CREATE_CHILD_SA { N(NO_ADDITIONAL_SAS) } |
 *     | IKE_SA_INIT { SA KE Ni } --> ... IKE_AUTH ...                 |
 *     | INFORMATIONAL { D(IKE) } --> on the old IKE SA                |
 */
import { describe, expect, test } from 'vitest';
import { type Pair, pair } from '../../src/testing/index.ts';
import { NotifyType } from '../../src/wire/numbers.ts';
import { expectMirrored, expectNothing, expectUp, only } from './expect-up.ts';
import { answering, refusal, several } from './subnets.ts';

const { NO_ADDITIONAL_SAS } = NotifyType;

const minimal = (both: Pair) => answering(both, () => refusal(NO_ADDITIONAL_SAS));

const refusals = (both: Pair, end: 'initiator' | 'responder') =>
  both[end].told('childFailed').filter(({ reason }) => reason.notify === NO_ADDITIONAL_SAS);

describe('sent', () => {
  test('at the limit; what is there is rekeyed all the same, and makes room when it goes', () => {
    const both = several(3, { responder: { entry: { mostChildren: 2 } } }).up();
    expect(both.initiator.children.map(({ child }) => child)).toEqual(['c1', 'c2']);
    expect(refusals(both, 'initiator').map(({ child }) => child)).toEqual(['c3']);
    both.initiator.command({ kind: 'rekey', name: 'pair', what: 'children' });
    both.network.advance(10_000);
    expect(both.initiator.told('childEstablished')).toHaveLength(4);
    both.initiator.command({ kind: 'rekey', name: 'pair', what: 'ike' });
    both.network.advance(10_000);
    expect(both.initiator.told('ikeRekeyed')).toHaveLength(1);
    both.initiator.command({ kind: 'deleteChild', spi: both.initiator.children[0]?.inboundSpi ?? 0 });
    both.initiator.up('pair');
    both.network.settle();
    expect(both.initiator.children).toHaveLength(2);
    expectMirrored(both.initiator, both.responder);
    both.initiator.down('pair');
    expectNothing(both);
  });

  test('the limit is the peer’s: we ask for as many as we want', () => {
    const both = several(3, { initiator: { entry: { mostChildren: 0 } } }).up();
    expect(both.initiator.children).toHaveLength(3);
    expectMirrored(both.initiator, both.responder);
  });

  test('in IKE_AUTH: the IKE SA stands without a child', () => {
    const both = pair({ responder: { entry: { mostChildren: 0 } } }).up();
    expect(both.initiator.established).toHaveLength(1);
    expect(both.initiator.children).toEqual([]);
    expect(refusals(both, 'initiator')).toHaveLength(1);
    both.initiator.down('pair');
    expectNothing(both);
  });
});

describe('understood', () => {
  test('to a new child: that one is given up, and asked for once', () => {
    const both = several(2);
    const asked = minimal(both);
    both.up();
    both.network.advance(120_000);
    expect(asked).toHaveLength(1);
    expect(refusals(both, 'initiator')).toHaveLength(1);
    expectUp(both);
  });

  test.each(['ike', 'children'] as const)(
    'to a rekey (%s): authenticated anew, nothing is down meanwhile',
    (what) => {
      const both = pair().up();
      const [before] = both.initiator.established;
      const asked = minimal(both);
      both.initiator.command({ kind: 'rekey', name: 'pair', what });
      while (both.network.now < 5000) {
        both.network.advance(1);
        expect(both.initiator.children.length).toBeGreaterThan(0);
      }
      both.network.advance(120_000);
      expect(asked).toHaveLength(1);
      expect(only(both.initiator.established).spiI).not.toBe(before?.spiI);
      expectUp(both);
      both.initiator.down('pair');
      expectNothing(both);
    },
  );

  test('with reauth=break-before-make the old SA goes first', () => {
    const lifetime = { ike: 0, margin: 0, fuzz: 0, rekey: true, reauth: 'break-before-make' } as const;
    const both = pair({ entry: { lifetime } }).up();
    minimal(both);
    both.initiator.command({ kind: 'rekey', name: 'pair', what: 'ike' });
    both.network.advance(10_000);
    expect(
      both.initiator.events.filter(({ kind }) => kind.startsWith('ike')).map(({ kind }) => kind),
    ).toEqual(['ikeEstablished', 'ikeRekeyFailed', 'ikeDeleted', 'ikeEstablished']);
    expectUp(both);
  });

  test('at the end of every lifetime: always one IKE SA with a child, and no more than one try each time', () => {
    const lifetime = { ike: 60_000, margin: 20_000, fuzz: 0, rekey: true, reauth: false } as const;
    const both = pair({ initiator: { entry: { lifetime } } }).up();
    const asked = minimal(both);
    for (let second = 0; second < 300; second++) {
      both.network.advance(1000);
      expect(both.initiator.children.length).toBeGreaterThan(0);
    }
    expect(asked.length).toBeGreaterThan(4);
    expect(asked.length).toBeLessThan(9);
    expectUp(both);
  });

  test('several children at once: the IKE SA is made anew once', () => {
    const both = several(3).up();
    const asked = minimal(both);
    both.initiator.command({ kind: 'rekey', name: 'pair', what: 'children' });
    both.network.advance(20_000);
    expect(both.initiator.told('ikeEstablished')).toHaveLength(2);
    expect(both.initiator.established).toHaveLength(1);
    // What CREATE_CHILD_SA alone can bring back is refused: a minimal peer has one child for each IKE SA.
    expect(both.initiator.children).toHaveLength(1);
    expect(asked.length).toBeLessThan(6);
    expectMirrored(both.initiator, both.responder);
  });
});
