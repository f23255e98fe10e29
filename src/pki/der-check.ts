/** Whether octets are DER from end to end, before anything is read from them. X.690 §8, §10, §11. */
import { contentsAt, cutShort, endOf, Tag } from './der.ts';
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
    const tag = octets[at] ?? 0;
    const start = contentsAt(octets, at, limit);
    const end = endOf(octets, at, start);
    if (end > limit) throw cutShort(at);
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
  const wrong = valueFault(octets, tag, start, end);
  if (wrong !== undefined) throw new PkiError('der', `DER: ${wrong} at octet ${start}`);
}

function valueFault(octets: Uint8Array, tag: number, start: number, end: number): string | undefined {
  const length = end - start;
  const first = octets[start] ?? 0;
  switch (tag) {
    case Tag.BOOLEAN:
      return length === 1 && (first === 0 || first === 0xff) ? undefined : 'BOOLEAN neither 00 nor FF';
    case Tag.INTEGER:
    case Tag.ENUMERATED: {
      const second = octets[start + 1] ?? 0;
      const padded = length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
      return length === 0 || padded ? 'INTEGER not minimal' : undefined;
    }
    case Tag.NULL:
      return length === 0 ? undefined : 'NULL with contents';
    case Tag.BIT_STRING: {
      const unused = ((octets[end - 1] ?? 0) & ((1 << first) - 1)) === 0;
      const right = length === 1 ? first === 0 : length > 1 && first < 8 && unused;
      return right ? undefined : 'BIT STRING with wrong unused bits';
    }
    case Tag.OID:
      return isOid(octets, start, end) ? undefined : 'OBJECT IDENTIFIER cut short or not minimal';
    default:
      return undefined;
  }
}

function isOid(octets: Uint8Array, start: number, end: number): boolean {
  if (start === end || (octets[end - 1] ?? 0x80) >= 0x80) return false;
  for (let at = start; at < end; at++) {
    const begins = at === start || (octets[at - 1] ?? 0) < 0x80;
    if (begins && octets[at] === 0x80) return false;
  }
  return true;
}
