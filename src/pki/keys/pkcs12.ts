/** PKCS#12. RFC 7292. */
import { hmac } from '@noble/hashes/hmac.js';
import { Tag } from '../der.ts';
import { element, explicit, Fields, stringOctets } from './ber.ts';
import { decrypted, wrongPassphrase } from './encryption.ts';
import { malformed, unsupported } from './key-file-error.ts';
import { iterationsOf, type Opening } from './opening.ts';
import { hmacOf, passwordBasedKey } from './pbkdf2.ts';
import { hashes, type KeyFileHash, Purpose, pkcs12Key } from './pkcs12-kdf.ts';
import { fromEncryptedPkcs8, fromPkcs8, type PrivateKeyData } from './private-key.ts';

export interface Bags {
  readonly keys: PrivateKeyData[];
  /** DER; those that name a key of the file by its localKeyId first. */
  readonly certificates: Uint8Array[];
  readonly crls: Uint8Array[];
  /** The friendlyName of the key, else of the first certificate that has one. */
  readonly name: string | undefined;
}

const contentTypes = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  envelopedData: '1.2.840.113549.1.7.3',
  encryptedData: '1.2.840.113549.1.7.6',
} as const;

/** PFX. Throws KeyFileError. */
export function readPkcs12(octets: Uint8Array, opening: Opening): Bags {
  const pfx = Fields.of('PKCS#12', element('PKCS#12', octets, Tag.SEQUENCE));
  if (pfx.number('version') !== 3) throw malformed('PKCS#12: version');
  const authSafe = pfx.sequence('authenticated safe');
  const type = authSafe.oid('content type');
  if (type === contentTypes.signedData)
    throw unsupported('a PKCS#12 file that is signed instead of having a MAC');
  if (type !== contentTypes.data) throw malformed('PKCS#12: content type');
  const safe = data(authSafe);
  if (!pfx.done) checkMac(pfx.sequence('MAC'), safe, opening);
  pfx.end();
  return gather(safe, opening);
}

/** `content [0] EXPLICIT OCTET STRING`. */
function data(contentInfo: Fields): Uint8Array {
  const content = contentInfo.next('content', explicit(0));
  return stringOctets('data', element('data', content.body));
}

/** RFC 7292 §B, RFC 9579. */
function checkMac(macData: Fields, safe: Uint8Array, opening: Opening): void {
  const digestInfo = macData.sequence('digest');
  const algorithm = digestInfo.sequence('algorithm');
  const digest = digestInfo.octetString('value');
  const salt = macData.octetString('salt');
  const iterations = macData.tag === Tag.INTEGER ? iterationsOf(macData) : 1;
  const name = algorithm.oid('algorithm');
  if (name === '1.2.840.113549.1.5.14')
    return checkPbmac1(algorithm.sequence('PBMAC1'), digest, safe, opening);
  const hash = digestNames[name];
  if (!hash) throw unsupported(`a MAC of hash ${name}`);
  const good = opening.passphrase.wide.some((password) => {
    const length = hashes[hash].outputLen;
    const key = pkcs12Key({ hash, salt, iterations, effort: opening.effort }, password, Purpose.MAC, length);
    return same(hmac(hashes[hash], key, safe), digest);
  });
  if (!good) throw wrongPassphrase(opening.passphrase);
}

const digestNames: Readonly<Record<string, KeyFileHash>> = {
  '1.2.840.113549.2.5': 'md5',
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

function checkPbmac1(parameters: Fields, digest: Uint8Array, safe: Uint8Array, opening: Opening): void {
  const derivation = parameters.sequence('key derivation');
  const hash = hmacOf(parameters.sequence('HMAC'));
  const derive = passwordBasedKey(derivation, hashes[hash].outputLen, opening);
  const good = opening.passphrase.octets.some((password) =>
    same(hmac(hashes[hash], derive(password), safe), digest),
  );
  if (!good) throw wrongPassphrase(opening.passphrase);
}

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.reduce((difference, octet, i) => difference | (octet ^ (b[i] ?? 0)), 0) === 0;

interface Bag {
  readonly type: string;
  readonly value: Uint8Array;
  readonly localKeyId: string | undefined;
  readonly name: string | undefined;
}

const bagTypes = {
  key: '1.2.840.113549.1.12.10.1.1',
  shroudedKey: '1.2.840.113549.1.12.10.1.2',
  certificate: '1.2.840.113549.1.12.10.1.3',
  crl: '1.2.840.113549.1.12.10.1.4',
  safeContents: '1.2.840.113549.1.12.10.1.6',
} as const;

function gather(safe: Uint8Array, opening: Opening): Bags {
  const bags: Bag[] = [];
  const authenticated = new Fields(
    'authenticated safe',
    element('authenticated safe', safe, Tag.SEQUENCE).body,
  );
  while (!authenticated.done) bags.push(...bagsOf(contents(authenticated.sequence('content'), opening), 0));
  const of = (type: string): Bag[] => bags.filter((bag) => bag.type === type);
  const keyBags = [...of(bagTypes.key), ...of(bagTypes.shroudedKey)];
  const certificateBags = of(bagTypes.certificate);
  const own = ({ localKeyId }: Bag): number =>
    localKeyId !== undefined && keyBags.some((bag) => bag.localKeyId === localKeyId) ? 0 : 1;
  certificateBags.sort((a, b) => own(a) - own(b));
  return {
    keys: keyBags.map(({ type, value }) =>
      type === bagTypes.key ? fromPkcs8(value, opening.crypto) : fromEncryptedPkcs8(value, opening),
    ),
    certificates: certificateBags.flatMap(({ value }) =>
      wrapped('certificate', value, '1.2.840.113549.1.9.22.1'),
    ),
    crls: of(bagTypes.crl).flatMap(({ value }) => wrapped('CRL', value, '1.2.840.113549.1.9.23.1')),
    name: [...keyBags, ...certificateBags].find(({ name }) => name !== undefined)?.name,
  };
}

/** SafeContents of a ContentInfo. */
function contents(contentInfo: Fields, opening: Opening): Uint8Array {
  const type = contentInfo.oid('content type');
  if (type === contentTypes.data) return data(contentInfo);
  if (type === contentTypes.envelopedData) throw unsupported('a PKCS#12 file encrypted to a public key');
  if (type !== contentTypes.encryptedData) throw malformed(`PKCS#12: content of type ${type}`);
  const explicitContent = new Fields('encrypted data', contentInfo.next('content', explicit(0)).body);
  const encryptedData = explicitContent.sequence('content');
  encryptedData.number('version');
  const info = encryptedData.sequence('encrypted content');
  if (info.oid('content type') !== contentTypes.data) throw malformed('PKCS#12: encrypted content type');
  const algorithm = info.sequence('algorithm');
  const ciphertext = stringOctets('encrypted content', info.any('ciphertext'));
  return decrypted(algorithm, ciphertext, opening);
}

const deepest = 4;

function bagsOf(safeContents: Uint8Array, depth: number): Bag[] {
  if (depth > deepest) throw malformed('safe contents: too deep');
  const bags: Bag[] = [];
  const fields = new Fields('safe contents', element('safe contents', safeContents, Tag.SEQUENCE).body);
  while (!fields.done) {
    const bag = fields.sequence('bag');
    const type = bag.oid('type');
    const value = bag.next('value', explicit(0)).body;
    if (type === bagTypes.safeContents) bags.push(...bagsOf(value, depth + 1));
    else bags.push({ type, value, ...attributes(bag) });
  }
  return bags;
}

/** RFC 2985 §5.5. */
function attributes(bag: Fields): Pick<Bag, 'localKeyId' | 'name'> {
  let [localKeyId, name]: [string?, string?] = [];
  if (bag.done) return { localKeyId, name };
  const set = Fields.of('attributes', bag.next('attributes', Tag.SET));
  while (!set.done) {
    const attribute = set.sequence('attribute');
    const type = attribute.oid('type');
    const values = Fields.of('values', attribute.next('values', Tag.SET));
    if (values.done) continue;
    if (type === '1.2.840.113549.1.9.21') localKeyId = String(values.octetString('localKeyId'));
    if (type === '1.2.840.113549.1.9.20') name = bmpText(values.next('friendlyName', Tag.BMP_STRING).body);
  }
  return { localKeyId, name };
}

/** Node may come without a decoder of UTF-16BE. */
function bmpText(octets: Uint8Array): string {
  const units = Array.from(
    { length: octets.length >> 1 },
    (_, i) => (octets[2 * i] ?? 0) * 256 + (octets[2 * i + 1] ?? 0),
  );
  return units
    .slice(0, longestName)
    .map((unit) => String.fromCharCode(unit))
    .join('');
}

const longestName = 256;

/** CertBag and CRLBag; of other types than X.509 nothing. */
function wrapped(field: string, value: Uint8Array, x509: string): Uint8Array[] {
  const bag = Fields.of(`${field} bag`, element(`${field} bag`, value, Tag.SEQUENCE));
  if (bag.oid('type') !== x509) return [];
  const content = bag.next('value', explicit(0)).body;
  return [stringOctets(field, element(field, content))];
}
