/** Our daemon and charon 5.9.8, each proving itself by signatures of every kind both know. */
import { expect } from 'vitest';
import { proofs, underOne } from './charon-certificates.ts';
import { establish, pair, roles } from './charon-pair.ts';
import { type KeyKind, once, root } from './peers/holders.ts';
import { suite } from './peers/needs.ts';
import { it } from './peers/staged.ts';

const needs = ['namespaces', 'charon', 'fakexfrm', 'ours'] as const;

suite('signatures with charon', needs, () => {
  const pss = ['RSA_EMSA_PSS_SHA2_512_SALT_64', 'RSA_EMSA_PSS_SHA2_256_SALT_32'] as const;
  const ecdsa = (bits: number) => [`ECDSA_WITH_SHA${bits}_DER`, `ECDSA_WITH_SHA${bits}_DER`] as const;
  const kinds: readonly { kind: KeyKind; rsaPss?: true; by: readonly [ours: string, charon: string] }[] = [
    // Ours are PSS wherever it is allowed; charon's where it is told to.
    { kind: 'rsa2048', by: [pss[0], 'RSA_EMSA_PKCS1_SHA2_256'] },
    { kind: 'rsa2048', rsaPss: true, by: pss },
    { kind: 'rsa3072', rsaPss: true, by: pss },
    { kind: 'p256', by: ecdsa(256) },
    { kind: 'p384', by: ecdsa(384) },
    { kind: 'p521', by: ecdsa(512) },
    { kind: 'ed25519', by: ['ED25519', 'ED25519'] },
    { kind: 'ed448', by: ['ED448', 'ED448'] },
  ];
  for (const { kind, rsaPss = false, by } of kinds) {
    const authority = once(() => root('root', { kind }));
    for (const initiator of roles) {
      it.concurrent(`${kind}${rsaPss ? ' PSS' : ''}, ${initiator} initiates`, async ({ stage }) => {
        const both = await pair(stage, underOne(authority(), { more: { settings: { rsa_pss: rsaPss } } }));
        await establish(both, initiator);
        expect(proofs(both)).toEqual({ ours: by[0], charon: by[1] });
      });
    }
  }

  const old: readonly { kind: KeyKind; authby?: string; by: string }[] = [
    { kind: 'rsa2048', authby: 'rsa-sha1', by: 'RSA signature' },
    { kind: 'p256', by: 'ECDSA-256 signature' },
    { kind: 'p384', by: 'ECDSA-384 signature' },
    { kind: 'p521', by: 'ECDSA-521 signature' },
  ];
  for (const { kind, authby = '', by } of old) {
    const authority = once(() => root('root', { kind }));
    for (const initiator of roles) {
      it.concurrent(`${kind} without RFC 7427, ${initiator} initiates`, async ({ stage }) => {
        const settings = { signature_authentication: false };
        const both = await pair(stage, underOne(authority(), { conn: { authby }, more: { settings } }));
        await establish(both, initiator);
        expect(proofs(both)).toEqual({ ours: by, charon: by });
      });
    }
  }
});
