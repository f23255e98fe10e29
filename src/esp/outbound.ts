/** What becomes of a packet that goes out on an SA. RFC 4303 §3.3. */
import type { Cipher, Random } from '../crypto/provider.ts';
import { type IpHeader, Protocol, transportPayload } from './ip.ts';
import { lastSequence, seal } from './packet.ts';
import { count, type OutboundSa } from './sa.ts';

export type OutboundRefusal =
  /** The sequence numbers are used up: the SA must not send again. */
  | 'sequence-overflow'
  /** Transport mode carries whole datagrams only. RFC 4303 §3.1.1. */
  | 'fragment';

/** The ESP packet that carries an IP packet. `random` is drawn from for CBC only. */
export function encapsulate(
  sa: OutboundSa,
  packet: Uint8Array,
  header: IpHeader,
  random: Random,
  now: number,
): Uint8Array | OutboundRefusal {
  if (sa.mode.kind === 'transport' && header.fragment !== 'whole') return 'fragment';
  if (sa.sequence >= lastSequence(sa.protection.suite.esn)) return 'sequence-overflow';
  sa.sequence += 1;
  const { nextHeader, payload } =
    sa.mode.kind === 'transport' ? transportPayload(packet, header) : tunnelPayload(packet, header);
  const iv = initializationVector(sa.protection.suite.cipher, sa.sequence, random);
  count(sa, payload.length, now);
  return seal(sa.protection, { spi: sa.spi, sequence: sa.sequence, iv, nextHeader, payload });
}

const tunnelPayload = (packet: Uint8Array, header: IpHeader) => ({
  nextHeader: header.version === 4 ? Protocol.IPV4 : Protocol.IPV6,
  payload: packet.subarray(0, header.length),
});

/** A counter must not repeat under a key: the sequence number does not. RFC 4106 §3.1, RFC 3686 §3.1. */
function initializationVector(cipher: Cipher, sequence: number, random: Random): Uint8Array {
  if (cipher.iv === 'random') return random(cipher.ivLength);
  const iv = new Uint8Array(cipher.ivLength);
  if (cipher.iv === 'counter') writeCounter(iv, sequence);
  return iv;
}

/** 64 bits at the end. */
function writeCounter(iv: Uint8Array, counter: number): void {
  for (let at = iv.length - 1, rest = counter; rest > 0; at--, rest = Math.floor(rest / 256))
    iv[at] = rest % 256;
}
