/** `authby=`, `leftauth=`, `rightauth=` and `leftautheap=`: how each end proves who it is. */
import type { HashName, SignatureAlgorithm } from '../crypto/provider.ts';
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
  const by = conn.settings.get('authby');
  const left = conn.settings.get('leftauth');
  const right = conn.settings.get('rightauth');
  if (shunt) return { left: [], right: [] };
  const said = ['authby', 'leftauth', 'rightauth', 'leftautheap', 'rightautheap'];
  if (said.some((name) => conn.refused.has(name) && !conn.settings.has(name))) return undefined;
  const ends =
    left !== undefined || right !== undefined
      ? asymmetric(conn, by, left, right, mistakes)
      : symmetric(by, conn.at, mistakes);
  if (ends === undefined) return undefined;
  const whole = { left: withEap(conn, 'left', ends.left), right: withEap(conn, 'right', ends.right) };
  for (const end of ['left', 'right'] as const) {
    if (whole[end].length > 0) continue;
    mistakes.error(
      placeOf(conn, `${end}auth`),
      `${end}auth=eaponly without ${end}autheap=`,
      'tls, mschapv2 or md5',
    );
    return undefined;
  }
  return whole;
}

function symmetric(by: Setting | undefined, at: Place, mistakes: Mistakes): BothAuth | undefined {
  const words =
    by === undefined
      ? usual
      : by.text
          .toLowerCase()
          .split(/[\s,+|]+/)
          .filter((word) => word !== '');
  const ways = words.map((word) => readWord(word, by, at, mistakes));
  const known = ways.filter((way) => way !== undefined);
  if (known.length < ways.length || known.length === 0) return undefined;
  const merged = merge(known.flat());
  return { left: merged, right: merged };
}

function asymmetric(
  conn: ConnSettings,
  by: Setting | undefined,
  left: Setting | undefined,
  right: Setting | undefined,
  mistakes: Mistakes,
): BothAuth | undefined {
  if (by !== undefined)
    mistakes.error(
      by.at,
      'authby= and leftauth= or rightauth= exclude each other',
      'authby=, or leftauth= and rightauth=',
    );
  if (left === undefined) mistakes.error(placeOf(conn, 'rightauth'), 'rightauth= without leftauth=', 'both');
  if (right === undefined) mistakes.error(placeOf(conn, 'leftauth'), 'leftauth= without rightauth=', 'both');
  if (by !== undefined || left === undefined || right === undefined) return undefined;
  const words = [left.word, right.word];
  if (words.includes('secret') && words.includes('null')) {
    mistakes.error(
      right.at,
      'a shared key on one end and NULL on the other',
      'secret on both, or a signature',
    );
    return undefined;
  }
  const ways = [left, right].map((each) =>
    each.word === 'eaponly' ? [] : readWord(each.word, each, each.at, mistakes),
  );
  const [ofLeft, ofRight] = ways;
  return ofLeft && ofRight && { left: ofLeft, right: ofRight };
}

/** EAP goes first: where it is said, an initiator has nothing else. */
function withEap(conn: ConnSettings, end: End, ways: readonly AuthPolicy[]): readonly AuthPolicy[] {
  const word = conn.settings.get(`${end}autheap`)?.word ?? 'none';
  return word === 'none' ? ways : [{ kind: 'eap', methods: [word as EapMethod] }, ...ways];
}

function readWord(
  said: string,
  setting: Setting | undefined,
  at: Place,
  mistakes: Mistakes,
): AuthPolicy[] | undefined {
  const word = otherNames[said] ?? said;
  const name = setting?.name ?? 'authby';
  const algorithms = signatures[word];
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
