/** `authby=`, `leftauth=`, `rightauth=` and `leftautheap=`: how each end proves who it is. */
import type { HashName, SignatureAlgorithm } from '../crypto/provider.ts';
import { parseSpki } from '../crypto/signature-key.ts';
import type { AuthPolicy, EapMethod } from '../policy/policy.ts';
import { placeOf } from './host.ts';
import type { End } from './lookup.ts';
import { type Mistakes, type Place, quoted } from './mistake.ts';
import type { ConnSettings, Setting } from './settings.ts';

export type BothAuth = Readonly<Record<End, readonly AuthPolicy[]>>;

const sha2: readonly HashName[] = ['sha512', 'sha384', 'sha256'];
const saltLengths: Readonly<Record<HashName, number>> = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 };

const pss = (...hashes: readonly HashName[]): SignatureAlgorithm[] =>
  hashes.map((hash) => ({ kind: 'rsa-pss', hash, saltLength: saltLengths[hash] }));
const pkcs1 = (...hashes: readonly HashName[]): SignatureAlgorithm[] =>
  hashes.map((hash) => ({ kind: 'rsa-pkcs1', hash }));
const ecdsa = (...hashes: readonly HashName[]): SignatureAlgorithm[] =>
  hashes.map((hash) => ({ kind: 'ecdsa', hash }));

/** SHA-1 only where it is asked for by name: Libreswan's `rsasig` has it too. RSASSA-PKCS1-v1_5 is for strongSwan's sake. */
const signatures: Readonly<Record<string, readonly SignatureAlgorithm[]>> = {
  rsasig: [...pss(...sha2), ...pkcs1(...sha2)],
  'rsa-sha2': pss(...sha2),
  'rsa-sha2_256': pss('sha256'),
  'rsa-sha2_384': pss('sha384'),
  'rsa-sha2_512': pss('sha512'),
  'rsa-sha1': pkcs1('sha1'),
  ecdsa: ecdsa(...sha2),
  'ecdsa-sha2': ecdsa(...sha2),
  'ecdsa-sha2_256': ecdsa('sha256'),
  'ecdsa-sha2_384': ecdsa('sha384'),
  'ecdsa-sha2_512': ecdsa('sha512'),
  eddsa: [{ kind: 'ed25519' }, { kind: 'ed448' }],
};

const otherNames: Readonly<Record<string, string>> = { rsa: 'rsasig', psk: 'secret' };

/** What a conn without `authby=` means. */
const usual = ['rsasig', 'ecdsa', 'eddsa'];

const methods = [...Object.keys(signatures), 'secret', 'null', 'never'];

/** How both ends prove themselves; undefined when a mistake was reported. A shunt needs no proof. */
export function authentication(conn: ConnSettings, shunt: boolean, mistakes: Mistakes): BothAuth | undefined {
  if (shunt) return { left: [], right: [] };
  const said = ['authby', 'leftauth', 'rightauth', 'leftautheap', 'rightautheap'];
  if (said.some((name) => conn.refused.has(name) && !conn.settings.has(name))) return undefined;
  const one = conn.settings.has('leftauth') || conn.settings.has('rightauth');
  const ends = one ? asymmetric(conn, mistakes) : symmetric(conn, mistakes);
  if (ends === undefined) return undefined;
  const whole = { left: withEap(conn, 'left', ends.left), right: withEap(conn, 'right', ends.right) };
  const sound = [eapIsThere(conn, whole, mistakes), identitiesFit(conn, whole, mistakes)];
  warnOfAnyone(conn, whole, mistakes);
  return sound.every(Boolean) ? whole : undefined;
}

function symmetric(conn: ConnSettings, mistakes: Mistakes): BothAuth | undefined {
  const by = conn.settings.get('authby');
  const words = by === undefined ? usual : wordsOf(by.text);
  const ways = words.map((word) => readWord(word, by?.name ?? 'authby', by?.at ?? conn.at, mistakes));
  const known = ways.filter((way) => way !== undefined);
  if (by !== undefined && words.length === 0)
    mistakes.error(by.at, 'authby= names no way to authenticate', methods.join(', '));
  if (known.length < ways.length || known.length === 0) return undefined;
  const merged = merge(known.flat());
  return { left: merged, right: merged };
}

const wordsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .split(/[\s,+|]+/)
    .filter((word) => word !== '');

function asymmetric(conn: ConnSettings, mistakes: Mistakes): BothAuth | undefined {
  const by = conn.settings.get('authby');
  const left = conn.settings.get('leftauth');
  const right = conn.settings.get('rightauth');
  if (left === undefined) mistakes.error(placeOf(conn, 'rightauth'), 'rightauth= without leftauth=', 'both');
  if (right === undefined) mistakes.error(placeOf(conn, 'leftauth'), 'leftauth= without rightauth=', 'both');
  if (left === undefined || right === undefined) return undefined;
  const words = [left.word, right.word];
  if (words.includes('secret') && words.includes('null')) {
    mistakes.error(
      right.at,
      'a shared key on one end and NULL on the other',
      'secret on both, or a signature',
    );
    return undefined;
  }
  const [ofLeft, ofRight] = [left, right].map((each) =>
    each.word === 'eaponly' ? [] : readWord(each.word, each.name, each.at, mistakes),
  );
  if (ofLeft === undefined || ofRight === undefined) return undefined;
  if (by !== undefined && ![left, right].every((each) => saysTheSame(by, each))) {
    mistakes.error(
      by.at,
      'authby= and leftauth= or rightauth= exclude each other',
      'authby=, or leftauth= and rightauth=',
    );
    return undefined;
  }
  return { left: ofLeft, right: ofRight };
}

/** pluto takes both where they agree. */
function saysTheSame(by: Setting, auth: Setting): boolean {
  const words = new Set(wordsOf(by.text).map((word) => otherNames[word] ?? word));
  return words.size === 1 && words.has(otherNames[auth.word] ?? auth.word);
}

/** An end that has nothing but EAP must have a method, and one that makes a key where the other end has nothing else either. */
function eapIsThere(conn: ConnSettings, both: BothAuth, mistakes: Mistakes): boolean {
  const empty = (['left', 'right'] as const).filter((end) => both[end].length === 0);
  for (const end of empty)
    mistakes.error(
      placeOf(conn, `${end}auth`),
      `${end}auth=eaponly without ${end}autheap=`,
      'tls, mschapv2 or md5',
    );
  const keyless = (['left', 'right'] as const).filter((end) =>
    both[end].some((way) => way.kind === 'eap' && way.methods.includes('md5')),
  );
  const onlyEap = [...both.left, ...both.right].every(({ kind }) => kind === 'eap');
  for (const end of onlyEap ? keyless : [])
    mistakes.error(
      placeOf(conn, `${end}autheap`),
      `${end}autheap=md5 makes no key, so it cannot be the only proof of both ends (RFC 5998)`,
      'tls or mschapv2, or a signature of the other end',
    );
  return empty.length === 0 && !(onlyEap && keyless.length > 0);
}

/** `leftid=%fromcert` is of an end that shows a certificate. */
function identitiesFit(conn: ConnSettings, both: BothAuth, mistakes: Mistakes): boolean {
  const wrong = (['left', 'right'] as const).filter(
    (end) =>
      conn.settings.get(`${end}id`)?.text.toLowerCase() === '%fromcert' &&
      !both[end].some(({ kind }) => kind === 'signature' || kind === 'eap'),
  );
  for (const end of wrong)
    mistakes.error(
      placeOf(conn, `${end}id`),
      `${end}id=%fromcert, and that end proves itself without a certificate`,
      'an identity, or a signature',
    );
  return wrong.length === 0;
}

/** Who takes nobody in particular takes everybody, whatever else it would take. */
function warnOfAnyone(conn: ConnSettings, both: BothAuth, mistakes: Mistakes): void {
  const mixed = (['left', 'right'] as const).some(
    (end) => both[end].length > 1 && both[end].some(({ kind }) => kind === 'null'),
  );
  if (mixed)
    mistakes.warning(
      placeOf(conn, 'authby'),
      'authby= with null takes a peer that proves nothing, whatever else stands beside it',
    );
}

/** Whether a signature of this key (SubjectPublicKeyInfo) is among the ways. */
export function allows(ways: readonly AuthPolicy[], spki: Uint8Array): boolean {
  const key = parseSpki(spki);
  const kinds: Readonly<Record<SignatureAlgorithm['kind'], string>> = {
    'rsa-pss': 'rsa',
    'rsa-pkcs1': key?.kind === 'rsa' && key.pss !== undefined ? 'none' : 'rsa',
    ecdsa: 'ec',
    ed25519: 'ed25519',
    ed448: 'ed448',
  };
  return ways.some(
    (way) => way.kind === 'signature' && way.algorithms.some(({ kind }) => kinds[kind] === key?.kind),
  );
}

/** EAP goes first: where it is said, an initiator has nothing else. */
function withEap(conn: ConnSettings, end: End, ways: readonly AuthPolicy[]): readonly AuthPolicy[] {
  const word = conn.settings.get(`${end}autheap`)?.word ?? 'none';
  if (word === 'none') return ways;
  // TLS 1.2 unless said: pluto accepts TLS 1.3, and then has another key than RFC 9190 and never says that it is done.
  if (word === 'tls13') return [{ kind: 'eap', methods: ['tls'], tls13: true }, ...ways];
  return [{ kind: 'eap', methods: [word as EapMethod] }, ...ways];
}

function readWord(said: string, name: string, at: Place, mistakes: Mistakes): AuthPolicy[] | undefined {
  const word = Object.hasOwn(otherNames, said) ? (otherNames[said] ?? said) : said;
  const algorithms = Object.hasOwn(signatures, word) ? signatures[word] : undefined;
  if (algorithms !== undefined) return [{ kind: 'signature', algorithms }];
  if (word === 'secret') return [{ kind: 'psk' }];
  if (word === 'null') return [{ kind: 'null' }];
  if (word === 'never') {
    const instead =
      name === 'authby'
        ? 'authby=never is for type=passthrough, drop and reject'
        : `${name}=never: no one could connect`;
    mistakes.error(at, instead, `${name}=secret`);
  } else if (word === 'ecdsa-sha1') {
    mistakes.error(at, `${name}=ecdsa-sha1: there is no such signature (RFC 8247)`, 'ecdsa');
  } else {
    mistakes.error(at, `${name}=: ${quoted(word)} is no way to authenticate`, methods.join(', '));
  }
  return undefined;
}

/** One policy for all signatures, in front; then shared keys, then NULL. */
function merge(ways: readonly AuthPolicy[]): readonly AuthPolicy[] {
  const algorithms = ways.flatMap((way) => (way.kind === 'signature' ? way.algorithms : []));
  const merged: AuthPolicy[] = algorithms.length > 0 ? [{ kind: 'signature', algorithms }] : [];
  for (const kind of ['psk', 'null'] as const)
    if (ways.some((way) => way.kind === kind)) merged.push({ kind });
  return merged;
}
