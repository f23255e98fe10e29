/** IP addresses between text and octets. */
import ipaddr from 'ipaddr.js';

/** 4 or 16 octets; undefined when `text` is no address. Neither short nor octal IPv4 forms nor zones are accepted. */
export function parseAddress(text: string): Uint8Array | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return Uint8Array.from(ipaddr.IPv4.parse(text).toByteArray());
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  return Uint8Array.from(ipaddr.IPv6.parse(text).toByteArray());
}

/** The canonical text of 4 or 16 octets, of IPv6 as RFC 5952 says. Throws RangeError on another length. */
export function formatAddress(octets: Uint8Array): string {
  if (octets.length !== 4 && octets.length !== 16)
    throw new RangeError(`an address of ${octets.length} octets`);
  if (octets.length === 4) return octets.join('.');
  return new ipaddr.IPv6(Array.from(octets)).toRFC5952String();
}
