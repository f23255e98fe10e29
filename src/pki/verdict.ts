/** What validating a chain says. */
import type { Certificate } from './certificate.ts';

export type RefusalCode =
  | 'EXPIRED'
  | 'NOT_YET_VALID'
  | 'UNTRUSTED'
  | 'BAD_SIGNATURE'
  | 'REVOKED'
  | 'REVOCATION_UNKNOWN'
  | 'NAME_CONSTRAINTS'
  | 'PATH_LENGTH'
  | 'NOT_AN_AUTHORITY'
  | 'KEY_USAGE'
  | 'CRITICAL_EXTENSION'
  | 'POLICY'
  | 'PROFILE'
  | 'WEAK'
  | 'TOO_BIG'
  | 'MALFORMED';

export interface Refusal {
  readonly ok: false;
  readonly code: RefusalCode;
  /** One line for the operator, nothing in it that could mislead a terminal. */
  readonly text: string;
  /** The certificate at fault. */
  readonly certificate: Certificate | undefined;
  /** With REVOCATION_UNKNOWN: the certificates of the path, trusted otherwise, whose status is wanted. */
  readonly needed: readonly Certificate[];
}

export interface Acceptance {
  readonly ok: true;
  /** The leaf first, the anchor last. */
  readonly path: readonly Certificate[];
  /** Unix seconds: the earliest notAfter and nextUpdate of all that was relied on. */
  readonly until: number;
  readonly revocation: 'good' | 'unknown';
  /** The certificates of the path whose status is unknown. */
  readonly needed: readonly Certificate[];
  /** The acceptable policies it holds for; `anyPolicy` among them for any. */
  readonly policies: readonly string[];
}

export type Verdict = Acceptance | Refusal;

export const refusal = (
  code: RefusalCode,
  text: string,
  certificate?: Certificate,
  needed: readonly Certificate[] = [],
): Refusal => ({ ok: false, code, text, certificate, needed });
