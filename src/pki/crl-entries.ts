/** Looking a certificate up in a CRL: its entries are walked in place, 100,000 of them in milliseconds. RFC 5280 §5.3. */
import type { Crl } from './crl.ts';
import { contentsAt, elementOf, endOf, Tag } from './der.ts';
import { checkDer } from './der-check.ts';
import { smallInteger } from './der-values.ts';
import { rawExtensions } from './extensions.ts';
import { generalNamesOf } from './general-name.ts';
import { Extension } from './object-ids.ts';

/** ReasonCode of an entry. RFC 5280 §5.3.1. */
export const REMOVE_FROM_CRL = 8;
export const CERTIFICATE_HOLD = 6;

export interface RevokedEntry {
  /** 0, unspecified, when the entry says none. */
  readonly reason: number;
}

const known = new Set<string>([
  Extension.CRL_REASON,
  Extension.INVALIDITY_DATE,
  Extension.CERTIFICATE_ISSUER,
]);

/**
 * The entry of a serial number of one issuer, undefined when it is not listed; `malformed` when the entries up to it are not
 * what RFC 5280 says, a critical extension of an entry of no known kind included.
 */
export function entryFor(
  crl: Crl,
  serial: Uint8Array,
  issuerKey: string,
): RevokedEntry | 'malformed' | undefined {
  try {
    return find(crl, serial, issuerKey);
  } catch {
    return 'malformed';
  }
}

function find(crl: Crl, serial: Uint8Array, issuerKey: string): RevokedEntry | undefined {
  const { entries } = crl;
  let issuer = crl.issuerKey;
  let found: RevokedEntry | undefined;
  for (let at = 0; at < entries.length; ) {
    const entry = contentsAt(entries, at, entries.length);
    const end = endOf(entries, at, entry);
    const serialAt = contentsAt(entries, entry, end);
    const dateAt = endOf(entries, entry, serialAt);
    const rest = endOf(entries, dateAt, contentsAt(entries, dateAt, end));
    const typed =
      entries[at] === Tag.SEQUENCE && entries[entry] === Tag.INTEGER && isTime(entries[dateAt] ?? 0);
    if (!typed || rest > end || end > entries.length) throw new TypeError('entry');
    at = end;
    const own = isAt(entries, serialAt, dateAt, serial);
    if (rest === end) {
      if (own && issuer === issuerKey) found ??= { reason: 0 };
      continue;
    }
    const extensions = entryExtensions(entries.subarray(rest, end));
    issuer = extensions.issuer ?? issuer;
    if (own && issuer === issuerKey) found ??= { reason: extensions.reason };
  }
  return found;
}

const isTime = (tag: number): boolean => tag === Tag.UTC_TIME || tag === Tag.GENERALIZED_TIME;

function isAt(octets: Uint8Array, start: number, end: number, wanted: Uint8Array): boolean {
  if (end - start !== wanted.length) return false;
  for (let i = 0; i < wanted.length; i++) if (octets[start + i] !== wanted[i]) return false;
  return true;
}

function entryExtensions(octets: Uint8Array): { reason: number; issuer?: string } {
  let read: { reason: number; issuer?: string } = { reason: 0 };
  for (const { id, critical, value } of rawExtensions(elementOf(octets))) {
    if (critical && !known.has(id)) throw new TypeError('critical entry extension');
    if (!known.has(id)) continue;
    checkDer(value, value.length, 'CRL entry extension');
    if (id === Extension.CRL_REASON) {
      read = { ...read, reason: smallInteger(elementOf(value).body, 'reasonCode') };
    } else if (id === Extension.CERTIFICATE_ISSUER) {
      const name = generalNamesOf(value, 'certificateIssuer').find((one) => one.kind === 'dn');
      if (name?.kind !== 'dn') throw new TypeError('certificateIssuer');
      read = { ...read, issuer: name.key };
    }
  }
  return read;
}
