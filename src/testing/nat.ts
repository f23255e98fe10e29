/** A network address translator, in the words of RFC 4787. UDP only. */
import type { Endpoint, Millis } from '../ike/actions.ts';

/** RFC 4787 §4.1 for mappings, §5 for filters. */
export type NatBehaviour = 'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent';

export interface NatOptions {
  /** The address the rest of the network sees. */
  readonly outside: string;
  /** Addresses behind it. */
  readonly inside: readonly string[];
  /** When two datagrams of one inner endpoint leave with the same outer port. Endpoint-independent unless said. */
  readonly mapping?: NatBehaviour;
  /** Who may send to an outer port. Address- and port-dependent unless said. */
  readonly filtering?: NatBehaviour;
  /** §4.2.1: keep the inner port where it is free, or always assign another. `assign` unless said. */
  readonly ports?: 'preserve' | 'assign';
  /** Outer ports that always lead to an inner endpoint, whoever sends. */
  readonly forward?: Readonly<Record<number, Endpoint>>;
  /** A mapping without outbound traffic is forgotten after this; two minutes unless said (§4.3). */
  readonly timeout?: Millis;
}

interface Mapping {
  readonly key: string;
  readonly inner: Endpoint;
  readonly outerPort: number;
  readonly allowed: Set<string>;
  used: Millis;
}

const firstPort = 40_000;

export class Nat {
  readonly #options: NatOptions;
  #mappings: Mapping[] = [];
  #nextPort = firstPort;
  #outside: string;

  constructor(options: NatOptions) {
    this.#options = options;
    this.#outside = options.outside;
  }

  get outside(): string {
    return this.#outside;
  }

  /** The outer endpoints it maps to now. */
  get mappings(): readonly { readonly inner: Endpoint; readonly outer: Endpoint }[] {
    return this.#mappings.map(({ inner, outerPort }) => ({ inner, outer: this.#outer(outerPort) }));
  }

  isInside(address: string): boolean {
    return this.#options.inside.includes(address);
  }

  /** It forgets every mapping, as when it restarts; with `outside` it comes back with another address. */
  rebind(outside = this.#outside): void {
    this.#mappings = [];
    this.#nextPort += 1000;
    this.#outside = outside;
  }

  /** An inner endpoint sends to `destination`: the source the others see. */
  leave(inner: Endpoint, destination: Endpoint, now: Millis): Endpoint {
    const { forward = {}, mapping = 'endpoint-independent' } = this.#options;
    const forwarded = Object.entries(forward).find(([, to]) => sameEndpoint(to, inner));
    if (forwarded !== undefined) return this.#outer(Number(forwarded[0]));
    this.#expire(now);
    const key = `${inner.address} ${inner.port} ${peerKey(mapping, destination)}`;
    const known = this.#mappings.find((each) => each.key === key) ?? this.#map(key, inner, now);
    known.used = now;
    known.allowed.add(peerKey(this.#filtering, destination));
    return this.#outer(known.outerPort);
  }

  /** Somebody sends to its outer address: the inner endpoint, or undefined when it lets nothing in there. */
  enter(outerPort: number, source: Endpoint, now: Millis): Endpoint | undefined {
    const forwarded = this.#options.forward?.[outerPort];
    if (forwarded !== undefined) return forwarded;
    this.#expire(now);
    const allowed = (each: Mapping) => each.allowed.has(peerKey(this.#filtering, source));
    return this.#mappings.find((each) => each.outerPort === outerPort && allowed(each))?.inner;
  }

  get #filtering(): NatBehaviour {
    return this.#options.filtering ?? 'address-and-port-dependent';
  }

  #outer(port: number): Endpoint {
    return { address: this.#outside, port };
  }

  #map(key: string, inner: Endpoint, now: Millis): Mapping {
    const taken = (port: number) =>
      this.#mappings.some(({ outerPort }) => outerPort === port) ||
      this.#options.forward?.[port] !== undefined;
    const kept = this.#options.ports === 'preserve' && !taken(inner.port);
    const outerPort = kept ? inner.port : this.#nextPort++;
    const mapping: Mapping = { key, inner, outerPort, allowed: new Set(), used: now };
    this.#mappings.push(mapping);
    return mapping;
  }

  #expire(now: Millis): void {
    const timeout = this.#options.timeout ?? 120_000;
    this.#mappings = this.#mappings.filter(({ used }) => now - used < timeout);
  }
}

function peerKey(behaviour: NatBehaviour, { address, port }: Endpoint): string {
  if (behaviour === 'endpoint-independent') return '';
  return behaviour === 'address-dependent' ? address : `${address} ${port}`;
}

const sameEndpoint = (a: Endpoint, b: Endpoint): boolean => a.address === b.address && a.port === b.port;
