/** Shared Key Message Integrity Code, method 2. RFC 7296 §2.15. */
import type { Prf } from '../../crypto/provider.ts';
import type { Secret } from '../../crypto/secret.ts';

const keyPad = new TextEncoder().encode('Key Pad for IKEv2');

/** AUTH = prf(prf(Shared Secret, "Key Pad for IKEv2"), signed octets). */
export function pskAuth(prf: Prf, psk: Secret, signed: Uint8Array): Uint8Array {
  const key = prf.compute(psk.octets, keyPad);
  const auth = prf.compute(key, signed);
  key.fill(0);
  return auth;
}
