/** Address pools of a gateway: one lease a client, kept for who comes again while there is room. RFC 7296 §2.19. */
import type { AddressRange } from './range.ts';

/** Addresses to lease. No bigger in memory than the leases there are. */
export interface PoolPolicy extends AddressRange {
  /** Bits of the prefix a client gets; a single address unless said. `start` is a multiple of it. */
  readonly prefixLength?: number;
}

/** What a client holds until it is given back: an address, or a prefix from `start` to `end`. */
export interface Lease extends AddressRange {
  /** The client's own address in it. */
  readonly address: Uint8Array;
  readonly prefixLength: number;
  readonly pool: AddressPool;
  readonly slot: Slot;
}

/** Leases of those who are away, in one pool, before the oldest is forgotten. */
const mostKept = 65_536;

/** One place of a pool that was leased at least once. */
interface Slot {
  readonly number: number;
  /** IKE SAs that hold it: more than one only while one takes over from another. */
  holders: number;
  /** Whom it is kept for. */
  owner: string | undefined;
  queue: Queue | undefined;
  before: Slot | undefined;
  after: Slot | undefined;
}

/** First in, first out, but any member may leave. */
class Queue {
  #first: Slot | undefined;
  #last: Slot | undefined;
  #length = 0;

  get first(): Slot | undefined {
    return this.#first;
  }

  get length(): number {
    return this.#length;
  }

  add(slot: Slot): void {
    slot.queue = this;
    slot.before = this.#last;
    if (this.#last) this.#last.after = slot;
    else this.#first = slot;
    this.#last = slot;
    this.#length++;
  }

  remove(slot: Slot): void {
    const { before, after } = slot;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    slot.queue = slot.before = slot.after = undefined;
    this.#length--;
  }
}

/** One pool. Taking and giving back cost the same however big it is. */
class AddressPool {
  readonly #start: bigint;
  readonly #block: bigint;
  readonly #length: number;
  readonly #prefixLength: number;
  readonly #size: number;
  readonly #slots = new Map<number, Slot>();
  readonly #byOwner = new Map<string, Slot>();
  /** Given back and nobody's. */
  readonly #free = new Queue();
  /** Kept for owners who are away, the longest away first. */
  readonly #kept = new Queue();
  /** No slot from here on was leased, but for those a client wished for. */
  #fresh = 0;
  #held = 0;

  constructor({ start, end, prefixLength }: PoolPolicy) {
    const bits = start.length * 8;
    this.#length = start.length;
    this.#prefixLength = prefixLength ?? bits;
    this.#start = toBigInt(start);
    this.#block = 1n << BigInt(bits - this.#prefixLength);
    const size = (toBigInt(end) - this.#start + 1n) / this.#block;
    this.#size = size > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(size);
  }

  get held(): number {
    return this.#held;
  }

  /** The owner's own if there is one, what was wished for, a free one, a new one, or at last one kept for another. */
  take(owner: string | undefined, wished: Uint8Array | undefined): Lease | undefined {
    const own = owner === undefined ? undefined : this.#byOwner.get(owner);
    const slot = own ?? this.#wished(wished) ?? this.#free.first ?? this.#next() ?? this.#kept.first;
    if (slot === undefined) return undefined;
    slot.queue?.remove(slot);
    if (slot.holders++ === 0) this.#held++;
    if (slot !== own) {
      if (slot.owner !== undefined) this.#byOwner.delete(slot.owner);
      slot.owner = owner;
      if (owner !== undefined) this.#byOwner.set(owner, slot);
    }
    return this.#lease(slot);
  }

  giveBack(slot: Slot): void {
    if (--slot.holders > 0) return;
    this.#held--;
    if (slot.owner === undefined) return this.#release(slot);
    this.#kept.add(slot);
    const oldest = this.#kept.first;
    if (this.#kept.length <= mostKept || oldest?.owner === undefined) return;
    this.#kept.remove(oldest);
    this.#byOwner.delete(oldest.owner);
    oldest.owner = undefined;
    this.#release(oldest);
  }

  /** A slot beyond the fresh ones is found again without being remembered. */
  #release(slot: Slot): void {
    if (slot.number < this.#fresh) this.#free.add(slot);
    else this.#slots.delete(slot.number);
  }

  /** What a client asked for, if it is nobody else's. */
  #wished(address: Uint8Array | undefined): Slot | undefined {
    if (address?.length !== this.#length) return undefined;
    const offset = toBigInt(address) - this.#start;
    const number = Number(offset / this.#block);
    if (offset < 0n || number >= this.#size) return undefined;
    const slot = this.#slots.get(number);
    return slot === undefined ? this.#make(number) : slot.queue === this.#free ? slot : undefined;
  }

  #next(): Slot | undefined {
    while (this.#slots.has(this.#fresh)) this.#fresh++;
    return this.#fresh < this.#size ? this.#make(this.#fresh++) : undefined;
  }

  #make(number: number): Slot {
    const slot: Slot = {
      number,
      holders: 0,
      owner: undefined,
      queue: undefined,
      before: undefined,
      after: undefined,
    };
    this.#slots.set(number, slot);
    return slot;
  }

  #lease(slot: Slot): Lease {
    const first = this.#start + BigInt(slot.number) * this.#block;
    const octets = (value: bigint): Uint8Array => toOctets(value, this.#length);
    return {
      start: octets(first),
      end: octets(first + this.#block - 1n),
      // The first of an IPv6 prefix is its routers' anycast address (RFC 4291 §2.6.1).
      address: octets(this.#block === 1n ? first : first + 1n),
      prefixLength: this.#prefixLength,
      pool: this,
      slot,
    };
  }
}

/** Every pool of the policy, made when its first lease is taken. Pools of the same range are one. */
export class AddressPools {
  readonly #pools = new Map<string, AddressPool>();

  /** Leases that are held. */
  get held(): number {
    let held = 0;
    for (const pool of this.#pools.values()) held += pool.held;
    return held;
  }

  /**
   * A lease; undefined when none is left. `owner` gets the lease it had before, and shares it when it still holds it;
   * without an owner nothing is kept. `wished` is honoured when it is free.
   */
  take(
    policy: PoolPolicy,
    owner: string | undefined,
    wished: Uint8Array | undefined = undefined,
  ): Lease | undefined {
    const key = poolKey(policy);
    const pool = this.#pools.get(key) ?? new AddressPool(policy);
    this.#pools.set(key, pool);
    return pool.take(owner, wished);
  }

  /** Once for each lease taken. */
  giveBack({ pool, slot }: Lease): void {
    pool.giveBack(slot);
  }

  /** Forgets pools that no policy has any more; their leases may still come back. */
  keep(policies: Iterable<PoolPolicy>): void {
    const named = new Set([...policies].map(poolKey));
    for (const key of [...this.#pools.keys()]) if (!named.has(key)) this.#pools.delete(key);
  }
}

const poolKey = ({ start, end, prefixLength }: PoolPolicy): string => `${start}-${end}/${prefixLength ?? ''}`;

const toBigInt = (octets: Uint8Array): bigint => {
  let value = 0n;
  for (const octet of octets) value = (value << 8n) | BigInt(octet);
  return value;
};

function toOctets(value: bigint, length: number): Uint8Array {
  const octets = new Uint8Array(length);
  for (let at = length - 1, rest = value; at >= 0; at--, rest >>= 8n) octets[at] = Number(rest & 0xffn);
  return octets;
}
