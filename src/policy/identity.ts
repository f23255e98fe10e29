/** An IKE identity: the ID type and its octets. RFC 7296 §3.5. */
import { formatDn } from '../pki/dn-text.ts';
import { formatAddress, parseAddress } from '../wire/address.ts';
import { toHex } from '../wire/hex.ts';
import { IdType } from '../wire/numbers.ts';

export interface Identity {
  /** IdType; an unknown number stays a number. */
  readonly type: number;
  readonly data: Uint8Array;
}

/** The text is no identity; `at` is the offset in it. */
export class IdentityError extends Error {
  readonly code = 'IDENTITY';
  constructor(
    readonly text: string,
    readonly at: number,
    what: string,
  ) {
    super(what);
  }
}

const octetsOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/**
 * Reads an identity in pluto's spelling: an IPv4 or IPv6 address, `@fqdn`, `user@host`, `@#hex` and `@[text]`
 * (both KEY_ID), `@~hex` (a DER distinguished name), `%null`. `%any` and host names are the configuration's.
 * Throws IdentityError.
 */
export function parseIdentity(text: string): Identity {
  if (text === '') throw new IdentityError(text, 0, 'an identity is missing');
  if (text === '%null') return nobody;
  if (text.startsWith('@#')) return { type: IdType.KEY_ID, data: hexOf(text) };
  if (text.startsWith('@~')) return { type: IdType.DER_ASN1_DN, data: hexOf(text) };
  if (text.startsWith('@[')) {
    const name = text.endsWith(']') ? text.slice(2, -1) : text.slice(2);
    if (name === '') throw new IdentityError(text, 2, 'a key ID is missing');
    return { type: IdType.KEY_ID, data: octetsOf(name) };
  }
  if (text.includes('=')) {
    throw new IdentityError(text, 0, `distinguished name '${text}' is not supported yet`);
  }
  if (text.startsWith('@')) {
    if (text.length === 1) throw new IdentityError(text, 1, "a name is missing after '@'");
    return { type: IdType.FQDN, data: octetsOf(text.slice(1)) };
  }
  if (text.includes('@')) return { type: IdType.RFC822_ADDR, data: octetsOf(text) };
  const address = parseAddress(text);
  if (address !== undefined) return addressIdentity(address);
  throw new IdentityError(text, 0, `'${text}' is no address; a name is written '@${text}'`);
}

function hexOf(text: string): Uint8Array {
  const digits = text.slice(2).replace(/^0x/i, '');
  const wrong = digits.search(/[^0-9a-f]/i);
  const at = text.length - digits.length;
  if (wrong >= 0) {
    throw new IdentityError(text, at + wrong, `'${digits[wrong]}' is no hexadecimal digit`);
  }
  if (digits === '' || digits.length % 2 !== 0) {
    throw new IdentityError(text, text.length, 'hexadecimal digits come in pairs');
  }
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** The identity an address is (ID_IPV4_ADDR or ID_IPV6_ADDR), from its 4 or 16 octets. */
export const addressIdentity = (address: Uint8Array): Identity => ({
  type: address.length === 4 ? IdType.IPV4_ADDR : IdType.IPV6_ADDR,
  data: address,
});

/** ID_NULL. RFC 7619 §2.2. */
export const nobody: Identity = { type: IdType.NULL, data: new Uint8Array() };

/** The identity a Name (DER) is. */
export const identityOfDn = (name: Uint8Array): Identity => ({ type: IdType.DER_ASN1_DN, data: name });

/** The identity a bare name is, as EAP has them: `user@host` or a name. */
export const identityOfName = (name: string): Identity => ({
  type: name.includes('@') ? IdType.RFC822_ADDR : IdType.FQDN,
  data: octetsOf(name),
});

/** One printable ASCII line, in the spelling a configuration reads; any octet that could mislead is `\xx`. */
export function formatIdentity(identity: Identity): string {
  const { type, data } = identity;
  if (type === IdType.FQDN) return `@${printable(data)}`;
  if (type === IdType.RFC822_ADDR) return printable(data);
  if (type === IdType.KEY_ID) return `@#${toHex(data)}`;
  if (type === IdType.DER_ASN1_DN) return distinguished(data);
  if (type === IdType.NULL) return '%null';
  if (type === IdType.IPV4_ADDR && data.length === 4) return formatAddress(data);
  if (type === IdType.IPV6_ADDR && data.length === 16) return formatAddress(data);
  return `ID type ${type} 0x${toHex(data)}`;
}

/** As text, where the octets are a Name with something in it. */
function distinguished(name: Uint8Array): string {
  const text = formatDn(name);
  return text === '' || text.startsWith('0x') ? `@~${toHex(name)}` : text;
}

function printable(data: Uint8Array): string {
  let text = '';
  for (const octet of data)
    text +=
      octet > 0x20 && octet < 0x7f && octet !== 0x5c
        ? String.fromCharCode(octet)
        : `\\${octet.toString(16).padStart(2, '0')}`;
  return text;
}

/**
 * Whether two identities are the same: equal type and octets. FQDN and RFC822 names are compared as pluto does,
 * without regard to ASCII case and trailing dots.
 */
export function sameIdentity(a: Identity, b: Identity): boolean {
  if (a.type !== b.type) return false;
  const name = isName(a.type);
  const left = name ? folded(a.data) : a.data;
  const right = name ? folded(b.data) : b.data;
  return left.length === right.length && left.every((octet, at) => octet === right[at]);
}

const isName = (type: number): boolean => type === IdType.FQDN || type === IdType.RFC822_ADDR;

function folded(data: Uint8Array): Uint8Array {
  let length = data.length;
  while (length > 0 && data[length - 1] === 0x2e) length--;
  return data.subarray(0, length).map((octet) => (octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet));
}

/** The same text for identities that are the same, and for no others. */
export const identityKey = ({ type, data }: Identity): string =>
  `${type} ${toHex(isName(type) ? folded(data) : data)}`;

/** An identity as its payload had it. AUTH covers the reserved octets too. RFC 7296 §2.15. */
export type SentIdentity = Identity & { readonly reserved?: Uint8Array };

/** The identity of an IDi or IDr payload. */
export const identityFromPayload = ({
  idType,
  data,
  reserved,
}: {
  idType: number;
  data: Uint8Array;
  reserved?: Uint8Array;
}): SentIdentity => ({ type: idType, data, ...(reserved && { reserved }) });

/** The IDi or IDr payload of an identity. */
export const identityPayload = <Kind extends 'idi' | 'idr'>(kind: Kind, identity: Identity) => ({
  kind,
  idType: identity.type,
  data: identity.data,
});
