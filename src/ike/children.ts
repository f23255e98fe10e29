/** The children of an IKE SA, passed on whole to the SA that takes over from it. RFC 7296 §2.8. */
import { withNul } from '../policy/label.ts';
import { toHex } from '../wire/hex.ts';
import type { Millis, Path } from './actions.ts';
import { addSa, type ChildSa, childName, inboundId, moveChild, removeChild } from './child-sa.ts';
import type { Services } from './context.ts';
import type { IkeSa } from './ike-sa.ts';

/** How long the inbound SA of a rekeyed child takes packets still on their way. */
const lingerMillis = 5_000;

/** Deletes remembered of children we do not know yet. */
const mostEarly = 64;

export class Children {
  readonly #services: Services;
  readonly #byInboundSpi = new Map<number, ChildSa>();
  /** By what their traffic is of: a policy entry may have hundreds of children, each of a label. */
  readonly #groups = new Map<string, Set<ChildSa>>();
  #lingering: { readonly child: ChildSa; readonly until: Millis }[] = [];
  #owner: IkeSa;
  /** Hardly any SA has any. */
  #early: Set<number> | undefined;

  constructor(services: Services, owner: IkeSa) {
    this.#services = services;
    this.#owner = owner;
  }

  /** The IKE SA that speaks for them. */
  get owner(): IkeSa {
    return this.#owner;
  }

  get size(): number {
    return this.#byInboundSpi.size;
  }

  get(inboundSpi: number): ChildSa | undefined {
    return this.#byInboundSpi.get(inboundSpi);
  }

  has(inboundSpi: number): boolean {
    return this.#byInboundSpi.has(inboundSpi);
  }

  values(): IterableIterator<ChildSa> {
    return this.#byInboundSpi.values();
  }

  /** Children of an entry and a label, the oldest first. */
  of(spd: string, label: Uint8Array | undefined): readonly ChildSa[] {
    return [...(this.#groups.get(groupKey(spd, label)) ?? [])];
  }

  add(child: ChildSa): void {
    this.#byInboundSpi.set(child.inboundSpi, child);
    const key = groupKey(child.spd.name, child.label);
    this.#groups.set(key, (this.#groups.get(key) ?? new Set()).add(child));
  }

  /** Gives back what a step added that threw. */
  takeBack(child: ChildSa): void {
    this.#remove(child);
  }

  #remove(child: ChildSa): boolean {
    if (!this.#byInboundSpi.delete(child.inboundSpi)) return false;
    const key = groupKey(child.spd.name, child.label);
    const group = this.#groups.get(key);
    group?.delete(child);
    if (group?.size === 0) this.#groups.delete(key);
    return true;
  }

  /** Children that a rekey made of this one, or this one of them. */
  siblings({
    reqid,
    inboundSpi,
    spd,
    label,
  }: Pick<ChildSa, 'reqid' | 'inboundSpi' | 'spd' | 'label'>): ChildSa[] {
    // A connection may have given all its children one reqid.
    return this.of(spd.name, label).filter(
      (child) => child.reqid === reqid && child.inboundSpi !== inboundSpi,
    );
  }

  /** Takes a child out of the data plane and the tables; the inbound SA of a rekeyed one stays a little. */
  drop(child: ChildSa, reason: string): void {
    if (!this.#remove(child)) return;
    const siblings = this.siblings(child);
    for (const heir of siblings) if (heir.outboundHeld?.replaces === child) this.#moveOver(heir);
    for (const command of removeChild(child, siblings)) this.#services.act({ type: 'kernel', command });
    delete child.outboundHeld;
    for (const sibling of siblings) {
      if (sibling.heir !== child) continue;
      if (child.heir) sibling.heir = child.heir;
      else delete sibling.heir;
    }
    for (const sibling of siblings) if (sibling.peerRekey?.child === child) delete sibling.peerRekey;
    if (siblings.length === 0) {
      this.#services.releaseChildSpi(child.inboundSpi);
    } else {
      this.#lingering.push({ child, until: this.#services.now + lingerMillis });
      this.#setTimer();
    }
    this.#services.emit({ kind: 'childDeleted', sa: this.#owner.name, child: childName(child), reason });
  }

  /** The peer deletes what it made for our request, whose answer has not come yet. */
  deletedEarly(outboundSpi: number): void {
    this.#early ??= new Set();
    if (this.#early.size < mostEarly) this.#early.add(outboundSpi);
  }

  /** Whether it did; asked once, when the answer is there. */
  takeEarly(outboundSpi: number | undefined): boolean {
    const early = outboundSpi !== undefined && (this.#early?.has(outboundSpi) ?? false);
    this.#early = undefined;
    return early;
  }

  /** Where their connections say so (`dpdaction=hold`) their traffic will wait. */
  hold(): void {
    const names = [...this.values()].map(({ connection }) => connection);
    for (const name of new Set([this.#owner.connection ?? '', ...names])) {
      const entry = this.#services.pad.named(name);
      if (entry?.dpdAction === 'hold') this.#services.routes.route(entry, 'hold');
    }
  }

  /** The last owner dies. */
  dropAll(reason: string): void {
    // The newest first: nobody moves over to a child that goes too.
    for (const child of [...this.#byInboundSpi.values()].reverse()) this.drop(child, reason);
    for (const { child } of this.#lingering.splice(0)) this.#end(child);
    this.#services.routes.fall(this);
  }

  /** The `linger` timer. */
  lingerOver(): void {
    const { now } = this.#services;
    const over = this.#lingering.filter(({ until }) => until <= now);
    this.#lingering = this.#lingering.filter(({ until }) => until > now);
    for (const { child } of over) this.#end(child);
    this.#setTimer();
  }

  move(path: Path): void {
    for (const child of this.#byInboundSpi.values()) {
      for (const command of moveChild(child, path, this.siblings(child)))
        this.#services.act({ type: 'kernel', command });
    }
    this.#services.routes.move(this, path);
  }

  passTo(heir: IkeSa): void {
    this.#services.timers.clear(this.#owner, 'linger');
    this.#owner = heir;
    this.#setTimer();
  }

  /** The peer is there: from now on we send on the child it made. */
  #moveOver(child: ChildSa): void {
    if (child.outboundHeld === undefined) return;
    this.#services.act({ type: 'kernel', command: addSa(child, 'out', child.outboundHeld.keys) });
    delete child.outboundHeld;
  }

  #end(child: ChildSa): void {
    this.#services.act({ type: 'kernel', command: { kind: 'deleteSa', id: inboundId(child) } });
    this.#services.releaseChildSpi(child.inboundSpi);
  }

  #setTimer(): void {
    const first = this.#lingering[0];
    if (first) this.#services.timers.set(this.#owner, 'linger', first.until);
  }
}

const groupKey = (spd: string, label: Uint8Array | undefined): string =>
  label === undefined ? spd : `${spd} ${toHex(withNul(label))}`;
