/** Octets that are no secret. */

/** Same length, same octets; of secrets `Crypto.equal` tells, in constant time. */
export const sameOctets = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((octet, at) => octet === b[at]);
