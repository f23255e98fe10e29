/** What an end of ours signs with: the key of `leftcert=`, of `leftckaid=`, or a raw one. */
import { sameOctets } from '../crypto/octets.ts';
import { type Certificate, formatDn } from '../pki/index.ts';
import type { AuthPolicy, Credential } from '../policy/policy.ts';
import { allows } from './auth.ts';
import type { Credentials } from './credentials.ts';
import { placeOf } from './host.ts';
import { keyName } from './key-name.ts';
import type { End } from './lookup.ts';
import { type Place, quoted } from './mistake.ts';
import { rawKeys } from './raw-keys.ts';
import { type ConnSettings, wordOf } from './settings.ts';

export interface OwnProof {
  /** Without signatures when there is no key and another way. Never empty. */
  readonly auth: readonly AuthPolicy[];
  readonly credential?: Credential;
}

/** The key a conn names, and where. */
interface OwnKey {
  readonly spki: Uint8Array;
  readonly certificate: Certificate | undefined;
  readonly at: Place;
  /** For a mistake about it. */
  readonly what: string;
}

/** How our end proves itself; `theirs` may ask for EAP-TLS, which shows a certificate of ours. Undefined: it was reported. */
export function ownProof(
  conn: ConnSettings,
  end: End,
  auth: readonly AuthPolicy[],
  theirs: readonly AuthPolicy[],
  held: Credentials,
  unixTime: number | undefined,
): OwnProof | undefined {
  const tls = [...auth, ...theirs].some(byTls);
  if (!tls && !auth.some(bySignature)) return { auth };
  const key = ownKey(conn, end, held);
  if (key === 'failed') return undefined;
  if (key === undefined) return withoutKey(conn, end, auth, tls, held);
  if (!isUsable(conn, end, key, auth, tls, held)) return undefined;
  const { spki, certificate } = key;
  if (certificate) warnOfItsEnd(certificate, key.at, unixTime, held);
  return {
    auth,
    credential: {
      spki,
      key: held.ckaid(spki),
      certificates: certificate
        ? [certificate.der, ...held.above(certificate, wordOf(conn.settings, 'sendca', 'none'))]
        : [],
      // As pluto does, whatever its manual says: an initiator of pluto's asks for none unless rightca= names one.
      send: wordOf(conn.settings, `${end}sendcert`, 'always'),
    },
  };
}

const bySignature = ({ kind }: AuthPolicy): boolean => kind === 'signature';
export const byTls = (way: AuthPolicy): boolean => way.kind === 'eap' && way.methods.includes('tls');

function ownKey(conn: ConnSettings, end: End, held: Credentials): OwnKey | 'failed' | undefined {
  const { settings } = conn;
  const raw = rawKeys(conn, end, held.mistakes);
  const certificate = held.certificate(conn, end);
  if (raw === undefined || certificate === 'failed') return 'failed';
  const named = settings.get(`${end}cert`);
  const ckaid = settings.get(`${end}ckaid`);
  if (named !== undefined && certificate !== undefined) {
    const { spki } = certificate;
    const others = [
      ...raw.filter((each) => !sameOctets(each.spki, spki)).map(({ setting }) => setting),
      ...(ckaid && !held.isNamed(spki, ckaid) ? [ckaid] : []),
    ];
    for (const { at, name } of others)
      held.mistakes.error(
        at,
        `${name}= is another key than that of ${named.name}=${quoted(named.text)}`,
        'one',
      );
    const what = formatDn(certificate.subject);
    return others.length > 0 ? 'failed' : { spki, certificate, at: named.at, what };
  }
  if (ckaid !== undefined) {
    const spki = held.key(ckaid);
    if (spki !== undefined) return { spki, certificate, at: ckaid.at, what: ckaid.name };
    held.mistakes.error(
      ckaid.at,
      `${ckaid.name}=: there is no private key ${quoted(ckaid.text)}`,
      'ikev2 showhostkey --list',
    );
    return 'failed';
  }
  const key = raw.find(({ spki }) => held.holds(spki)) ?? raw[0];
  if (key === undefined) return undefined;
  const { spki, setting } = key;
  return { spki, certificate: undefined, at: setting.at, what: `the key of ${setting.name}=` };
}

/** Another proof stands in, or there is nothing to prove ourselves with. */
function withoutKey(
  conn: ConnSettings,
  end: End,
  auth: readonly AuthPolicy[],
  tls: boolean,
  { mistakes }: Credentials,
): OwnProof | undefined {
  const others = auth.filter((way) => !bySignature(way));
  const missing = `conn ${quoted(conn.name)}: there is no ${end}cert=, ${end}ckaid= or raw key to sign with`;
  if (tls || others.length === 0) {
    mistakes.error(
      conn.at,
      missing,
      tls ? `${end}cert=NAME: EAP-TLS shows a certificate` : `${end}cert=NAME, or authby=secret`,
    );
    return undefined;
  }
  const instead = others.some(({ kind }) => kind === 'psk') ? 'a shared key' : 'the other way';
  mistakes.warning(placeOf(conn, 'authby'), `${missing}, so we prove ourselves by ${instead}`);
  return { auth: others };
}

function isUsable(
  conn: ConnSettings,
  end: End,
  { spki, certificate, at, what }: OwnKey,
  auth: readonly AuthPolicy[],
  tls: boolean,
  held: Credentials,
): boolean {
  const wrong = (message: string, expected: string): false => {
    held.mistakes.error(at, `conn ${quoted(conn.name)}: ${message}`, expected);
    return false;
  };
  if (!held.holds(spki))
    return wrong(`there is no private key for ${what}`, 'its key in private/ of the store, in mode 600');
  if (tls && certificate === undefined)
    return wrong('EAP-TLS shows a certificate, and a key is no certificate', `${end}cert=NAME`);
  if (allows(auth, spki) || (tls && !auth.some(bySignature))) return true;
  return wrong(
    `${what} is ${keyName(spki)}, and no signature of such a key is allowed`,
    'another authby= or key',
  );
}

const warnedDays = 30;

function warnOfItsEnd(
  { subject, notBefore, notAfter }: Certificate,
  at: Place,
  unixTime: number | undefined,
  { mistakes }: Credentials,
): void {
  if (unixTime === undefined) return;
  const days = Math.floor((notAfter - unixTime) / 86_400);
  const what = `our certificate ${formatDn(subject)}`;
  if (unixTime < notBefore) mistakes.warning(at, `${what} is not valid before ${day(notBefore)}`);
  else if (unixTime > notAfter) mistakes.warning(at, `${what} expired on ${day(notAfter)}`, 'a new one');
  else if (days < warnedDays)
    mistakes.warning(at, `${what} expires on ${day(notAfter)}`, `a new one within ${days} days`);
}

/** `2026-12-01` of unix seconds. */
export const day = (unixTime: number): string => new Date(unixTime * 1000).toISOString().slice(0, 10);
