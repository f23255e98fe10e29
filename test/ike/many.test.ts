/** Of many keys and many connections the same is found as by a walk through all of them. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Secret } from '../../src/crypto/index.ts';
import { ofIdentity } from '../../src/ike/auth/candidates.ts';
import { identityFits } from '../../src/ike/auth/identities.ts';
import { parseDn } from '../../src/pki/index.ts';
import { type Identity, identityOfDn, parseIdentity } from '../../src/policy/identity.ts';
import { identify, Pad } from '../../src/policy/pad.ts';
import type { KeySelector, PadEntry, Policy, PreSharedKey } from '../../src/policy/policy.ts';
import { pskFor } from '../../src/policy/secrets.ts';
import { parseCidr } from '../../src/policy/selector.ts';
import { connection, padEntry } from '../../src/testing/connection.ts';

const names = [
  '@a.test',
  '@A.test.',
  '@b.test',
  'c@d.test',
  '10.0.0.1',
  'CN=one, O=org',
  'O=Org, CN=one',
  'CN=*, O=org',
];
const identities = names.map(
  (text): Identity => (text.includes('=') ? identityOfDn(parseDn(text)) : parseIdentity(text)),
);
const name = fc.constantFrom(...identities);

const selector: fc.Arbitrary<KeySelector> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ kind: 'any' as const }) },
  {
    weight: 5,
    arbitrary: name.map((identity) => ({ kind: 'identity' as const, identity })),
  },
);

it('the shared key is the one that a look at each finds', () => {
  const lists = fc.array(fc.array(selector, { maxLength: 3 }), { minLength: 17, maxLength: 40 });
  fc.assert(
    fc.property(lists, name, fc.option(name), (selectors, local, remote) => {
      const keys = selectors.map((of, at): PreSharedKey => {
        return { secret: new Secret(Uint8Array.of(at)), selectors: of, where: `test:${at}` };
      });
      const ends = [local, remote ?? undefined] as const;
      const addresses = ['10.0.0.1', '10.0.0.2'] as const;
      // Of few keys each is looked at: the best of halves is the best of all.
      let best: PreSharedKey | undefined;
      for (const key of keys) best = pskFor(best ? [best, key] : [key], ...ends, ...addresses);
      expect(pskFor(keys, ...ends, ...addresses)).toBe(best);
    }),
  );
});

const entryOf = (at: number, peer: Identity | undefined, from = '%any', nobody = false): PadEntry => {
  const entry = padEntry({
    ...{ name: `c${at}`, address: '192.0.2.1', peer: { address: '192.0.2.2' } },
    ...{ peerAddress: '%any', peerIdentity: '%any' },
  });
  const range = from === '%any' ? undefined : parseCidr(from);
  return {
    ...entry,
    remote: {
      ...entry.remote,
      identity: peer,
      ...(range && { range }),
      ...(nobody && { auth: [{ kind: 'null' as const }] }),
    },
  };
};

it('the connection is the one that a look at each finds', () => {
  const wanted = fc.constantFrom(...identities, undefined);
  fc.assert(
    fc.property(fc.array(wanted, { minLength: 17, maxLength: 40 }), name, (peers, who) => {
      const entries = peers.map((peer, at) => entryOf(at, peer));
      const narrowed = ofIdentity(entries, who);
      expect(identify(narrowed, who, undefined, identityFits)).toBe(
        identify(entries, who, undefined, identityFits),
      );
    }),
  );
});

it('who may be nobody stays a candidate whatever it is called', () => {
  const entries = Array.from({ length: 20 }, (_, at) =>
    entryOf(at, parseIdentity(`@n${at}.test`), '%any', at === 7),
  );
  expect(ofIdentity(entries, parseIdentity('@n3.test')).map((entry) => entry.name)).toEqual(['c3', 'c7']);
});

it('candidates come by pair, by range and by anywhere, each in file order, as one list for all who are like', () => {
  const froms = ['10.0.0.0/8', '%any', '10.1.0.0/16', '10.0.0.0/8', '%any'];
  const open = froms.map((from, at) => entryOf(at, undefined, from));
  const exact = padEntry({ name: 'exact', address: '192.0.2.1', peer: { address: '10.1.0.9' } });
  const policy: Policy = {
    ...connection({ name: 'c', address: '192.0.2.1', peer: { address: '192.0.2.2' } }),
    pad: [...open, exact],
  };
  const pad = new Pad(policy);
  const at = (address: string) => pad.candidates('192.0.2.1', address);
  expect(at('10.1.0.9').map((entry) => entry.name)).toEqual(['exact', 'c0', 'c2', 'c3', 'c1', 'c4']);
  expect(at('10.1.0.1').map((entry) => entry.name)).toEqual(['c0', 'c2', 'c3', 'c1', 'c4']);
  expect(at('10.2.0.1').map((entry) => entry.name)).toEqual(['c0', 'c3', 'c1', 'c4']);
  expect(at('172.16.0.1').map((entry) => entry.name)).toEqual(['c1', 'c4']);
  expect(at('10.2.0.1')).toBe(at('10.3.0.1'));
  expect(at('172.16.0.1')).toBe(at('172.16.0.2'));
  expect(pad.candidates('192.0.2.9', '10.1.0.9')).toEqual([]);
});
