/** GeneralName. RFC 5280 §4.2.1.6. */
import { type Element, elementOf, explicit, listOf, Tag } from './der.ts';
import { oid } from './der-values.ts';
import { PkiError } from './error.ts';
import { latin, nameKey } from './name.ts';

export type NameKind = 'other' | 'email' | 'dns' | 'x400' | 'dn' | 'edi' | 'uri' | 'ip' | 'id';

/** One name. Text of `email`, `dns` and `uri` is ASCII; `dn` is a raw Name, `ip` octets (with a mask in a constraint). */
export type GeneralName =
  | { readonly kind: 'email' | 'dns' | 'uri'; readonly text: string }
  | { readonly kind: 'dn'; readonly name: Uint8Array; readonly key: string }
  | { readonly kind: 'ip'; readonly octets: Uint8Array }
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'other' | 'x400' | 'edi'; readonly octets: Uint8Array };

/** Reads one; `where` says whether an address is followed by its mask. Throws PkiError. */
export function generalName(element: Element, where: 'name' | 'constraint' = 'name'): GeneralName {
  const { tag, body } = element;
  switch (tag) {
    case 0xa0:
      return { kind: 'other', octets: body };
    case 0x81:
      return { kind: 'email', text: ia5(body, 'rfc822Name') };
    case 0x82:
      return { kind: 'dns', text: ia5(body, 'dNSName') };
    case 0xa3:
      return { kind: 'x400', octets: body };
    case 0xa4: {
      const name = explicit(element, 'directoryName', Tag.SEQUENCE).raw;
      return { kind: 'dn', name, key: nameKey(name) };
    }
    case 0xa5:
      return { kind: 'edi', octets: body };
    case 0x86:
      return { kind: 'uri', text: ia5(body, 'uniformResourceIdentifier') };
    case 0x87: {
      const half = where === 'name' ? body.length : body.length / 2;
      if (half !== 4 && half !== 16) throw new PkiError('extension', `iPAddress of ${body.length} octets`);
      return { kind: 'ip', octets: body };
    }
    case 0x88:
      return { kind: 'id', id: oid(body) };
    default:
      throw new PkiError('extension', `GeneralName with tag ${tag.toString(16)}`);
  }
}

/** GeneralNames, from the element's contents: it may be implicitly tagged. Throws PkiError, also for an empty one. */
export const generalNames = (element: Element, what: string): GeneralName[] =>
  listOf(element, what, element.tag).map((name) => generalName(name));

/** GeneralNames of an extension's value. Throws PkiError. */
export const generalNamesOf = (value: Uint8Array, what: string): GeneralName[] =>
  listOf(elementOf(value), what, Tag.SEQUENCE).map((name) => generalName(name));

function ia5(body: Uint8Array, what: string): string {
  if (body.some((octet) => octet >= 0x80)) throw new PkiError('extension', `${what} is not ASCII`);
  return latin(body);
}

/** Whether two names are the same: as texts for the path's purposes, a DN by §7.1. */
export function sameGeneralName(a: GeneralName, b: GeneralName): boolean {
  if (a.kind === 'dn') return b.kind === 'dn' && a.key === b.key;
  if (a.kind === 'uri' || a.kind === 'dns' || a.kind === 'email')
    return b.kind === a.kind && a.text === b.text;
  return false;
}
