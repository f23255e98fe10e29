/** SUPPORTED_AUTH_METHODS: what an end takes as proof. RFC 9593. */
import type { SignatureAlgorithm } from '../../crypto/provider.ts';
import { algorithmIdentifier, parseAlgorithmIdentifier } from '../../crypto/signature-algorithm.ts';
import type { PadEntry } from '../../policy/policy.ts';
import { notifies } from '../../wire/message.ts';
import { AuthMethod, NotifyType } from '../../wire/numbers.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import { oldMethodOf } from '../auth/signature.ts';
import { concat } from '../keys.ts';
import { statusNotify } from '../notify.ts';
import { remembered } from '../remembered.ts';

export interface AnnouncedMethod {
  readonly method: number;
  /** Of Digital Signature, when it is said. */
  readonly algorithm?: SignatureAlgorithm;
}

/** What we take of the peer of any of these connections; nothing unless a signature is among it. */
export const offerAuthMethods = remembered((entries: readonly PadEntry[]): readonly Payload[] => {
  const ways = entries.flatMap(({ remote }) => remote.auth);
  if (!ways.some(({ kind }) => kind === 'signature')) return [];
  const parts = new Map<string, Uint8Array>();
  const add = (octets: Uint8Array): unknown => parts.set(octets.join(), octets);
  for (const way of ways) {
    if (way.kind === 'psk') add(Uint8Array.of(2, AuthMethod.SHARED_KEY_MESSAGE_INTEGRITY_CODE));
    if (way.kind === 'null') add(Uint8Array.of(2, AuthMethod.NULL));
    if (way.kind !== 'signature') continue;
    for (const algorithm of way.algorithms) {
      if ('hash' in algorithm && algorithm.hash === 'sha1')
        add(Uint8Array.of(3, AuthMethod.RSA_DIGITAL_SIGNATURE, 0));
      else {
        const identifier = algorithmIdentifier(algorithm);
        add(concat(Uint8Array.of(3 + identifier.length, AuthMethod.DIGITAL_SIGNATURE, 0), identifier));
        const old = oldMethodOf(algorithm);
        if (old !== undefined) add(Uint8Array.of(3, old, 0));
      }
    }
  }
  return [statusNotify(NotifyType.SUPPORTED_AUTH_METHODS, concat(...parts.values()))];
});

/** What the peer takes; empty when it does not say. What of it we do not understand is passed over. */
export function readAuthMethods(payloads: readonly Payload[]): AnnouncedMethod[] {
  const methods: AnnouncedMethod[] = [];
  for (const { data } of notifies(payloads, NotifyType.SUPPORTED_AUTH_METHODS)) {
    for (let at = 0; at + 1 < data.length; ) {
      const length = data[at] ?? 0;
      const method = data[at + 1] ?? 0;
      if (length < 2 || at + length > data.length) return methods;
      if (length <= 3) methods.push({ method });
      else {
        const algorithm = parseAlgorithmIdentifier(data.subarray(at + 3, at + length));
        if (algorithm) methods.push({ method, algorithm });
      }
      at += length;
    }
  }
  return methods;
}
