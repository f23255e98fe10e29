/**
 * Both ends prove themselves by a signature with the key of a certificate. RFC 7427.
 *
 *   initiator                                    responder
 *   IKE_SA_INIT  SA KE Ni N(SIGNATURE_HASH..) ->
 *                                             <- SA KE Nr CERTREQ N(SIGNATURE_HASH..) N(SUPPORTED_AUTH_METHODS)
 *   IKE_AUTH     IDi CERT CERTREQ IDr AUTH ..  ->
 *                                             <- IDr CERT AUTH SA TSi TSr
 */
import { describe, expect, it } from 'vitest';
import { defaultCrypto } from '../../src/crypto/index.ts';
import { pair } from '../../src/testing/index.ts';
import { anyCertificate, credential, privateKey, signature, trust } from './certificates.ts';

const end = (name: string) => ({ name, identity: `@${name}.test` });

describe('signatures', () => {
  it.each([
    ['east', 'west'],
    ['west', 'east'],
    ['rsa3072', 'p384'],
    ['p521', 'brainpool'],
    ['ed25519', 'ed448'],
  ])('%s and %s', (one, other) => {
    const ours = { name: one, identity: `@${one}.test` };
    const theirs = { name: other, identity: `@${other}.test` };
    const { initiator, responder } = pair({
      initiator: side(ours, theirs),
      responder: side(theirs, ours),
    }).up();
    expect(responder.failures).toEqual([]);
    expect(initiator.failures).toEqual([]);
    expect(responder.failures).toEqual([]);
    expect(initiator.children).toHaveLength(1);
  });
});

function side(own: ReturnType<typeof end>, _peer: ReturnType<typeof end>) {
  return {
    identity: own.identity,
    crypto: defaultCrypto,
    pki: trust(),
    auth: { local: [signature], remote: [signature], credential: credential(own.name), keys: anyCertificate },
    privateKeys: [privateKey(own.name)],
  };
}
