/** CRLs and OCSP responses by HTTP, kept in memory until their nextUpdate. RFC 5280 §4.2.1.13, RFC 6960 appendix A. */
import type { Crypto } from '../crypto/provider.ts';
import type { Answer, Millis, Question, RevocationQuestion } from '../ike/actions.ts';
import { CertificateCache, PkiError } from '../pki/index.ts';
import type { Clock } from './clock.ts';
import { type Evidence, nextUpdateOf, readEvidence, type Subject, settles } from './revocation-evidence.ts';
import { FetchError, fetchOctets } from './revocation-http.ts';
import { Memory } from './revocation-memory.ts';
import { type FetchLimits, plan, type SubjectUris, type Wanted } from './revocation-plan.ts';

export type { FetchLimits };

export interface RevocationOptions {
  readonly crypto: Crypto;
  readonly clock: Clock;
  /** As of now: the configuration may be read again. Undefined: nothing is fetched. */
  readonly limits: () => FetchLimits | undefined;
  /** A line for each fetch, at debug. */
  readonly log: (text: string) => void;
}

/** Milliseconds a question may take: the engine waits ten seconds. */
const longest = 9_000;
/** Milliseconds until what failed, or what said nothing of the certificate, is fetched again. */
const pause = 60_000;

const nothing: FetchLimits = { crlTimeout: 0, ocspTimeout: 0, ocspMethod: 'get' };
const octets = { crl: 64 << 20, ocsp: 64 << 10 };
const atOnce = { crl: 8, ocsp: 256 };
const accepted = { crl: 'application/pkix-crl, */*;q=0.5', ocsp: 'application/ocsp-response' };
const names = { crl: 'CRL', ocsp: 'OCSP' };

export class RevocationFetcher {
  readonly #options: RevocationOptions;
  readonly #certificates: CertificateCache;
  readonly #kept: Memory<Evidence>;
  /** Why, by what was asked or by who was asked. */
  readonly #failed: Memory<string>;
  readonly #underWay = new Map<string, Promise<Evidence | undefined>>();
  readonly #running = { crl: 0, ocsp: 0 };
  readonly #aborts = new Set<AbortController>();
  #closed = false;

  constructor(options: RevocationOptions) {
    this.#options = options;
    this.#certificates = new CertificateCache(options.crypto);
    this.#kept = new Memory(options.clock, { entries: 4096, octets: 128 << 20 });
    this.#failed = new Memory(options.clock, { entries: 4096, octets: 0 });
  }

  /** Whatever could be had within the time limits; no longer than it takes to know of every certificate. */
  async answer({ of }: Extract<Question, { kind: 'revocation' }>): Promise<Answer> {
    const { limits, log } = this.#options;
    const current = limits() ?? nothing;
    const subjects = this.#parse(of);
    if (subjects === undefined) return { ok: false, errno: 'EINVAL' };
    const had = this.#closed ? [] : await this.#gather(subjects, plan(subjects, current, log), current);
    if (this.#closed) return { ok: false, errno: 'ECANCELED' };
    return {
      ok: true,
      crls: had.flatMap((each) => (each.kind === 'crl' ? [each.crl.der] : [])),
      ocspResponses: had.flatMap((each) => (each.kind === 'ocsp' ? [each.response.der] : [])),
    };
  }

  /** Ends what is under way and forgets what was fetched. */
  close(): void {
    this.#closed = true;
    for (const abort of this.#aborts) abort.abort(new FetchError('closed', 'request'));
    this.#kept.clear();
    this.#failed.clear();
  }

  /** Undefined when the engine asks of what is no certificate. */
  #parse(of: readonly RevocationQuestion[]): SubjectUris[] | undefined {
    try {
      return of.map(({ certificate, issuer, crlUris, ocspUris }) => ({
        certificate: this.#certificates.certificate(certificate),
        issuer: this.#certificates.certificate(issuer),
        crlUris,
        ocspUris,
      }));
    } catch (error) {
      if (error instanceof PkiError) return undefined;
      throw error;
    }
  }

  /** Everything at once; what comes after all certificates are settled is only kept for later. */
  async #gather(
    subjects: readonly Subject[],
    wanted: readonly Wanted[],
    limits: FetchLimits,
  ): Promise<Evidence[]> {
    const had: Evidence[] = [];
    const open = new Set(subjects);
    let left = wanted.length;
    let settled = (): void => {};
    const allSettled = new Promise<void>((resolve) => {
      settled = resolve;
    });
    const each = wanted.map(async (one) => {
      const evidence = await this.#have(one, limits);
      left -= 1;
      if (evidence === undefined) return;
      had.push(evidence);
      if (left === 0) return;
      for (const subject of [...open]) if (this.#settles(subject, evidence)) open.delete(subject);
      if (open.size === 0) settled();
    });
    await Promise.race([Promise.all(each), allSettled]);
    return [...had];
  }

  async #have(wanted: Wanted, limits: FetchLimits): Promise<Evidence | undefined> {
    const { kind, key, server } = wanted;
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    const failure = this.#failed.get(server) ?? this.#failed.get(key);
    const why =
      failure !== undefined
        ? `failed a moment ago: ${failure}`
        : this.#running[kind] >= atOnce[kind] && `${atOnce[kind]} are under way`;
    if (why) {
      this.#log(wanted, `not fetched: ${why}`);
      return undefined;
    }
    const fetched = this.#fetch(wanted, limits);
    this.#underWay.set(key, fetched);
    this.#running[kind] += 1;
    try {
      return await fetched;
    } finally {
      this.#running[kind] -= 1;
      this.#underWay.delete(key);
    }
  }

  /** Undefined when it failed. */
  async #fetch(wanted: Wanted, limits: FetchLimits): Promise<Evidence | undefined> {
    const { clock } = this.#options;
    const { kind, key, server } = wanted;
    const began = clock.now();
    const limit = Math.min(kind === 'crl' ? limits.crlTimeout : limits.ocspTimeout, longest);
    try {
      const der = await this.#within(limit, (signal) =>
        fetchOctets({ ...wanted, accept: accepted[kind], most: octets[kind], signal }),
      );
      const evidence = readEvidence(kind, der);
      this.#log(
        wanted,
        `${der.length} octets in ${clock.now() - began} ms${this.#keep(wanted, evidence, der)}`,
      );
      return evidence;
    } catch (error) {
      if (!(error instanceof FetchError || error instanceof PkiError)) throw error;
      if (this.#closed) return undefined;
      const ofServer = error instanceof FetchError && error.scope === 'server';
      this.#failed.set(ofServer ? server : key, error.message, clock.now() + pause);
      this.#log(wanted, error.message);
      return undefined;
    }
  }

  async #within<T>(limit: Millis, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock } = this.#options;
    const abort = new AbortController();
    const cancel = clock.alarm(clock.now() + limit, () =>
      abort.abort(new FetchError(`no answer within ${limit / 1000} s`, 'server')),
    );
    this.#aborts.add(abort);
    try {
      return await work(abort.signal);
    } finally {
      cancel();
      this.#aborts.delete(abort);
    }
  }

  /** Until its nextUpdate only what is signed and says something: others could be kept long on anybody's word. */
  #keep({ key, subject }: Wanted, evidence: Evidence, { length }: Uint8Array): string {
    if (this.#closed) return '';
    const { clock } = this.#options;
    if (!this.#settles(subject, evidence)) {
      this.#kept.set(key, evidence, clock.now() + pause, length);
      return ', which do not say whether the certificate is revoked';
    }
    const nextUpdate = nextUpdateOf(evidence);
    if (nextUpdate === undefined) return '';
    this.#kept.set(key, evidence, clock.now() + nextUpdate * 1000 - clock.unixTime(), length);
    return '';
  }

  #settles(subject: Subject, evidence: Evidence): boolean {
    const { clock, crypto } = this.#options;
    return settles(subject, evidence, Math.floor(clock.unixTime() / 1000), crypto);
  }

  #log({ kind, server }: Wanted, text: string): void {
    this.#options.log(`${names[kind]} ${server.slice(kind.length + 1)}: ${text}`);
  }
}
