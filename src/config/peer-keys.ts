/** What a peer may sign with: raw keys, one certificate (`rightcert=`), or any of an authority (`rightca=`). */
import { sameOctets } from '../crypto/octets.ts';
import { type Certificate, PkiError, parseDn } from '../pki/index.ts';
import { nameKey } from '../pki/name.ts';
import type { AuthPolicy, PeerKeys } from '../policy/policy.ts';
import { allows } from './auth.ts';
import type { Credentials } from './credentials.ts';
import { placeOf } from './host.ts';
import { keyName } from './key-name.ts';
import type { End } from './lookup.ts';
import { printable, quoted } from './mistake.ts';
import { byTls } from './own-credential.ts';
import { type RawKey, rawKeys } from './raw-keys.ts';
import { type ConnSettings, type Setting, wordOf } from './settings.ts';

/** The keys of a peer that signs or shows a certificate in EAP-TLS; none for another; undefined when a mistake was reported. */
export function peerKeys(
  conn: ConnSettings,
  end: End,
  ours: End,
  auth: Readonly<Record<End, readonly AuthPolicy[]>>,
  held: Credentials,
): { readonly keys?: PeerKeys } | undefined {
  const ways = auth[end];
  const signs = ways.some(({ kind }) => kind === 'signature');
  const tls = [...ways, ...auth[ours]].some(byTls);
  if (!signs && !isKeyless(conn, end, ways, tls, held)) return undefined;
  if (!signs && !tls) return {};
  const certificate = pinned(conn, end, held);
  const raw = rawKeys(conn, end, held.mistakes);
  const authority = authorityOf(conn, end, ours, held);
  if (certificate === 'failed' || raw === undefined || authority === 'failed') return undefined;
  if (certificate && !agree(raw, certificate, conn.settings.get(`${end}cert`), held)) return undefined;
  const known = certificate ? [] : raw;
  if (!known.every((each) => fits(each, ways, held))) return undefined;
  const any = known.length === 0 && certificate === undefined;
  if (any || tls) {
    warnOfNoAuthority(conn, held);
    if (authority) warnOfUnknown(authority, placeOf(conn, `${end}ca`), held);
  }
  const fromCertificate = conn.settings.get(`${end}id`)?.text.toLowerCase() === '%fromcert';
  const said = wordOf<'yes' | 'no'>(conn.settings, 'require-id-on-certificate', 'yes');
  return {
    keys: {
      raw: known.map(({ spki }) => spki),
      ...(certificate && { certificate: certificate.der }),
      ...(authority && { authority }),
      identityInCertificate: said === 'yes' || (fromCertificate && certificate === undefined),
    },
  };
}

/** Beside EAP a raw key of a peer that does not sign says nothing. */
function isKeyless(
  conn: ConnSettings,
  end: End,
  ways: readonly AuthPolicy[],
  tls: boolean,
  { mistakes }: Credentials,
): boolean {
  if (!tls && !ways.some(({ kind }) => kind === 'eap')) return true;
  const raw = rawKeys(conn, end, mistakes);
  for (const { setting } of raw ?? [])
    mistakes.error(
      setting.at,
      `${setting.name}= is a key to sign with, and that end proves itself without a signature`,
      tls ? `${end}cert=NAME: EAP-TLS shows a certificate` : `no ${setting.name}=`,
    );
  return raw?.length === 0;
}

function pinned(conn: ConnSettings, end: End, held: Credentials): Certificate | 'failed' | undefined {
  const certificate = held.certificate(conn, end);
  const ckaid = conn.settings.get(`${end}ckaid`);
  if (certificate !== undefined || ckaid === undefined) return certificate;
  held.mistakes.error(
    ckaid.at,
    `${ckaid.name}=: there is no certificate of the peer with the key ${quoted(ckaid.text)}`,
    'its certificate in certs/ of the store',
  );
  return 'failed';
}

/** Beside a certificate its own key says nothing more, and another key contradicts it. */
function agree(
  raw: readonly RawKey[],
  { spki }: Certificate,
  named: Setting | undefined,
  { mistakes }: Credentials,
): boolean {
  const beside = named?.name ?? 'the certificate';
  for (const { setting, spki: key } of raw) {
    if (sameOctets(key, spki))
      mistakes.warning(setting.at, `${setting.name}= is ignored: ${beside}= has the same key`);
    else mistakes.error(setting.at, `${setting.name}= is another key than that of ${beside}=`, 'one');
  }
  return raw.every((each) => sameOctets(each.spki, spki));
}

function fits({ spki, setting }: RawKey, ways: readonly AuthPolicy[], { mistakes }: Credentials): boolean {
  if (allows(ways, spki)) return true;
  mistakes.error(
    setting.at,
    `${setting.name}= is ${keyName(spki)}, and no signature of such a key is allowed`,
    'another authby= or key',
  );
  return false;
}

/** `rightca=`: a Name, or that of whoever issued ours. Any that is trusted unless said. */
function authorityOf(
  conn: ConnSettings,
  end: End,
  ours: End,
  held: Credentials,
): Uint8Array | 'failed' | undefined {
  const setting = conn.settings.get(`${end}ca`);
  const text = setting?.text ?? '%any';
  if (setting === undefined || text.toLowerCase() === '%any') return undefined;
  if (text.toLowerCase() !== '%same') return nameOf(text, setting, held);
  const said = conn.settings.get(`${ours}ca`)?.text;
  if (said !== undefined && !said.startsWith('%')) return nameOf(said, setting, held);
  const certificate = held.certificate(conn, ours);
  if (certificate === 'failed') return 'failed';
  if (certificate !== undefined) return certificate.issuer;
  held.mistakes.error(
    setting.at,
    `${end}ca=%same: we have neither ${ours}cert= nor ${ours}ca=`,
    'the name of an authority',
  );
  return 'failed';
}

function nameOf(text: string, { at, name }: Setting, { mistakes }: Credentials): Uint8Array | 'failed' {
  try {
    return parseDn(text);
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    mistakes.error(
      at,
      `${name}=: ${printable(error.text)}`,
      'a distinguished name such as "C=CA, O=Example, CN=ca"',
    );
    return 'failed';
  }
}

function warnOfNoAuthority(conn: ConnSettings, { anchors, mistakes }: Credentials): void {
  if (anchors.length > 0) return;
  mistakes.warning(
    conn.at,
    `conn ${quoted(conn.name)}: no authority is trusted, so no certificate of the peer will be`,
    'the certificate of an authority in cacerts/ of the store (ikev2 import FILE)',
  );
}

function warnOfUnknown(
  name: Uint8Array,
  at: Setting['at'],
  { anchors, authorities, mistakes }: Credentials,
): void {
  if (anchors.length === 0 || authorities.some(({ subjectKey }) => subjectKey === nameKey(name))) return;
  mistakes.warning(at, 'no authority of this name is at hand: the peer would have to send its certificate');
}
