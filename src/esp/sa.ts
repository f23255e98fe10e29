/** One ESP SA of either direction, with what it counts. RFC 4301 §4.4.2.1. */
import type { Selector } from './ip.ts';
import type { Protection } from './packet.ts';
import { ReplayWindow } from './replay.ts';

/** An address in canonical text and a UDP port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Transport mode names the ends of its packets: their headers are made anew, and a NAT may change the outer ones. */
export type Mode =
  | { readonly kind: 'tunnel' }
  | { readonly kind: 'transport'; readonly local: Uint8Array; readonly remote: Uint8Array };

/** What does not change in an SA's life. */
export interface SaTerms {
  readonly spi: number;
  readonly mode: Mode;
  /** Groups the SAs and policies of one child. */
  readonly reqid: number;
  readonly protection: Protection;
  /** Ours and the peer's ends of the traffic. */
  readonly local: readonly Selector[];
  readonly remote: readonly Selector[];
  /** The security label of its packets, in hexadecimal digits. */
  readonly label?: string;
}

/** Where the SA's packets come from and go to; `destination` is part of its name. */
export interface SaPath {
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

export interface Counters {
  /** Of what was carried: inner packets in tunnel mode, upper layer in transport mode. */
  octets: number;
  packets: number;
  /** Monotonic milliseconds. */
  lastUse: number | undefined;
}

interface Sa extends SaTerms {
  path: SaPath;
  readonly counters: Counters;
}

export interface InboundSa extends Sa {
  readonly direction: 'in';
  readonly window: ReplayWindow;
}

export interface OutboundSa extends Sa {
  readonly direction: 'out';
  /** The last number sent. */
  sequence: number;
}

export type EspSa = InboundSa | OutboundSa;

/** `replayWindow` in packets; 0 checks nothing. */
export function inboundSa(terms: SaTerms, path: SaPath, replayWindow: number): InboundSa {
  const window = new ReplayWindow(replayWindow, terms.protection.suite.esn);
  return { ...terms, direction: 'in', path, window, counters: fresh() };
}

export function outboundSa(terms: SaTerms, path: SaPath): OutboundSa {
  return { ...terms, direction: 'out', path, sequence: 0, counters: fresh() };
}

/** Adds one packet carried. */
export function count(sa: EspSa, octets: number, now: number): void {
  sa.counters.octets += octets;
  sa.counters.packets += 1;
  sa.counters.lastUse = now;
}

const fresh = (): Counters => ({ octets: 0, packets: 0, lastUse: undefined });
