/** UDP encapsulation: IKE and ESP on one socket. RFC 3948 §2. */

/** Four zero octets where ESP has its SPI. */
export const nonEspMarker = new Uint8Array(4);

/** The IKE message in a datagram of the nat socket; undefined when it is ESP, a keepalive, or too short for either. */
export function stripMarker(octets: Uint8Array): Uint8Array | undefined {
  const marked =
    octets.length > nonEspMarker.length &&
    (octets[0] as number) + (octets[1] as number) + (octets[2] as number) + (octets[3] as number) === 0;
  return marked ? octets.subarray(nonEspMarker.length) : undefined;
}

/** A message as the nat socket sends it. */
export function addMarker(octets: Uint8Array): Uint8Array {
  const marked = new Uint8Array(nonEspMarker.length + octets.length);
  marked.set(octets, nonEspMarker.length);
  return marked;
}

/** One octet of 0xff, which only keeps a NAT's mapping alive. RFC 3948 §2.3. */
export const isKeepalive = (octets: Uint8Array): boolean => octets.length === 1 && octets[0] === 0xff;
