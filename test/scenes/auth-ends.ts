/** Ends that prove themselves in one way or another, and how a refusal looks at both. */
import { expect } from 'vitest';
import type { PrivateKey } from '../../src/crypto/index.ts';
import { defaultCrypto } from '../../src/crypto/index.ts';
import type { Millis } from '../../src/ike/actions.ts';
import { PrivateKeys } from '../../src/ike/private-keys.ts';
import type { AuthPolicy, Credential } from '../../src/policy/policy.ts';
import type { AuthOptions } from '../../src/testing/connection.ts';
import type { Host, HostOptions, Pair, PairEnd } from '../../src/testing/index.ts';
import { NotifyType } from '../../src/wire/numbers.ts';
import { anyCertificate, credential, privateKey, signature, trust } from './certificates.ts';
import { expectNothing, only } from './expect-up.ts';

export const psk: AuthPolicy = { kind: 'psk' };
export const nobodys: AuthPolicy = { kind: 'null' };

/** An end with a certificate of `vectors/certificates`, that takes any other of the same authority. */
export function signing(
  name: string,
  { auth, ...more }: Omit<PairEnd, 'auth'> & { readonly auth?: Partial<AuthOptions> } = {},
): PairEnd {
  return {
    identity: `@${name}.test`,
    crypto: defaultCrypto,
    pki: trust(),
    privateKeys: [privateKey(name)],
    ...more,
    // `tampered` opens whole messages only.
    entry: { fragmentation: 'no', ...more.entry },
    auth: {
      local: [signature],
      remote: [signature],
      credential: credential(name),
      keys: anyCertificate,
      ...auth,
    },
  };
}

/** An end with the raw key of a certificate of `vectors/certificates`, that knows the raw keys of its peer. */
export const raw = (name: string, known: readonly string[]): PairEnd =>
  signing(name, {
    auth: {
      credential: credential(name, { certificates: [] }),
      keys: { raw: known.map((each) => credential(each).spki), identityInCertificate: false },
    },
  });

/** Answers `sign` as the end's private keys do, but later, or never. */
export function late(
  { privateKeys = [] }: PairEnd,
  after: Millis | 'never',
): NonNullable<HostOptions['answer']> {
  const keys = new PrivateKeys(privateKeys, defaultCrypto, (length) => new Uint8Array(length).fill(3));
  return (question) => {
    const answer = keys.answer(question);
    return answer && { after, answer };
  };
}

/** An end with another key than its certificate's. */
export const another = (
  name: string,
  key: PrivateKey,
  more: Partial<Credential> = {},
): Partial<AuthOptions> => ({
  credential: { ...credential(name), ...more, spki: key.spki, key: credentialKey(key) },
});

const credentialKey = (key: PrivateKey): string => {
  const found = ['east', 'west', 'p384'].find((name) => sameOctets(privateKey(name).spki, key.spki));
  if (found === undefined) throw new Error('a key of east, west or p384');
  return credential(found).key;
};

const sameOctets = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Why an end says that nothing came of it, once. */
export const reasonAt = (host: Host) => only(host.failures);

/**
 * One end refuses the other's proof and says why in one line; the other hears AUTHENTICATION_FAILED; nothing is left of it.
 */
export function expectRefused(both: Pair, at: 'initiator' | 'responder', why: RegExp): void {
  const [here, there] =
    at === 'initiator' ? [both.initiator, both.responder] : [both.responder, both.initiator];
  const reason = reasonAt(here);
  expect(reason).toMatchObject({ code: 'AUTHENTICATION_FAILED', notify: NotifyType.AUTHENTICATION_FAILED });
  expect(reason.text).toMatch(why);
  // A line of its own, in characters that do nothing to a terminal.
  expect(reason.text).toMatch(/^[\x20-\x7e]+$/);
  expect(reasonAt(there).notify).toBe(NotifyType.AUTHENTICATION_FAILED);
  expect(here.established).toEqual([]);
  expectNothing(both);
  expect(both.initiator.told('bug')).toEqual([]);
}
