/** `leftcert=`, `leftckaid=`, raw keys and authorities: what an end signs with, and what its peer takes. */

import type { Crypto } from '../crypto/provider.ts';
import { ckaid } from '../crypto/signature-key.ts';
import {
  type Certificate,
  formatDn,
  isSelfIssued,
  PkiError,
  parseCertificate,
  parseDn,
} from '../pki/index.ts';
import { parsePublicKeyText } from '../pki/keys/public-key-text.ts';
import { type Identity, identityOfDn } from '../policy/identity.ts';
import type { AuthPolicy, Credential, PeerKeys, PkiPolicy } from '../policy/policy.ts';
import { toHex } from '../wire/hex.ts';
import { placeOf } from './host.ts';
import type { End } from './lookup.ts';
import { type Mistakes, printable, quoted } from './mistake.ts';
import { type ConnSettings, type Setting, wordOf } from './settings.ts';

/** Certificates and keys at hand, in DER; what is private of them stays where it is. */
export interface StoredCredentials {
  /** By nickname, and by path where the configuration names a file. */
  readonly certificates: ReadonlyMap<string, Uint8Array>;
  /** Public keys (SubjectPublicKeyInfo) whose private keys are held. */
  readonly keys: readonly Uint8Array[];
  /** Certificates of authorities: those that issued themselves are trusted, others may stand between. */
  readonly authorities: readonly Uint8Array[];
  readonly crls: readonly Uint8Array[];
}

export const noCredentials: StoredCredentials = {
  certificates: new Map(),
  keys: [],
  authorities: [],
  crls: [],
};

export class Credentials {
  readonly #stored: StoredCredentials;
  readonly #crypto: Crypto;
  readonly #mistakes: Mistakes;
  readonly #parsed = new Map<Uint8Array, Certificate | undefined>();

  constructor(stored: StoredCredentials, crypto: Crypto, mistakes: Mistakes) {
    this.#stored = stored;
    this.#crypto = crypto;
    this.#mistakes = mistakes;
  }

  /** Whom to trust; undefined when nobody is. */
  pki(revocation: PkiPolicy['revocation']): PkiPolicy | undefined {
    const { authorities, certificates, crls } = this.#stored;
    if (authorities.length === 0 && certificates.size === 0) return undefined;
    const anchors = authorities.filter((der) => {
      const certificate = this.#parse(der);
      return certificate !== undefined && isSelfIssued(certificate);
    });
    const others = [...authorities.filter((der) => !anchors.includes(der)), ...certificates.values()];
    return { anchors, certificates: others, crls, revocation };
  }

  /** The certificate `leftcert=` or `rightcert=` names. Undefined when none is named, or that was reported. */
  certificate(conn: ConnSettings, end: End): Certificate | undefined {
    const setting = conn.settings.get(`${end}cert`);
    const der = setting && this.#stored.certificates.get(setting.text);
    if (der !== undefined) return this.#parse(der);
    if (setting !== undefined) {
      const names = [...this.#stored.certificates.keys()].slice(0, 8).map(quoted).join(', ');
      this.#mistakes.error(
        setting.at,
        `${end}cert=: there is no certificate ${quoted(setting.text)}`,
        names === ''
          ? 'a file, or a certificate in the store (ikev2 import FILE)'
          : `a file, or one of ${names}`,
      );
    }
    return undefined;
  }

  /** What we sign with; undefined when we do not sign, or a mistake was reported (`failed`). */
  own(conn: ConnSettings, end: End, ways: readonly AuthPolicy[]): { credential?: Credential; failed?: true } {
    if (!ways.some(signs)) return {};
    const certificate = this.certificate(conn, end);
    if (certificate === undefined && conn.settings.has(`${end}cert`)) return { failed: true };
    const spki = certificate?.spki ?? this.#ownKey(conn, end);
    if (spki === undefined) return { failed: true };
    if (!this.#stored.keys.some((each) => same(each, spki))) {
      this.#mistakes.error(
        placeOf(conn, certificate ? `${end}cert` : this.#keyName(conn, end)),
        `conn ${quoted(conn.name)}: there is no private key for ${certificate ? formatDn(certificate.subject) : `this ${end} key`}`,
        'its key in private/ of the store',
      );
      return { failed: true };
    }
    const shown = certificate ?? this.#certificateOf(spki);
    return {
      credential: {
        spki,
        key: toHex(ckaid(spki, this.#crypto)),
        certificates: shown
          ? [shown.der, ...this.#above(shown, wordOf(conn.settings, 'sendca', 'none'))]
          : [],
        // As pluto does, whatever its manual says: an initiator of pluto's asks for none unless rightca= names one.
        send: wordOf(conn.settings, `${end}sendcert`, 'always'),
      },
    };
  }

  /** What a peer may sign with; undefined when it does not sign, or a mistake was reported (`failed`). */
  peer(
    conn: ConnSettings,
    end: End,
    ours: End,
    ways: readonly AuthPolicy[],
  ): { keys?: PeerKeys; failed?: true } {
    if (!ways.some(({ kind }) => kind === 'signature')) return {};
    const certificate = this.certificate(conn, end);
    if (certificate === undefined && conn.settings.has(`${end}cert`)) return { failed: true };
    const raw = this.#rawKeys(conn, end);
    const authority = this.#authority(conn, end, ours);
    if (raw === undefined || authority === 'failed') return { failed: true };
    return {
      keys: {
        raw,
        ...(certificate && { certificate: certificate.der }),
        ...(authority && { authority }),
        identityInCertificate:
          wordOf<'yes' | 'no'>(conn.settings, 'require-id-on-certificate', 'yes') === 'yes',
      },
    };
  }

  /** The identity `leftid=%fromcert` stands for, and one that is missing beside `leftcert=`. */
  identity(conn: ConnSettings, end: End): Identity | undefined {
    const der = this.#stored.certificates.get(conn.settings.get(`${end}cert`)?.text ?? '');
    const certificate = der && this.#parse(der);
    return certificate && identityOfDn(certificate.subject);
  }

  #keyName(conn: ConnSettings, end: End): string {
    return rawNames.map((name) => `${end}${name}`).find((name) => conn.settings.has(name)) ?? `${end}ckaid`;
  }

  /** `leftckaid=`, or the one raw key of ours. */
  #ownKey(conn: ConnSettings, end: End): Uint8Array | undefined {
    const setting = conn.settings.get(`${end}ckaid`);
    if (setting !== undefined) {
      const wanted = setting.text.replace(/^0x/i, '').replaceAll(':', '').toLowerCase();
      const found = this.#stored.keys.find((spki) => toHex(ckaid(spki, this.#crypto)) === wanted);
      if (found === undefined)
        this.#mistakes.error(
          setting.at,
          `${end}ckaid=: there is no private key ${quoted(wanted)}`,
          'ikev2 showhostkey --list',
        );
      return found;
    }
    const raw = this.#rawKeys(conn, end);
    if (raw?.[0] === undefined && raw !== undefined)
      this.#mistakes.error(
        conn.at,
        `conn ${quoted(conn.name)}: we are to sign, and there is no ${end}cert=, ${end}ckaid= or raw key to sign with`,
        `${end}cert=NAME, or authby=secret`,
      );
    return raw?.[0];
  }

  /** Undefined when a mistake was reported. */
  #rawKeys(conn: ConnSettings, end: End): Uint8Array[] | undefined {
    const keys: Uint8Array[] = [];
    let failed = false;
    for (const name of rawNames) {
      const setting = conn.settings.get(`${end}${name}`);
      if (setting === undefined || /^%(cert|none)/i.test(setting.text)) continue;
      const key = this.#rawKey(setting, name);
      if (key === undefined) failed = true;
      else keys.push(key);
    }
    return failed ? undefined : keys;
  }

  #rawKey(setting: Setting, name: (typeof rawNames)[number]): Uint8Array | undefined {
    if (setting.text.startsWith('%')) {
      this.#mistakes.error(
        setting.at,
        `${setting.name}=${printable(setting.text)}: keys are not looked up in DNS`,
        '%cert, or 0s and the key',
      );
      return undefined;
    }
    try {
      return parsePublicKeyText(rawKinds[name], setting.text);
    } catch (error) {
      const why = error instanceof Error ? error.message : '';
      this.#mistakes.error(
        setting.at,
        `${setting.name}=: ${printable(why)}`,
        'what ikev2 showhostkey prints',
      );
      return undefined;
    }
  }

  /** `rightca=`: a Name, or that of whoever issued ours. */
  #authority(conn: ConnSettings, end: End, ours: End): Uint8Array | 'failed' | undefined {
    const setting = conn.settings.get(`${end}ca`);
    const text = setting?.text ?? '%any';
    if (setting === undefined || text.toLowerCase() === '%any') return undefined;
    if (text.toLowerCase() === '%same') {
      const said = conn.settings.get(`${ours}ca`)?.text;
      if (said !== undefined && !said.startsWith('%')) return this.#name(said, setting);
      const certificate = this.#stored.certificates.get(conn.settings.get(`${ours}cert`)?.text ?? '');
      const issuer = certificate && this.#parse(certificate)?.issuer;
      if (issuer) return issuer;
      this.#mistakes.error(
        setting.at,
        `${end}ca=%same: we have neither ${ours}cert= nor ${ours}ca=`,
        'the name of an authority',
      );
      return 'failed';
    }
    return this.#name(text, setting);
  }

  #name(text: string, { at, name }: Setting): Uint8Array | 'failed' {
    try {
      return parseDn(text);
    } catch (error) {
      if (!(error instanceof PkiError)) throw error;
      this.#mistakes.error(
        at,
        `${name}=: ${printable(error.text)}`,
        'a distinguished name such as "C=CA, O=Example, CN=ca"',
      );
      return 'failed';
    }
  }

  /** A certificate of ours for a key that is named otherwise. */
  #certificateOf(spki: Uint8Array): Certificate | undefined {
    for (const der of this.#stored.certificates.values()) {
      const certificate = this.#parse(der);
      if (certificate && same(certificate.spki, spki)) return certificate;
    }
    return undefined;
  }

  /** Certificates between ours and the root: the next one, all of them, or none. */
  #above(certificate: Certificate, how: 'none' | 'issuer' | 'all'): Uint8Array[] {
    const chain: Uint8Array[] = [];
    let below = certificate;
    while (how !== 'none' && chain.length < 8 && !(how === 'issuer' && chain.length === 1)) {
      const issuer = [...this.#stored.authorities, ...this.#stored.certificates.values()]
        .map((der) => this.#parse(der))
        .find((each) => each !== undefined && same(each.subject, below.issuer));
      if (issuer === undefined || isSelfIssued(issuer)) break;
      chain.push(issuer.der);
      below = issuer;
    }
    return chain;
  }

  #parse(der: Uint8Array): Certificate | undefined {
    if (!this.#parsed.has(der)) {
      try {
        this.#parsed.set(der, parseCertificate(der));
      } catch (error) {
        if (!(error instanceof PkiError)) throw error;
        this.#parsed.set(der, undefined);
      }
    }
    return this.#parsed.get(der);
  }
}

const signs = (way: AuthPolicy): boolean =>
  way.kind === 'signature' || (way.kind === 'eap' && way.methods.includes('tls'));

const rawNames = ['rsasigkey', 'ecdsakey', 'eddsakey', 'pubkey'] as const;
const rawKinds = { rsasigkey: 'rsa', ecdsakey: 'ecdsa', eddsakey: 'eddsa', pubkey: 'pubkey' } as const;

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((octet, at) => octet === b[at]);

/** Files that `leftcert=` names by a path, to be read before the configuration is understood. */
export const isCertificateFile = (text: string): boolean =>
  text.includes('/') || /\.(p12|pfx|pem|crt|cer|der)$/i.test(text);
