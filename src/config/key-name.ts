/** Public keys as people call them. */
import { parseSpki } from '../crypto/signature-key.ts';

/** `RSA-2048`, `ECDSA P-256`, `Ed25519`: of a SubjectPublicKeyInfo. */
export function keyName(spki: Uint8Array): string {
  const key = parseSpki(spki);
  switch (key?.kind) {
    case 'rsa':
      return `RSA${key.pss === undefined ? '' : '-PSS'}-${key.bits}`;
    case 'ec':
      return `ECDSA ${key.curve.name}`;
    case 'ed25519':
      return 'Ed25519';
    case 'ed448':
      return 'Ed448';
    default:
      return 'a key of an unknown kind';
  }
}
