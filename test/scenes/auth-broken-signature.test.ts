/**
 * A signature that is not one, from a peer with the true keys of the IKE SA.
 *
 *   initiator                                       responder
 *   IKE_AUTH 1 { IDi CERT AUTH(spoilt) SA TSi TSr }  ->
 *                                                   <-  { N(AUTHENTICATION_FAILED) }
 *
 *   IKE_AUTH 1 { IDi CERT AUTH SA TSi TSr }          ->
 *                                                   <-  { IDr CERT AUTH(spoilt) SA TSi TSr }
 *   INFORMATIONAL 2 { N(AUTHENTICATION_FAILED) D(IKE) } ->
 */
import { describe, expect, it } from 'vitest';
import { algorithmIdentifier } from '../../src/crypto/index.ts';
import { on, type Pair, pair, tampered } from '../../src/testing/index.ts';
import { AuthMethod, ExchangeType } from '../../src/wire/numbers.ts';
import type { Authentication } from '../../src/wire/payloads/auth.ts';
import { expectRefused, signing } from './auth-ends.ts';

type Spoil = (auth: Authentication) => Authentication;

/** The AUTH of one end arrives as `spoil` makes it. */
function spoilt(both: Pair, who: 'initiator' | 'responder', spoil: Spoil): Pair {
  const { network } = both;
  network.fate(
    on(
      { exchange: ExchangeType.IKE_AUTH, response: who === 'responder', nth: 1 },
      tampered(network.keys, ({ payloads }) =>
        payloads.map((each) => (each.kind === 'auth' ? spoil(each) : each)),
      ),
    ),
  );
  return both.up();
}

/** Where the signature begins: after the AlgorithmIdentifier and its length (RFC 7427 §3). */
const begin = ({ data }: Authentication): number => 1 + (data[0] ?? 0);

const flip =
  (where: (auth: Authentication) => number): Spoil =>
  (auth) => ({ ...auth, data: auth.data.map((octet, at) => (at === where(auth) ? octet ^ 1 : octet)) });

const data =
  (change: (octets: Uint8Array, begin: number) => Uint8Array): Spoil =>
  (auth) => ({ ...auth, data: change(auth.data, begin(auth)) });

const joined = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

const spoils: readonly (readonly [name: string, spoil: Spoil])[] = [
  ['the first octet flipped', flip(begin)],
  ['an octet in the middle flipped', flip((auth) => (begin(auth) + auth.data.length) >> 1)],
  ['the last octet flipped', flip((auth) => auth.data.length - 1)],
  ['truncated by one octet', data((octets) => octets.slice(0, -1))],
  ['truncated to a half', data((octets, at) => octets.slice(0, (at + octets.length) >> 1))],
  ['empty', data((octets, at) => octets.slice(0, at))],
  ['all zero', data((octets, at) => octets.map((octet, i) => (i < at ? octet : 0)))],
  ['all ones', data((octets, at) => octets.map((octet, i) => (i < at ? octet : 0xff)))],
  ['an octet more', data((octets) => joined(octets, Uint8Array.of(0)))],
  ['an octet before', data((octets, at) => joined(octets.slice(0, at), Uint8Array.of(0), octets.slice(at)))],
  ['r = s = 1', data((octets, at) => joined(octets.slice(0, at), Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 1)))],
];

const headers: readonly (readonly [name: string, spoil: Spoil])[] = [
  ['no octets', data(() => new Uint8Array(0))],
  ['an algorithm of length 0', data((octets) => joined(Uint8Array.of(0), octets.slice(1)))],
  ['an algorithm longer than all', data(() => Uint8Array.of(255, 0x30, 0))],
  ['an algorithm broken off', data((octets, at) => octets.slice(0, at - 1))],
  ['an algorithm that is no DER', flip(() => 1)],
  ['an unknown algorithm', flip(() => 6)],
  ['the octets of a key as algorithm', data(() => joined(Uint8Array.of(32), new Uint8Array(96)))],
  [
    'an algorithm with an octet after it',
    data((octets, at) => joined(Uint8Array.of(at), octets.slice(1, at), Uint8Array.of(0), octets.slice(at))),
  ],
];

const kinds = ['east', 'west', 'p521', 'ed25519', 'ed448'] as const;

const holdsNot = /^AUTHENTICATION_FAILED: AUTH of @[a-z0-9]+\.test does not hold/;

describe.each(kinds)('a signature by the key of %s', (name) => {
  it.each(spoils)('%s', (_what, spoil) => {
    const ends = { initiator: signing(name), responder: signing('p384') };
    expectRefused(spoilt(pair(ends), 'initiator', spoil), 'responder', holdsNot);
  });

  it('flipped in the answer', () => {
    const both = pair({ initiator: signing('p384'), responder: signing(name) });
    expectRefused(spoilt(both, 'responder', flip(begin)), 'initiator', holdsNot);
  });
});

describe('the algorithm before a signature', () => {
  it.each(headers)('%s', (_what, spoil) => {
    const both = pair({ initiator: signing('east'), responder: signing('west') });
    expectRefused(
      spoilt(both, 'initiator', spoil),
      'responder',
      /^AUTHENTICATION_FAILED: AUTH of @east\.test: a Digital Signature /,
    );
  });

  it.each([16, 31, 33, 64, 222])('PSS with a salt of %i octets where the hash has 32', (saltLength) => {
    const named = algorithmIdentifier({ kind: 'rsa-pss', hash: 'sha256', saltLength });
    const both = pair({ initiator: signing('east'), responder: signing('west') });
    const spoil = data((octets, at) => joined(Uint8Array.of(named.length), named, octets.slice(at)));
    expectRefused(spoilt(both, 'initiator', spoil), 'responder', /unknown or ill-formed algorithm/);
  });

  it('another that the key could do: the signature does not hold', () => {
    const named = algorithmIdentifier({ kind: 'rsa-pkcs1', hash: 'sha256' });
    const both = pair({ initiator: signing('east'), responder: signing('west') });
    const spoil = data((octets, at) => joined(Uint8Array.of(named.length), named, octets.slice(at)));
    expectRefused(spoilt(both, 'initiator', spoil), 'responder', holdsNot);
  });

  it('one of another kind of key', () => {
    const named = algorithmIdentifier({ kind: 'ecdsa', hash: 'sha256' });
    const both = pair({ initiator: signing('east'), responder: signing('west') });
    const spoil = data((octets, at) => joined(Uint8Array.of(named.length), named, octets.slice(at)));
    expectRefused(spoilt(both, 'initiator', spoil), 'responder', holdsNot);
  });

  it('SHA-1, which nobody asked for', () => {
    const named = algorithmIdentifier({ kind: 'rsa-pkcs1', hash: 'sha1' });
    const both = pair({ initiator: signing('east'), responder: signing('west') });
    const spoil = data((octets, at) => joined(Uint8Array.of(named.length), named, octets.slice(at)));
    expectRefused(
      spoilt(both, 'initiator', spoil),
      'responder',
      /RSASSA-PKCS1-v1_5 with SHA1, which our policy does not take/,
    );
  });
});

describe('the method before a signature', () => {
  const methods = Object.entries(AuthMethod).filter(([, method]) => method !== AuthMethod.DIGITAL_SIGNATURE);

  it.each(methods)('%s', (_name, method) => {
    const both = pair({ initiator: signing('east'), responder: signing('west') });
    expectRefused(
      spoilt(both, 'initiator', (auth) => ({ ...auth, method })),
      'responder',
      /AUTH|proves itself by/,
    );
  });

  it.each([0, 4, 8, 15, 200, 255])('%i, which is none', (method) => {
    const both = pair({ initiator: signing('east'), responder: signing('west') });
    expectRefused(
      spoilt(both, 'initiator', (auth) => ({ ...auth, method })),
      'responder',
      /proves itself by/,
    );
  });
});

it('a signature made for another IKE SA', () => {
  let kept: Uint8Array | undefined;
  const first = pair({ seed: 1, initiator: signing('west'), responder: signing('east') });
  spoilt(first, 'initiator', (auth) => {
    kept = auth.data;
    return auth;
  });
  const second = pair({ seed: 2, initiator: signing('west'), responder: signing('east') });
  spoilt(second, 'initiator', (auth) => ({ ...auth, data: kept ?? auth.data }));
  expect(kept).toBeDefined();
  expectRefused(second, 'responder', holdsNot);
});

it('the initiator’s own signature sent back to it', () => {
  const both = pair({ initiator: signing('east'), responder: signing('east') });
  let own: Uint8Array | undefined;
  both.network.fate(
    on(
      { exchange: ExchangeType.IKE_AUTH, response: false, nth: 1 },
      tampered(both.network.keys, ({ payloads }) => {
        own = payloads.find((each): each is Authentication => each.kind === 'auth')?.data;
        return undefined;
      }),
    ),
  );
  spoilt(both, 'responder', (auth) => ({ ...auth, data: own ?? auth.data }));
  expect(own).toBeDefined();
  expectRefused(both, 'initiator', holdsNot);
});
