/** All IKE SAs, found by what a datagram or a command knows of them. No look-up walks through them. */
import type { Random } from '../crypto/provider.ts';
import type { Path } from './actions.ts';
import type { Children } from './children.ts';
import type { IkeSa } from './ike-sa.ts';

export class SaTable {
  /** By our SPI. More than one only while several responses to one IKE_SA_INIT are tried. */
  readonly #bySpi = new Map<bigint, IkeSa[]>();
  /** Responders by where their IKE_SA_INIT came from, while retransmissions of it may come. */
  readonly #strangers = new Map<string, IkeSa>();
  readonly #strangerKeys = new Map<IkeSa, string>();
  readonly #byConnection = new Map<string, Set<IkeSa>>();
  readonly #byIdentities = new Map<string, Set<IkeSa>>();
  readonly #identities = new Map<IkeSa, string>();
  readonly #byChildSpi = new Map<number, Children>();
  readonly #halfOpen = new Set<IkeSa>();
  #live = 0;

  /** Responders that have not authenticated yet. */
  get halfOpen(): number {
    return this.#halfOpen.size;
  }

  get held(): { ikeSas: number; halfOpen: number; strangers: number; childSpis: number } {
    let ikeSas = 0;
    for (const tries of this.#bySpi.values()) ikeSas += tries.length;
    const [strangers, childSpis] = [this.#strangers.size, this.#byChildSpi.size];
    return { ikeSas, halfOpen: this.#halfOpen.size, strangers, childSpis };
  }

  get live(): number {
    return this.#live;
  }

  add(sa: IkeSa): void {
    push(this.#bySpi, sa.localSpi, sa);
    // What a rekey makes is authenticated from the start.
    if (sa.role === 'responder' && sa.phase.name === 'init') this.#halfOpen.add(sa);
    this.#join(sa);
    this.#live++;
  }

  *all(): Generator<IkeSa> {
    for (const tries of this.#bySpi.values()) yield* tries;
  }

  bySpi(spi: bigint): readonly IkeSa[] | undefined {
    return this.#bySpi.get(spi);
  }

  /** A non-zero SPI that is not in use. */
  freshSpi(random: Random): bigint {
    for (;;) {
      const octets = random(8);
      const spi = new DataView(octets.buffer, octets.byteOffset).getBigUint64(0);
      if (spi !== 0n && !this.#bySpi.has(spi)) return spi;
    }
  }

  ofConnection(name: string): readonly IkeSa[] {
    return [...(this.#byConnection.get(name) ?? [])];
  }

  sameIdentities(sa: IkeSa): readonly IkeSa[] {
    return [...(this.#byIdentities.get(this.#identities.get(sa) ?? '') ?? [])];
  }

  established(sa: IkeSa, identities: string): void {
    this.#halfOpen.delete(sa);
    this.#join(sa);
    this.#identities.set(sa, identities);
    add(this.#byIdentities, identities, sa);
  }

  stranger(path: Path, spiI: bigint): IkeSa | undefined {
    return this.#strangers.get(strangerKey(path, spiI));
  }

  addStranger(sa: IkeSa, path: Path): void {
    const key = strangerKey(path, sa.remoteSpi);
    this.#strangers.set(key, sa);
    this.#strangerKeys.set(sa, key);
  }

  forgetStranger(sa: IkeSa): void {
    const key = this.#strangerKeys.get(sa);
    if (key === undefined) return;
    this.#strangerKeys.delete(sa);
    if (this.#strangers.get(key) === sa) this.#strangers.delete(key);
  }

  /** False when the SPI is taken. */
  claimChild(spi: number, children: Children): boolean {
    if (this.#byChildSpi.has(spi)) return false;
    this.#byChildSpi.set(spi, children);
    return true;
  }

  releaseChild(spi: number): void {
    this.#byChildSpi.delete(spi);
  }

  ownerOfChild(spi: number): Children | undefined {
    return this.#byChildSpi.get(spi);
  }

  /** Dead, but still there to answer retransmissions. An unauthenticated one still counts as half-open. */
  died(sa: IkeSa): void {
    this.#live--;
    remove(this.#byConnection, sa.connection ?? '', sa);
    remove(this.#byIdentities, this.#identities.get(sa) ?? '', sa);
    this.#identities.delete(sa);
  }

  /** Out of every table. */
  remove(sa: IkeSa): void {
    const tries = this.#bySpi.get(sa.localSpi);
    const rest = tries?.filter((other) => other !== sa) ?? [];
    if (tries === undefined || rest.length === tries.length) return;
    if (rest.length === 0) this.#bySpi.delete(sa.localSpi);
    else this.#bySpi.set(sa.localSpi, rest);
    this.#halfOpen.delete(sa);
    this.forgetStranger(sa);
    if (sa.phase.name !== 'dead') this.died(sa);
  }

  #join(sa: IkeSa): void {
    if (sa.connection !== undefined) add(this.#byConnection, sa.connection, sa);
  }
}

const strangerKey = ({ remote, local }: Path, spiI: bigint): string =>
  `${remote.address} ${remote.port} ${local.address} ${spiI}`;

function push<K, V>(index: Map<K, V[]>, key: K, value: V): void {
  const list = index.get(key);
  if (list === undefined) index.set(key, [value]);
  else list.push(value);
}

function add<K, V>(index: Map<K, Set<V>>, key: K, value: V): void {
  const set = index.get(key);
  if (set === undefined) index.set(key, new Set([value]));
  else set.add(value);
}

function remove<K, V>(index: Map<K, Set<V>>, key: K, value: V): void {
  const set = index.get(key);
  if (set === undefined) return;
  set.delete(value);
  if (set.size === 0) index.delete(key);
}
