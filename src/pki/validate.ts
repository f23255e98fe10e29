/** The verdict on a peer's certificates. RFC 5280 §6. */
import type { Crypto } from '../crypto/provider.ts';
import type { Certificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import type { OcspResponse } from './ocsp.ts';
import type { PathOptions } from './options.ts';
import { bySubject, findPath, type Search } from './path.ts';
import { type PathStatus, pathStatus } from './revocation.ts';
import { type Acceptance, refusal, type Verdict } from './verdict.ts';

export interface ChainInput {
  readonly leaf: Certificate;
  /** Certificates that may stand between: the peer's and our own, trusted or not. */
  readonly intermediates: readonly Certificate[];
  readonly anchors: readonly Certificate[];
  readonly crls: readonly Crl[];
  readonly ocsp?: readonly OcspResponse[];
  /** Unix seconds. */
  readonly at: number;
  readonly crypto: Crypto;
  readonly options: PathOptions;
}

/** Finds and judges a path from the leaf to an anchor. Never throws on what came from outside. */
export function validateChain(input: ChainInput): Verdict {
  const { leaf, options, at, crypto } = input;
  const { limits } = options;
  const octets = input.intermediates.reduce((sum, one) => sum + one.der.length, leaf.der.length);
  if (input.intermediates.length > limits.certificates || octets > limits.octets) {
    return refusal(
      'TOO_BIG',
      `${input.intermediates.length + 1} certificates of ${octets} octets: more than one verdict may cost`,
    );
  }
  const search: Search = {
    crypto,
    at,
    options,
    intermediates: bySubject(input.intermediates),
    anchors: bySubject(input.anchors),
    signed: new Map(),
    budget: { ...limits },
  };
  return findPath<Acceptance>(leaf, search, options, ({ path, policies }) => {
    const status: PathStatus = pathStatus(path, input, search);
    if (status.refusal !== undefined) return status.refusal;
    const until = path.reduce(
      (least, one, index) =>
        index < path.length - 1 || options.anchorExpiry ? Math.min(least, one.notAfter) : least,
      status.until,
    );
    const revocation = status.needed.length === 0 && options.revocation !== 'off' ? 'good' : 'unknown';
    return { ok: true, path, until, revocation, needed: status.needed, policies };
  });
}
