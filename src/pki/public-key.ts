/** The key in a certificate, and whether one certificate's key made the signature on another. */
import type { Crypto, PublicKey, SignatureAlgorithm } from '../crypto/provider.ts';
import type { Certificate } from './certificate.ts';

const keys = new WeakMap<Crypto, WeakMap<Certificate, PublicKey | 'none'>>();

/** Its key, imported once; undefined when the provider takes none such. */
export function publicKeyOf(crypto: Crypto, certificate: Certificate): PublicKey | undefined {
  const known = keys.get(crypto) ?? new WeakMap<Certificate, PublicKey | 'none'>();
  keys.set(crypto, known);
  const key = known.get(certificate) ?? crypto.publicKey(certificate.spki) ?? 'none';
  known.set(certificate, key);
  return key === 'none' ? undefined : key;
}

/** Something with a signature on it: a certificate, a CRL, an OCSP response. */
export interface Signed {
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly algorithmsAgree: boolean;
  readonly signature: Uint8Array;
}

const verified = new WeakMap<Crypto, WeakMap<Signed, WeakMap<Certificate, boolean>>>();

/**
 * Whether the signature was made by `signer`'s key, with one algorithm named alike inside and out. Remembered as long as both
 * live: the same authorities and CRLs are asked again and again.
 */
export function isSignedBy(crypto: Crypto, signed: Signed, signer: Certificate): boolean {
  const ofCrypto = verified.get(crypto) ?? new WeakMap<Signed, WeakMap<Certificate, boolean>>();
  verified.set(crypto, ofCrypto);
  const known = ofCrypto.get(signed) ?? new WeakMap<Certificate, boolean>();
  ofCrypto.set(signed, known);
  const holds = known.get(signer) ?? verify(crypto, signed, signer);
  known.set(signer, holds);
  return holds;
}

function verify(crypto: Crypto, signed: Signed, signer: Certificate): boolean {
  const { signatureAlgorithm: algorithm } = signed;
  if (algorithm === undefined || !signed.algorithmsAgree) return false;
  return publicKeyOf(crypto, signer)?.verify(algorithm, signed.tbs, signed.signature) ?? false;
}

/** Whether a signature is made with SHA-1. */
export const usesSha1 = (algorithm: SignatureAlgorithm | undefined): boolean =>
  algorithm !== undefined && 'hash' in algorithm && algorithm.hash === 'sha1';
