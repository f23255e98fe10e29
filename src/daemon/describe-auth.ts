/** How each end of a connection proves who it is: for people, and as a plain object. Nothing secret is in it. */
import { keyName } from '../config/key-name.ts';
import { quoted } from '../config/mistake.ts';
import { day } from '../config/own-credential.ts';
import { ckaid, nodeCrypto, type SignatureAlgorithm } from '../crypto/index.ts';
import { formatDn, parseCertificate } from '../pki/index.ts';
import type { AuthPolicy, Credential, EapMethod, PadEntry, PeerKeys } from '../policy/policy.ts';
import { toHex } from '../wire/hex.ts';

/** `us by signature (CN=east, ECDSA P-256, ckaid 1d40..., until 2027-01-01), peer by a shared key`. */
export function authText({ local, remote }: PadEntry): string {
  const us = ways(
    local.auth,
    () => (local.credential ? ownKeyText(local.credential) : 'no key'),
    local.username,
  );
  const peer = ways(remote.auth, () => peerKeysText(remote.keys));
  return `us by ${us}, peer by ${peer}`;
}

const methodNames: Readonly<Record<EapMethod, string>> = {
  tls: 'EAP-TLS',
  mschapv2: 'EAP-MSCHAPv2',
  md5: 'EAP-MD5',
};

const ways = (auth: readonly AuthPolicy[], key: () => string, username?: string): string =>
  auth.map((way) => wayText(way, key, username)).join(' or ');

function wayText(way: AuthPolicy, key: () => string, username: string | undefined): string {
  switch (way.kind) {
    case 'psk':
      return 'a shared key';
    case 'null':
      return 'nothing (NULL)';
    case 'signature':
      return `signature (${key()})`;
    case 'eap': {
      const as = username === undefined ? '' : ` as ${quoted(username)}`;
      return `${way.methods.map((method) => methodNames[method]).join(' or ')}${as}`;
    }
  }
}

function ownKeyText({ spki, key, certificates: [leaf, ...above] }: Credential): string {
  const more = above.length > 0 ? `, with ${above.length} above it` : '';
  return leaf === undefined
    ? `raw key, ${keyName(spki)}, ckaid ${key}`
    : `${certificateText(leaf)}, ckaid ${key}${more}`;
}

function peerKeysText(keys: PeerKeys | undefined): string {
  const raw = keys?.raw.map((spki) => `raw key, ${keyName(spki)}, ckaid ${toHex(ckaid(spki, nodeCrypto))}`);
  if (raw?.length) return raw.join(' or ');
  const named = keys?.certificate && certificateText(keys.certificate);
  const whose = keys?.authority ? `of CA ${formatDn(keys.authority)}` : named ? '' : 'of any trusted CA';
  const key = [named ?? 'a certificate', whose].filter((text) => text !== '').join(' ');
  return keys?.identityInCertificate === false ? `${key}, identity not looked for in it` : key;
}

function certificateText(der: Uint8Array): string {
  const { subject, spki, notAfter } = parseCertificate(der);
  return `${formatDn(subject)}, ${keyName(spki)}, until ${day(notAfter)}`;
}

/** What `check --json` writes for it. */
export function authObject(end: PadEntry['local'] | PadEntry['remote']): object {
  const { auth } = end;
  const algorithms = auth.flatMap((way) =>
    way.kind === 'signature' ? way.algorithms.map(algorithmText) : [],
  );
  return {
    auth: auth.map((way) => (way.kind === 'eap' ? `eap-${way.methods.join('/')}` : way.kind)),
    ...(algorithms.length > 0 && { algorithms }),
    ...('credential' in end && end.credential && { credential: credentialObject(end.credential) }),
    ...('username' in end && end.username !== undefined && { username: end.username }),
    ...('keys' in end && end.keys && { keys: keysObject(end.keys) }),
  };
}

const algorithmText = (algorithm: SignatureAlgorithm): string =>
  'hash' in algorithm ? `${algorithm.kind} ${algorithm.hash}` : algorithm.kind;

const credentialObject = ({ spki, key, certificates, send }: Credential): object => ({
  key: keyName(spki),
  ckaid: key,
  certificates: certificates.map(certificateObject),
  send,
});

const keysObject = ({ raw, certificate, authority, identityInCertificate }: PeerKeys): object => ({
  raw: raw.map((spki) => ({ key: keyName(spki), ckaid: toHex(ckaid(spki, nodeCrypto)) })),
  ...(certificate && { certificate: certificateObject(certificate) }),
  authority: authority ? formatDn(authority) : null,
  identityInCertificate,
});

function certificateObject(der: Uint8Array): object {
  const { subject, notBefore, notAfter } = parseCertificate(der);
  return { subject: formatDn(subject), notBefore: day(notBefore), notAfter: day(notAfter) };
}
