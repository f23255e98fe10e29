/** Shared Key Message Integrity Code, method 2. RFC 7296 §2.15. */
import type { Prf } from '../../crypto/provider.ts';
import type { Secret } from '../../crypto/secret.ts';

const keyPad = new TextEncoder().encode('Key Pad for IKEv2');

/** AUTH = prf(prf(Shared Secret, "Key Pad for IKEv2"), signed octets); the inner one is the same for all who share the secret. */
export function pskAuth(prf: Prf, psk: Secret, signed: Uint8Array): Uint8Array {
  const key = psk.derived(prf, (octets) => prf.compute(octets, keyPad));
  return prf.compute(key, signed);
}
