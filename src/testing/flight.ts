/** A datagram on its way, and what can be read of it. */
import type { Endpoint, Millis } from '../ike/actions.ts';
import type { Header } from '../wire/header.ts';
import { headerLength, parseHeader } from '../wire/header.ts';
import type { Payload } from '../wire/payloads/index.ts';
import { stripMarker } from '../wire/udp-encap.ts';
import type { Passage } from './fate.ts';
import type { KeyRing } from './key-ring.ts';

export class Flight {
  /** Counts from 1, in the order sent. */
  readonly number: number;
  /** When it was sent. */
  readonly at: Millis;
  /** As the sender wrote them: what NATs make of them comes later. */
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** All of the UDP payload, with the non-ESP marker if there is one. */
  readonly octets: Uint8Array;
  /** How it arrives, once its fate is known. */
  passages: readonly Passage[] = [{}];
  readonly #keys: KeyRing;

  constructor(
    number: number,
    at: Millis,
    source: Endpoint,
    destination: Endpoint,
    octets: Uint8Array,
    keys: KeyRing,
  ) {
    this.number = number;
    this.at = at;
    this.source = source;
    this.destination = destination;
    this.octets = octets;
    this.#keys = keys;
  }

  /** Other octets in its place. */
  with(
    octets: Uint8Array,
    ends: { readonly source: Endpoint; readonly destination: Endpoint } = this,
  ): Flight {
    return new Flight(this.number, this.at, ends.source, ends.destination, octets, this.#keys);
  }

  /** The IKE header; undefined of ESP, keepalives and nonsense. */
  get header(): Header | undefined {
    return headerOf(this.octets);
  }

  /** The payloads, decrypted where the network knows the keys; undefined of what is no whole IKE message. */
  get payloads(): readonly Payload[] | undefined {
    return this.#keys.open(this.octets)?.payloads;
  }

  /** Number and total of an encrypted fragment (RFC 7383). */
  get fragment(): { readonly number: number; readonly total: number } | undefined {
    return this.#keys.fragment(this.octets);
  }
}

/** The message without the non-ESP marker, if it has one: an SPI may begin with four zero octets too. */
export function messageOf(octets: Uint8Array): Uint8Array {
  const stripped = stripMarker(octets);
  if (stripped === undefined) return octets;
  return hasLength(octets) && !hasLength(stripped) ? octets : stripped;
}

/** The header's Length is that of these octets. */
function hasLength(octets: Uint8Array): boolean {
  if (octets.length < headerLength) return false;
  return new DataView(octets.buffer, octets.byteOffset).getUint32(headerLength - 4) === octets.length;
}

function headerOf(octets: Uint8Array): Header | undefined {
  try {
    return parseHeader(messageOf(octets));
  } catch {
    return undefined;
  }
}
