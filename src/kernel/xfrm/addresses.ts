/** Addresses between text, octets and xfrm_address_t. */
import { formatAddress, parseAddress } from '../../wire/address.ts';
import { AddressFamily } from './numbers.ts';
import { address } from './structs.ts';

/** An address with its family, as structs hold them. */
export interface FamilyAddress {
  readonly family: number;
  readonly octets: Uint8Array;
}

/** 4 or 16 octets as xfrm_address_t. */
export function xfrmAddress(octets: Uint8Array): FamilyAddress {
  const padded = address.zero();
  padded.set(octets);
  return { family: octets.length === 4 ? AddressFamily.INET : AddressFamily.INET6, octets: padded };
}

/** Undefined when the text is no address. */
export function xfrmAddressOf(text: string): FamilyAddress | undefined {
  const octets = parseAddress(text);
  return octets && xfrmAddress(octets);
}

/** The 4 or 16 octets of an xfrm_address_t; undefined of another family. */
export function addressOctets(octets: Uint8Array, family: number): Uint8Array | undefined {
  if (family === AddressFamily.INET) return octets.slice(0, 4);
  return family === AddressFamily.INET6 ? octets.slice() : undefined;
}

/** Canonical text; undefined of another family. */
export function addressText(octets: Uint8Array, family: number): string | undefined {
  const found = addressOctets(octets, family);
  return found && formatAddress(found);
}
