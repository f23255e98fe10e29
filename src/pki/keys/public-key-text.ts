/** Public keys as configurations write them: leftrsasigkey=, leftecdsakey=, lefteddsakey=, leftpubkey=. ipsec.conf(5). */
import { der, derBits, derOid } from '../../crypto/der.ts';
import { namedCurves } from '../../crypto/named-curves.ts';
import { parseSpki, rsaSpki } from '../../crypto/signature-key.ts';
import { Tag } from '../der.ts';
import { base64Of, fromBase64 } from './base64.ts';
import { join } from './ber.ts';
import { KeyKind } from './private-key.ts';

/** `rsa`: RFC 3110 §2. `ecdsa`: x and y, RFC 6605 §4. `eddsa`: RFC 8080 §3. `pubkey`: a SubjectPublicKeyInfo. */
export type PublicKeyForm = 'rsa' | 'ecdsa' | 'eddsa' | 'pubkey';

/** The keyword without its `left` or `right`. */
export const publicKeyKeywords: Readonly<Record<PublicKeyForm, string>> = {
  rsa: 'rsasigkey',
  ecdsa: 'ecdsakey',
  eddsa: 'eddsakey',
  pubkey: 'pubkey',
};

/**
 * SubjectPublicKeyInfo (DER) of `0sBASE64` or `0xHEX` (of a `pubkey` the 0s may be missing). Throws SyntaxError with what is
 * wrong with it.
 */
export function parsePublicKeyText(form: PublicKeyForm, text: string): Uint8Array {
  const spki = readers[form](octetsOf(form, text));
  if (spki === undefined || parseSpki(spki) === undefined)
    throw new SyntaxError(`this is no ${form === 'pubkey' ? 'public' : form.toUpperCase()} key`);
  return spki;
}

/** What stands after `0s`, and its form: that of the kind of key, `pubkey` when that has no other. Of a key `parseSpki` takes. */
export function publicKeyText(spki: Uint8Array): { readonly form: PublicKeyForm; readonly text: string } {
  const key = parseSpki(spki);
  if (key === undefined) throw new RangeError('no public key that signs');
  if (key.kind === 'rsa' && key.pss === undefined) {
    const { modulus, exponent } = key;
    return { form: 'rsa', text: base64Of(join([Uint8Array.of(exponent.length), exponent, modulus])) };
  }
  if (key.kind === 'ec' && key.curve.name.startsWith('P-') && key.point[0] === 4)
    return { form: 'ecdsa', text: base64Of(key.point.subarray(1)) };
  if (key.kind === 'ed25519' || key.kind === 'ed448') return { form: 'eddsa', text: base64Of(key.point) };
  return { form: 'pubkey', text: base64Of(spki) };
}

const longest = 4096;

function octetsOf(form: PublicKeyForm, text: string): Uint8Array {
  const body = text.slice(2);
  if (/^0x/i.test(text) && /^([0-9a-f]{2})+$/i.test(body) && body.length <= 2 * longest)
    return Uint8Array.from(body.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const prefixed = /^0s/i.test(text);
  const coded = prefixed ? body : text;
  const octets =
    coded.length <= 2 * longest && (prefixed || form === 'pubkey') ? fromBase64(coded) : undefined;
  if (octets === undefined || octets.length === 0) throw new SyntaxError('expected 0sBASE64 or 0xHEX');
  return octets;
}

const readers: Readonly<Record<PublicKeyForm, (octets: Uint8Array) => Uint8Array | undefined>> = {
  rsa: readRsa,
  ecdsa: readEcdsa,
  eddsa: readEddsa,
  pubkey: (octets) => octets,
};

/** One octet with the exponent's length, or a zero and two. */
function readRsa(octets: Uint8Array): Uint8Array | undefined {
  const [first = 0, high = 0, low = 0] = octets;
  const [begin, length] = first === 0 ? [3, high * 256 + low] : [1, first];
  if (length === 0 || begin + length >= octets.length) return undefined;
  return rsaSpki({
    exponent: octets.subarray(begin, begin + length),
    modulus: octets.subarray(begin + length),
  });
}

/** The curve follows from the length; an octet 4 in front is what others write. */
function readEcdsa(octets: Uint8Array): Uint8Array | undefined {
  const raw = octets.length % 2 === 1 && octets[0] === 4 ? octets.subarray(1) : octets;
  const curve = namedCurves.find(({ name, length }) => name.startsWith('P-') && raw.length === 2 * length);
  return curve && spkiOf([derOid(KeyKind.EC), curve.oid], join([Uint8Array.of(4), raw]));
}

function readEddsa(octets: Uint8Array): Uint8Array | undefined {
  if (octets.length === 32) return spkiOf([derOid(KeyKind.ED25519)], octets);
  return octets.length === 57 ? spkiOf([derOid(KeyKind.ED448)], octets) : undefined;
}

const spkiOf = (algorithm: readonly Uint8Array[], key: Uint8Array): Uint8Array =>
  der(Tag.SEQUENCE, der(Tag.SEQUENCE, ...algorithm), derBits(key));
