/** Whom we trust for certificates, parsed once for a policy. RFC 5280 §6, RFC 4945 §5. */

import { sameOctets } from '../../crypto/octets.ts';
import type { Crypto } from '../../crypto/provider.ts';
import { CertificateCache } from '../../pki/cache.ts';
import {
  type Certificate,
  type Crl,
  formatDn,
  ikePathOptions,
  type OcspResponse,
  PkiError,
  parseCrl,
  parseOcspResponse,
  type Verdict,
} from '../../pki/index.ts';
import { nameKey } from '../../pki/name.ts';
import type { PeerKeys, PkiPolicy } from '../../policy/policy.ts';
import { concat } from '../keys.ts';

/** Hashes in one CERTREQ: more do not fit a datagram well. */
const mostHashes = 50;

/** What was fetched while a peer proved itself. */
export interface Fetched {
  readonly crls: readonly Crl[];
  readonly ocspResponses: readonly OcspResponse[];
}

export const nothingFetched: Fetched = { crls: [], ocspResponses: [] };

/** The end certificate first. */
export type Chain = readonly [Certificate, ...Certificate[]];

export class Trust {
  readonly #crypto: Crypto;
  readonly #cache: CertificateCache;
  readonly #anchors: readonly Certificate[];
  readonly #certificates: readonly Certificate[];
  readonly #crls: readonly Crl[];
  readonly #policy: PkiPolicy | undefined;

  /** What the policy holds was checked when it was read; what does not parse all the same is passed over. */
  constructor(policy: PkiPolicy | undefined, crypto: Crypto, cache = new CertificateCache(crypto)) {
    this.#policy = policy;
    this.#crypto = crypto;
    this.#cache = cache;
    this.#anchors = (policy?.anchors ?? []).flatMap((der) => this.parse(der) ?? []);
    this.#certificates = (policy?.certificates ?? []).flatMap((der) => this.parse(der) ?? []);
    this.#crls = (policy?.crls ?? []).flatMap((der) => this.#crl(der) ?? []);
  }

  /** With another policy; certificates that were parsed stay so. */
  under(policy: PkiPolicy | undefined): Trust {
    return policy === this.#policy ? this : new Trust(policy, this.#crypto, this.#cache);
  }

  get revocation(): PkiPolicy['revocation'] | undefined {
    return this.#policy?.revocation;
  }

  /** SHA-1 hashes of the authorities' keys, as CERTREQ carries them; undefined when we trust none. RFC 7296 §3.7. */
  get authorities(): Uint8Array | undefined {
    if (this.#anchors.length === 0) return undefined;
    return concat(...this.#anchors.slice(0, mostHashes).map(({ keyHash }) => keyHash));
  }

  /** Undefined when the octets are no certificate. */
  parse(der: Uint8Array): Certificate | undefined {
    return parsed(() => this.#cache.certificate(der));
  }

  /** Certificates at hand of peers that send none. */
  get known(): readonly Certificate[] {
    return this.#certificates;
  }

  /** Whether the first certificate's path leads to an anchor at this time (unix seconds). */
  judge(chain: Chain, keys: PeerKeys | undefined, at: number, { crls, ocspResponses }: Fetched): Verdict {
    const [leaf, ...sent] = chain;
    const verdict = this.#cache.verdict({
      leaf,
      intermediates: [...sent, ...this.#certificates],
      anchors: this.#anchors,
      crls: [...this.#crls, ...crls],
      ocsp: ocspResponses,
      at,
      crypto: this.#crypto,
      options: ikePathOptions,
    });
    const { authority } = keys ?? {};
    if (!verdict.ok || authority === undefined) return verdict;
    if (verdict.path.slice(1).some((issuer) => this.#isAuthority(issuer, nameKey(authority)))) return verdict;
    const text = `${formatDn(authority)} is not among those that issued it`;
    return { ok: false, code: 'POLICY', text, certificate: leaf, needed: [] };
  }

  /** Whether these certificates (DER) may lead to that authority, by what they say of their issuers. */
  mayLeadTo(authority: Uint8Array, certificates: readonly Uint8Array[]): boolean {
    const name = nameKey(authority);
    const sent = certificates.flatMap((der) => this.parse(der) ?? []);
    const between = this.#certificates.filter(({ issuerKey }) => issuerKey === name);
    return sent.some(
      ({ issuerKey }) => issuerKey === name || between.some(({ subjectKey }) => subjectKey === issuerKey),
    );
  }

  /** By its name, and by its key where an authority of that name is at hand: others may call one the same. */
  #isAuthority({ subjectKey, spki }: Certificate, name: string): boolean {
    if (subjectKey !== name) return false;
    const known = [...this.#anchors, ...this.#certificates].filter((each) => each.subjectKey === name);
    return known.length === 0 || known.some((each) => sameOctets(each.spki, spki));
  }

  /** Whoever fetches one hands over the same octets as long as they hold. */
  #crl(der: Uint8Array): Crl | undefined {
    const known = parsedCrls.get(der);
    if (known !== undefined) return known;
    const crl = parsed(() => parseCrl(der));
    if (crl !== undefined) parsedCrls.set(der, crl);
    return crl;
  }

  read(crls: readonly Uint8Array[], ocspResponses: readonly Uint8Array[]): Fetched {
    return {
      crls: crls.flatMap((der) => this.#crl(der) ?? []),
      ocspResponses: ocspResponses.flatMap((der) => parsed(() => parseOcspResponse(der)) ?? []),
    };
  }
}

const parsedCrls = new WeakMap<Uint8Array, Crl>();

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof PkiError) return undefined;
    throw error;
  }
}
