/** Whether octets are DER from end to end, before anything is read from them. X.690 §8, §10, §11. */
import { extentAt, Tag } from './der.ts';
import { PkiError } from './error.ts';

const deepest = 32;

/**
 * Walks all of `octets`: one element without anything after it, definite and minimal lengths, each universal type in its
 * form, primitive values as DER writes them. The order of a SET OF is not checked: deployed certificates break it and no
 * meaning hangs on it. Work is linear in the octets, of which there are at most `most`. Throws PkiError.
 */
export function checkDer(octets: Uint8Array, most: number, what: string): void {
  if (octets.length > most)
    throw new PkiError('too-big', `${what}: ${octets.length} octets, ${most} at most`);
  const ends: number[] = [];
  let limit = octets.length;
  let at = 0;
  for (;;) {
    const { tag, start, end } = extentAt(octets, at, limit);
    if (at === 0 && end !== octets.length) {
      throw new PkiError('der', `${what}: ${octets.length - end} octets after its end`);
    }
    checkForm(tag, at);
    at = end;
    if ((tag & 0x20) !== 0) {
      if (ends.length === deepest) throw new PkiError('too-big', `${what}: nested deeper than ${deepest}`);
      ends.push(limit);
      limit = end;
      at = start;
    } else if (tag < 0x20) {
      checkValue(octets, tag, start, end);
    }
    while (at === limit) {
      const outer = ends.pop();
      if (outer === undefined) return;
      limit = outer;
    }
  }
}

/** Universal types are constructed when, and only when, they are SEQUENCE or SET. */
function checkForm(tag: number, at: number): void {
  if (tag >= 0x40) return;
  const number = tag & 0x1f;
  const structured = number === 0x10 || number === 0x11 || number === 0x08 || number === 0x0b;
  if (number === 0 || structured !== ((tag & 0x20) !== 0)) {
    throw new PkiError('der', `DER: tag ${tag.toString(16).padStart(2, '0')} at octet ${at}`);
  }
}

function checkValue(octets: Uint8Array, tag: number, start: number, end: number): void {
  const length = end - start;
  const first = octets[start] ?? 0;
  const bad = (what: string) => new PkiError('der', `DER: ${what} at octet ${start}`);
  switch (tag) {
    case Tag.BOOLEAN:
      if (length !== 1 || (first !== 0 && first !== 0xff)) throw bad('BOOLEAN neither 00 nor FF');
      return;
    case Tag.INTEGER:
    case Tag.ENUMERATED: {
      const second = octets[start + 1] ?? 0;
      const padded = length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
      if (length === 0 || padded) throw bad('INTEGER not minimal');
      return;
    }
    case Tag.NULL:
      if (length !== 0) throw bad('NULL with contents');
      return;
    case Tag.BIT_STRING: {
      const last = octets[end - 1] ?? 0;
      if (
        length === 0 ||
        first > 7 ||
        (length === 1 && first > 0) ||
        (length > 1 && (last & ((1 << first) - 1)) !== 0)
      ) {
        throw bad('BIT STRING with wrong unused bits');
      }
      return;
    }
    case Tag.OID:
      checkOid(octets, start, end, bad);
      return;
    default:
  }
}

function checkOid(octets: Uint8Array, start: number, end: number, bad: (what: string) => PkiError): void {
  if (start === end || (octets[end - 1] ?? 0x80) >= 0x80) throw bad('OBJECT IDENTIFIER cut short');
  for (let at = start; at < end; at++) {
    const begins = at === start || (octets[at - 1] ?? 0) < 0x80;
    if (begins && octets[at] === 0x80) throw bad('OBJECT IDENTIFIER not minimal');
  }
}
