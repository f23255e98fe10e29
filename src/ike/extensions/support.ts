/** What both ends tell of themselves in IKE_SA_INIT: RFC 7383, RFC 6023, RFC 7427 §4, RFC 8420, RFC 9593. */
import type { PadEntry } from '../../policy/policy.ts';
import { notifies } from '../../wire/message.ts';
import { HashAlgorithm, NotifyType } from '../../wire/numbers.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import type { Role } from '../actions.ts';
import { statusNotify } from '../notify.ts';
import type { PeerSupport } from '../phase.ts';
import { readAuthMethods } from './auth-methods.ts';
import { asksForCertificate } from './certificates.ts';

const hashes = Uint8Array.from(
  [HashAlgorithm.SHA2_256, HashAlgorithm.SHA2_384, HashAlgorithm.SHA2_512, HashAlgorithm.IDENTITY].flatMap(
    (hash) => [hash >> 8, hash & 0xff],
  ),
);

/**
 * A responder answers fragmentation only when asked, and hashes when asked or when it is to verify a signature: a pluto that
 * wants none of us announces none, and waits for ours. CHILDLESS_IKEV2_SUPPORTED is the responder's alone.
 */
export function offerSupport(role: Role, entry: PadEntry, request: readonly Payload[] = []): Payload[] {
  const has = (type: number): boolean => role === 'initiator' || notifies(request, type).length > 0;
  const payloads: Payload[] = [];
  if (entry.fragmentation !== 'no' && has(NotifyType.IKEV2_FRAGMENTATION_SUPPORTED)) {
    payloads.push(statusNotify(NotifyType.IKEV2_FRAGMENTATION_SUPPORTED));
  }
  const verifies = entry.remote.auth.some(({ kind }) => kind === 'signature');
  if (verifies || has(NotifyType.SIGNATURE_HASH_ALGORITHMS)) {
    payloads.push(statusNotify(NotifyType.SIGNATURE_HASH_ALGORITHMS, hashes));
  }
  if (role === 'responder') payloads.push(statusNotify(NotifyType.CHILDLESS_IKEV2_SUPPORTED));
  for (const data of entry.vendorIds) payloads.push({ kind: 'vendorId', data });
  return payloads;
}

/** What the peer can do, of that what we allow. */
export function readSupport(payloads: readonly Payload[], entry: PadEntry): PeerSupport {
  const has = (type: number): boolean => notifies(payloads, type).length > 0;
  const announced = notifies(payloads, NotifyType.SIGNATURE_HASH_ALGORITHMS)[0]?.data ?? new Uint8Array(0);
  const signatureHashes: number[] = [];
  for (let at = 0; at + 1 < announced.length; at += 2)
    signatureHashes.push(((announced[at] ?? 0) << 8) | (announced[at + 1] ?? 0));
  return {
    fragmentation: entry.fragmentation !== 'no' && has(NotifyType.IKEV2_FRAGMENTATION_SUPPORTED),
    childless: has(NotifyType.CHILDLESS_IKEV2_SUPPORTED),
    signatureHashes,
    authMethods: readAuthMethods(payloads),
    asksForCertificate: asksForCertificate(payloads),
  };
}
