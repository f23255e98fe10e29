/** Certificates and verdicts remembered by all of their octets. */
import type { Crypto } from '../crypto/provider.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import { type ChainInput, validateChain } from './validate.ts';
import type { Verdict } from './verdict.ts';

/** Least recently used out first; a Map keeps its order. */
class Recent<T> {
  private readonly map = new Map<string, T>();

  constructor(private readonly most: number) {}

  get(key: string): T | undefined {
    const value = this.map.get(key);
    if (value === undefined) return undefined;
    this.map.delete(key);
    this.map.set(key, value);
    return value;
  }

  set(key: string, value: T): void {
    this.map.delete(key);
    this.map.set(key, value);
    for (const oldest of this.map.keys()) {
      if (this.map.size <= this.most) return;
      this.map.delete(oldest);
    }
  }

  get size(): number {
    return this.map.size;
  }

  clear(): void {
    this.map.clear();
  }
}

/**
 * Given to whoever judges many peers. A key is the SHA-256 of the whole DER, so a certificate with another signature or one
 * octet changed is another. Only accepted chains are remembered, until the earliest notAfter or nextUpdate they rest on:
 * strangers' certificates push out parsed ones, never make a refusal last. `certificates` and `verdicts` bound both.
 */
export class CertificateCache {
  private readonly parsed: Recent<Certificate>;
  private readonly verdicts: Recent<{ from: number; verdict: Verdict & { ok: true } }>;
  private readonly names = new WeakMap<object, string>();

  constructor(
    private readonly crypto: Crypto,
    { certificates = 512, verdicts = 512 }: { certificates?: number; verdicts?: number } = {},
  ) {
    this.parsed = new Recent(certificates);
    this.verdicts = new Recent(verdicts);
  }

  /** `parseCertificate`. Throws PkiError. */
  certificate(der: Uint8Array): Certificate {
    const key = this.digest(der);
    const known = this.parsed.get(key);
    if (known !== undefined) return known;
    const certificate = parseCertificate(Uint8Array.from(der));
    this.names.set(certificate, key);
    this.parsed.set(key, certificate);
    return certificate;
  }

  /** `validateChain`. The same options, anchors, CRLs and OCSP responses make the same question. */
  verdict(input: ChainInput): Verdict {
    const key = this.question(input);
    const known = this.verdicts.get(key);
    if (known !== undefined && known.from <= input.at && input.at <= known.verdict.until)
      return known.verdict;
    const verdict = validateChain(input);
    if (verdict.ok) this.verdicts.set(key, { from: input.at, verdict });
    return verdict;
  }

  get sizes(): { readonly certificates: number; readonly verdicts: number } {
    return { certificates: this.parsed.size, verdicts: this.verdicts.size };
  }

  clear(): void {
    this.parsed.clear();
    this.verdicts.clear();
  }

  private question(input: ChainInput): string {
    const { leaf, intermediates, anchors, crls, ocsp = [], options } = input;
    const lists = [[leaf], intermediates, anchors, crls, ocsp].map((list) => this.setOf(list));
    return [...lists, JSON.stringify(options)].join('|');
  }

  /** Order does not change what is asked. */
  private setOf(list: readonly { readonly der: Uint8Array }[]): string {
    const keys = list.map((one) => this.nameOf(one)).sort();
    return keys.length < 2 ? keys.join() : this.digest(new TextEncoder().encode(keys.join()));
  }

  private nameOf(one: { readonly der: Uint8Array }): string {
    const name = this.names.get(one) ?? this.digest(one.der);
    this.names.set(one, name);
    return name;
  }

  private digest(octets: Uint8Array): string {
    return String.fromCharCode(...this.crypto.hash('sha256', octets));
  }
}
