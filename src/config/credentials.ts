/** Certificates, keys and authorities at hand, and which of them a conn names. */

import { sameOctets } from '../crypto/octets.ts';
import type { Crypto } from '../crypto/provider.ts';
import { ckaid } from '../crypto/signature-key.ts';
import { type Certificate, isSelfIssued, PkiError, parseCertificate } from '../pki/index.ts';
import type { PkiPolicy } from '../policy/policy.ts';
import { toHex } from '../wire/hex.ts';
import type { End } from './lookup.ts';
import { type Mistakes, quoted } from './mistake.ts';
import type { ConnSettings, Setting } from './settings.ts';

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

const longestChain = 8;

export class Credentials {
  readonly mistakes: Mistakes;
  readonly #stored: StoredCredentials;
  readonly #crypto: Crypto;
  readonly #parsed = new Map<Uint8Array, Certificate | undefined>();

  constructor(stored: StoredCredentials, crypto: Crypto, mistakes: Mistakes) {
    this.#stored = stored;
    this.#crypto = crypto;
    this.mistakes = mistakes;
  }

  /** Certificates of authorities, trusted ones and others. */
  get authorities(): readonly Certificate[] {
    return this.#stored.authorities.map((der) => this.#parse(der)).filter((each) => each !== undefined);
  }

  get anchors(): readonly Certificate[] {
    return this.authorities.filter(isSelfIssued);
  }

  /** Whom to trust; undefined when there is nothing at hand. */
  pki(revocation: PkiPolicy['revocation']): PkiPolicy | undefined {
    const { authorities, certificates, crls } = this.#stored;
    if (authorities.length === 0 && certificates.size === 0) return undefined;
    const anchors = this.anchors.map(({ der }) => der);
    const others = this.authorities.filter((each) => !isSelfIssued(each)).map(({ der }) => der);
    return { anchors, certificates: [...others, ...certificates.values()], crls, revocation };
  }

  /** What `leftcert=` names, or `leftckaid=` without it. Undefined when there is none; a mistake is reported. */
  certificate(conn: ConnSettings, end: End): Certificate | 'failed' | undefined {
    const named = conn.settings.get(`${end}cert`);
    if (named === undefined) return this.withKey(conn.settings.get(`${end}ckaid`));
    const der = this.#stored.certificates.get(named.text);
    if (der === undefined) return this.#missing(named);
    const certificate = this.#parse(der);
    if (certificate !== undefined) return certificate;
    this.mistakes.error(named.at, `${named.name}=: the certificate ${quoted(named.text)} is malformed`);
    return 'failed';
  }

  /** A certificate with the key a CKAID names. */
  withKey(named: Setting | undefined): Certificate | undefined {
    return named && this.#all().find(({ spki }) => this.isNamed(spki, named));
  }

  /** Whether a key is the one that a CKAID names. */
  isNamed(spki: Uint8Array, { text }: Setting): boolean {
    return this.ckaid(spki) === ckaidOf(text);
  }

  /** Whether the private half is held. */
  holds(spki: Uint8Array): boolean {
    return this.#stored.keys.some((each) => sameOctets(each, spki));
  }

  /** A public key whose private half is held, by its CKAID. */
  key(named: Setting): Uint8Array | undefined {
    return this.#stored.keys.find((spki) => this.isNamed(spki, named));
  }

  /** In hexadecimal digits. */
  ckaid(spki: Uint8Array): string {
    return toHex(ckaid(spki, this.#crypto));
  }

  /** Certificates between one and its root: the next, all of them, or none. */
  above(certificate: Certificate, how: 'none' | 'issuer' | 'all'): Uint8Array[] {
    const most = how === 'none' ? 0 : how === 'issuer' ? 1 : longestChain;
    const chain: Certificate[] = [];
    for (let below = certificate; chain.length < most; ) {
      const issuer = [...this.authorities, ...this.#all()].find(
        ({ subjectKey }) => subjectKey !== '' && subjectKey === below.issuerKey,
      );
      if (issuer === undefined || isSelfIssued(issuer) || chain.includes(issuer)) break;
      chain.push(issuer);
      below = issuer;
    }
    return chain.map(({ der }) => der);
  }

  #all(): Certificate[] {
    return [...this.#stored.certificates.values()]
      .map((der) => this.#parse(der))
      .filter((each) => each !== undefined);
  }

  #missing({ at, name, text }: Setting): 'failed' {
    const names = [...this.#stored.certificates.keys()].slice(0, 8).map(quoted).join(', ');
    this.mistakes.error(
      at,
      `${name}=: there is no certificate ${quoted(text)}`,
      names === ''
        ? 'a file, or a certificate in the store (ikev2 import FILE)'
        : `a file, or one of ${names}`,
    );
    return 'failed';
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

/** Hexadecimal digits as `certutil -K` and `ikev2 showhostkey` write them, or with colons. */
const ckaidOf = (text: string): string => text.replace(/^0x/i, '').replaceAll(':', '').toLowerCase();

/** Files that `leftcert=` names by a path, to be read before the configuration is understood. */
export const isCertificateFile = (text: string): boolean =>
  text.includes('/') || /\.(p12|pfx|pem|crt|cer|der)$/i.test(text);
