/** One passphrase as the formats spell it. */
import { Secret } from '../../crypto/secret.ts';

/** Its octets under the names of what takes them; writers differ, so each is a list to be tried in order. */
export interface Passphrase {
  /** PBES2, PBES1 and the encryption of PEM: UTF-8. NSS once took the characters of PKCS#12 here too. */
  readonly octets: readonly Uint8Array[];
  /** PKCS#12's own key derivation: UTF-16 and a NUL. RFC 7292 §B.1. */
  readonly wide: readonly Uint8Array[];
  /** Whether there was one at all: else the empty one is tried. */
  readonly given: boolean;
}

/** Text, or its UTF-8 octets. */
export function passphraseOf(passphrase: string | Secret | undefined): Passphrase {
  const octets =
    passphrase instanceof Secret ? passphrase.octets : new TextEncoder().encode(passphrase ?? '');
  const text = new TextDecoder('utf-8').decode(octets);
  const wide = utf16(text);
  if (octets.length === 0)
    return { octets: [octets, wide], wide: [wide, octets], given: passphrase !== undefined };
  // OpenSSL before 1.1 made two octets of every octet.
  const widened = utf16(String.fromCharCode(...octets.subarray(0, 1024)));
  const plain = octets.every((octet) => octet < 0x80);
  return { octets: [octets, wide], wide: plain ? [wide] : [wide, widened], given: true };
}

function utf16(text: string): Uint8Array {
  const octets = new Uint8Array(2 * text.length + 2);
  for (let i = 0; i < text.length; i++) new DataView(octets.buffer).setUint16(2 * i, text.charCodeAt(i));
  return octets;
}
