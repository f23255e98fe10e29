/** A case of a foreign set of path validation vectors, and how it went. */
import { existsSync } from 'node:fs';
import { nodeCrypto } from '../../../src/crypto/index.ts';
import {
  type Certificate,
  type ChainInput,
  type Crl,
  PkiError,
  parseCertificate,
  parseCrl,
  type Verdict,
  validateChain,
} from '../../../src/pki/index.ts';

export const directory = '../shared/vectors/05-x509';
export const hasVectors = existsSync(directory);

export interface PathCase {
  readonly id: string;
  readonly valid: boolean;
  readonly leaf: Uint8Array;
  readonly intermediates: readonly Uint8Array[];
  readonly anchors: readonly Uint8Array[];
  readonly crls: readonly Uint8Array[];
  readonly at: number;
  readonly options: ChainInput['options'];
}

export interface Score {
  readonly cases: number;
  readonly right: number;
  readonly wronglyAccepted: readonly string[];
  readonly wronglyRefused: readonly string[];
}

/** The verdict, or the parser's refusal of the leaf or of an anchor. What else does not parse is left out, as a peer's would be. */
export function judge(one: PathCase): Verdict | PkiError {
  const readable = <T>(octets: readonly Uint8Array[], parse: (octets: Uint8Array) => T): T[] =>
    octets.flatMap((each) => {
      const parsed = attempt(() => parse(each));
      return parsed instanceof PkiError ? [] : [parsed];
    });
  const leaf = attempt((): Certificate => parseCertificate(one.leaf));
  if (leaf instanceof PkiError) return leaf;
  return validateChain({
    leaf,
    intermediates: readable(one.intermediates, parseCertificate),
    anchors: readable(one.anchors, parseCertificate),
    crls: readable(one.crls, (octets): Crl => parseCrl(octets)),
    at: one.at,
    crypto: nodeCrypto,
    options: one.options,
  });
}

function attempt<T>(work: () => T): T | PkiError {
  try {
    return work();
  } catch (error) {
    if (error instanceof PkiError) return error;
    throw error;
  }
}

export const accepted = (outcome: Verdict | PkiError): boolean =>
  !(outcome instanceof PkiError) && outcome.ok;

export function score(cases: readonly PathCase[]): Score {
  const went = cases.map((one) => ({ id: one.id, valid: one.valid, accepted: accepted(judge(one)) }));
  return {
    cases: cases.length,
    right: went.filter((one) => one.valid === one.accepted).length,
    wronglyAccepted: went.filter((one) => !one.valid && one.accepted).map(({ id }) => id),
    wronglyRefused: went.filter((one) => one.valid && !one.accepted).map(({ id }) => id),
  };
}
