/** What AUTH covers. RFC 7296 §2.15. */
import type { Prf } from '../../crypto/provider.ts';
import type { Secret } from '../../crypto/secret.ts';
import type { SentIdentity } from '../../policy/identity.ts';
import { concat } from '../keys.ts';

/**
 * InitiatorSignedOctets = RealMessage1 | NonceRData | prf(SK_pi, RestOfInitIDPayload), or the responder's likewise.
 * `message` is the signer's own IKE_SA_INIT message, `nonce` the other end's, `skP` the signer's SK_p.
 */
export function signedOctets(
  prf: Prf,
  skP: Secret,
  message: Uint8Array,
  nonce: Uint8Array,
  identity: SentIdentity,
): Uint8Array {
  const { type, reserved = new Uint8Array(3), data } = identity;
  const restOfId = concat(Uint8Array.of(type), reserved, data);
  return concat(message, nonce, prf.compute(skP.octets, restOfId));
}
