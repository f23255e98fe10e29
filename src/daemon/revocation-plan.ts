/** What is to be fetched for a question. */
import { ocspRequest } from '../pki/index.ts';
import type { RevocationPolicy } from '../policy/policy.ts';
import { toHex } from '../wire/hex.ts';
import type { EvidenceKind, Subject } from './revocation-evidence.ts';
import { type HttpOrder, plain } from './revocation-http.ts';

/** Milliseconds for each fetch; 0 forbids it. */
export type FetchLimits = Pick<RevocationPolicy, 'crlTimeout' | 'ocspTimeout' | 'ocspMethod'>;

export interface Wanted extends Pick<HttpOrder, 'url' | 'post'> {
  readonly kind: EvidenceKind;
  /** Equal keys are one fetch. */
  readonly key: string;
  /** Whom it is asked of: the URI as the certificate has it. */
  readonly server: string;
  readonly subject: Subject;
}

export interface SubjectUris extends Subject {
  readonly crlUris: readonly string[];
  readonly ocspUris: readonly string[];
}

/** URIs a question may have fetched: its certificates may name any number. */
const mostUris = 8;

/** The longest GET, encoded. RFC 6960 appendix A.1. */
const longestGet = 254;

/** The first URI of each certificate comes before the second of any. `refused` gets a line for each that is left out. */
export function plan(
  subjects: readonly SubjectUris[],
  limits: FetchLimits,
  refused: (why: string) => void,
): Wanted[] {
  const named = subjects.flatMap((subject) => [
    ...(limits.ocspTimeout > 0 ? subject.ocspUris : []).map((uri, rank) => ocsp(subject, uri, rank)),
    ...(limits.crlTimeout > 0 ? subject.crlUris : []).map((uri, rank) => crl(subject, uri, rank)),
  ]);
  const inOrder = named.sort((a, b) => a.rank - b.rank);
  const wanted = new Map<string, Wanted>();
  for (const { make, uri } of inOrder.slice(0, mostUris)) {
    const url = webUrl(uri);
    if (typeof url === 'string') {
      refused(`${JSON.stringify(uri.slice(0, 200))} is not fetched: ${url}`);
      continue;
    }
    const one = make(url, limits);
    if (!wanted.has(one.key)) wanted.set(one.key, one);
  }
  if (inOrder.length > mostUris) refused(`${inOrder.length - mostUris} more URIs are not fetched`);
  return [...wanted.values()];
}

interface Named {
  readonly uri: string;
  /** The place in its list. */
  readonly rank: number;
  readonly make: (url: URL, limits: FetchLimits) => Wanted;
}

/** CRLs of two issuers at one URI are kept apart, so that neither has to do with the other's. */
const crl = (subject: SubjectUris, uri: string, rank: number): Named => ({
  uri,
  rank,
  make(url) {
    const server = `crl ${url.href}`;
    return { kind: 'crl', url, key: `${server} ${toHex(subject.issuer.keyHash)}`, server, subject };
  },
});

/** No nonce: responders answer from a store, and their answers are kept. RFC 5019 §2.1.1. */
const ocsp = (subject: SubjectUris, uri: string, rank: number): Named => ({
  uri,
  rank,
  make(url, { ocspMethod }) {
    const body = ocspRequest(subject.certificate, subject.issuer);
    const server = `ocsp ${url.href}`;
    const asked = { kind: 'ocsp', key: `${server} ${toHex(body)}`, server, subject } as const;
    const encoded = encodeURIComponent(Buffer.from(body).toString('base64'));
    if (ocspMethod === 'get' && encoded.length <= longestGet)
      return { ...asked, url: new URL(`${url.href.replace(/\/$/, '')}/${encoded}`) };
    return { ...asked, url, post: { type: 'application/ocsp-request', body } };
  },
});

/** Or why not. */
function webUrl(uri: string): URL | string {
  if (!URL.canParse(uri)) return 'no URI';
  const url = new URL(uri);
  if (url.protocol === 'http:' || url.protocol === 'https:') return plain(url);
  return `only http and https are, not ${url.protocol.slice(0, -1)}`;
}
