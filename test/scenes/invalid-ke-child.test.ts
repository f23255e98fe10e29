/**
 * The wrong group in CREATE_CHILD_SA: for a new child, a child rekey and an IKE rekey the exchange is begun again with the
 * group asked for (RFC 7296 §1.3). A group that was not offered or was tried before is not followed, and what is up stays.
 *
 *   initiator (x25519, then ecp256)                          responder (ecp256 only)
 *     | CREATE_CHILD_SA { SA Ni KE(31) ... } -->                            |
 *     |                         <-- CREATE_CHILD_SA { N(INVALID_KE_PAYLOAD) 19 } |
 *     | CREATE_CHILD_SA { SA Ni KE(19) ... } -->                            |
 *     |                                    <-- CREATE_CHILD_SA { SA Nr KE(19) ... } |
 */
import { describe, expect, test } from 'vitest';
import { type Pair, type PairOptions, pair } from '../../src/testing/index.ts';
import { find } from '../../src/wire/message.ts';
import { KeyExchangeMethod, NotifyType } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';
import { expectMirrored, expectNothing, expectUp } from './expect-up.ts';
import { answering, refusal } from './subnets.ts';

const { CURVE25519, ECP_256, ECP_384, MODP_1024 } = KeyExchangeMethod;

/** The initiator's first group is not the responder's. */
const differing: PairOptions = {
  child: { pfs: true },
  initiator: { ike: 'aes128gcm16-prfsha256-x25519-ecp256', esp: 'aes128gcm16-x25519-ecp256' },
  responder: { ike: 'aes128gcm16-prfsha256-ecp256', esp: 'aes128gcm16-ecp256' },
};
/** Both have both. */
const same: PairOptions = {
  child: { pfs: true },
  ike: 'aes128gcm16-prfsha256-x25519-ecp256',
  esp: 'aes128gcm16-x25519-ecp256',
};

const wants: readonly (readonly [string, (both: Pair) => void])[] = [
  ['a new child', ({ initiator }) => initiator.command({ kind: 'upChild', name: 'pair', child: 'pair' })],
  [
    'a rekey of the child',
    ({ initiator }) => initiator.command({ kind: 'rekey', name: 'pair', what: 'children' }),
  ],
  [
    'a rekey of the IKE SA',
    ({ initiator }) => initiator.command({ kind: 'rekey', name: 'pair', what: 'ike' }),
  ],
];

const groups = (asked: readonly (readonly Payload[])[]): (number | undefined)[] =>
  asked.map((payloads) => find(payloads, 'ke')?.group);

const wrongGroup = (group: number): Payload[] =>
  refusal(NotifyType.INVALID_KE_PAYLOAD, Uint8Array.of(group >> 8, group & 0xff));

/** What is up is as it was, and can go. */
function expectAsBefore(both: Pair): void {
  expect(both.initiator.told('ikeRekeyed')).toEqual([]);
  expect(both.initiator.told('childEstablished')).toHaveLength(1);
  expectUp(both);
  both.initiator.down('pair');
  expectNothing(both);
}

describe.each(wants)('%s', (what, ask) => {
  test('goes with the group the responder names', () => {
    const both = pair(differing).up();
    const asked = answering(both, () => undefined);
    ask(both);
    both.network.advance(10_000);
    expect(groups(asked)).toEqual([CURVE25519, ECP_256]);
    expect(both.initiator.children).toHaveLength(what === 'a new child' ? 2 : 1);
    expect(both.initiator.told('ikeRekeyed')).toHaveLength(what === 'a rekey of the IKE SA' ? 1 : 0);
    expectMirrored(both.initiator, both.responder);
    both.responder.down('pair');
    expectNothing(both);
  });

  test('a peer that wants the other group whatever it gets: each is tried once', () => {
    const both = pair(same).up();
    const asked = answering(both, (request) =>
      wrongGroup(find(request, 'ke')?.group === ECP_256 ? CURVE25519 : ECP_256),
    );
    ask(both);
    both.network.advance(200_000);
    expect(groups(asked)).toEqual([CURVE25519, ECP_256]);
    expectAsBefore(both);
  });

  test.each([
    ['the one it got', CURVE25519],
    ['one not offered', MODP_1024],
    ['another not offered', ECP_384],
    ['none', KeyExchangeMethod.NONE],
    ['one nobody knows', 65_535],
  ])('a peer that names %s is not followed', (_, group) => {
    const both = pair(same).up();
    const asked = answering(both, () => wrongGroup(group));
    ask(both);
    both.network.advance(200_000);
    expect(asked).toHaveLength(1);
    expectAsBefore(both);
  });

  test.each([0, 1, 3])('a notify of %i octets', (length) => {
    const both = pair({ ...same, esp: 'aes128gcm16-x25519-none' }).up();
    const asked = answering(both, () => refusal(NotifyType.INVALID_KE_PAYLOAD, new Uint8Array(length)));
    ask(both);
    both.network.advance(200_000);
    expect(asked).toHaveLength(1);
    expectAsBefore(both);
  });

  test('TEMPORARY_FAILURE in between: the group asked for is kept', () => {
    const both = pair(differing).up();
    const asked = answering(both, (_request, nth) =>
      nth === 2 ? refusal(NotifyType.TEMPORARY_FAILURE) : undefined,
    );
    ask(both);
    both.network.advance(60_000);
    expect(groups(asked)).toEqual([CURVE25519, ECP_256, ECP_256]);
    expectMirrored(both.initiator, both.responder);
  });
});

test('PFS that may be left out: the responder without a group gets a child without', () => {
  const both = pair({
    child: { pfs: true },
    initiator: { esp: 'aes128gcm16-x25519-none' },
    responder: { esp: 'aes128gcm16', child: { pfs: false } },
  }).up();
  both.initiator.command({ kind: 'rekey', name: 'pair', what: 'children' });
  both.network.advance(10_000);
  expectUp(both);
  expect(both.initiator.told('childEstablished')).toHaveLength(2);
});
