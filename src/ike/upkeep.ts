/** What an established IKE SA does by itself: keepalives, liveness checks, rekeys before the end, second tries. RFC 7296 §2.3, §2.4, §2.8. */
import type { KernelNotice } from '../kernel/port.ts';
import type { IkeLifetime } from '../policy/policy.ts';
import type { Failure, Millis } from './actions.ts';
import { type ChildSa, inboundId } from './child-sa.ts';
import type { Services } from './context.ts';
import type { Want } from './exchange.ts';
import { checkLiveness, deleteChild, tellSelectors, wantIkeRekey, wantRekey } from './exchanges/index.ts';
import type { IkeSa } from './ike-sa.ts';
import { inCharge } from './succession.ts';
import type { TimerName } from './timers.ts';

/** When the rekey begins, and when it is too late. */
export interface Ends {
  soft: Millis;
  hard: Millis;
}

/** Between two beginnings of the same rekey, or two reports of packets that do not fit. */
const leastRetryMillis = 1_000;
/** No second try comes sooner, however little is left. */
const leastWaitMillis = 100;

const never = { hard: Number.POSITIVE_INFINITY };

const expired: Failure = { code: 'DELETED_BY_US', text: 'its lifetime is over' };

export class Upkeep {
  readonly #services: Services;
  readonly #sa: IkeSa;
  #lastInbound: Millis;
  #ends: Ends | undefined;
  #misfitTold: Millis = Number.NEGATIVE_INFINITY;
  #later: { readonly want: Want; readonly at: Millis }[] = [];

  constructor(services: Services, sa: IkeSa) {
    this.#services = services;
    this.#sa = sa;
    this.#lastInbound = services.now;
  }

  /** The SA is in charge from now on. */
  start(): void {
    const { entry, nat } = this.#sa;
    if (entry === undefined) return;
    if (nat.here && entry.natKeepalive > 0) this.#set('keepalive', entry.natKeepalive);
    if (entry.dpdDelay > 0) this.#set('liveness', entry.dpdDelay);
    this.#ends = this.#endsOf(entry.lifetime, entry.lifetime.ike);
    this.#watch(this.#ends);
    for (const child of this.#sa.children.values()) this.#watch(child.ends);
  }

  /** Of the IKE SA itself; undefined without a lifetime. */
  get ends(): Readonly<Ends> | undefined {
    return this.#ends;
  }

  /** A child of this SA begins its life. */
  begin(child: ChildSa): void {
    const entry = this.#services.pad.named(child.connection) ?? this.#sa.entry;
    if (entry === undefined) return;
    const ends = this.#endsOf(entry.lifetime, child.spd.lifetime.time);
    if (ends === undefined) return;
    child.ends = ends;
    this.#watch(ends);
  }

  /** The peer lives. */
  heard(): void {
    this.#lastInbound = this.#services.now;
  }

  /** The data plane says that a child's octets or packets are at their end, or near. */
  expire(child: ChildSa, { hard }: Extract<KernelNotice, { kind: 'expire' }>): void {
    const rekey = this.#sa.entry?.lifetime.rekey ?? true;
    if (hard) this.#sa.want(deleteChild(child));
    else if (rekey) this.#sa.want(wantRekey(child, this.#sa));
  }

  /** A packet did not fit the child it came on: the peer is told of it, now and then. RFC 7296 §3.10.1. */
  misfit(child: ChildSa, packet: Uint8Array): void {
    const { now } = this.#services;
    if (now - this.#misfitTold < leastRetryMillis) return;
    this.#misfitTold = now;
    this.#sa.want(tellSelectors(child, packet));
  }

  /** The peer rekeys nothing on this IKE SA (NO_ADDITIONAL_SAS): another takes its place before the end. RFC 7296 §2.8. */
  notRekeyed(): void {
    const sa = this.#sa;
    if (!inCharge(sa)) return;
    sa.progress('rekey', 'the peer rekeys nothing on this IKE SA: authenticating anew');
    this.#services.initiation.reauthenticate(sa);
  }

  /** Of a rekey the wait is cut: as much time as it takes is to be left before the `hard` end. */
  later(want: Want, after: Millis, { hard }: Pick<Ends, 'hard'> = never): void {
    const { now } = this.#services;
    this.#later = this.#later.filter((each) => !each.want.obsolete?.(this.#sa));
    this.#later.push({ want, at: now + Math.max(leastWaitMillis, Math.min(after, (hard - now) / 2)) });
    this.#setRetry();
  }

  takeLater(): Want[] {
    return this.#later.splice(0).map(({ want }) => want);
  }

  alarm(name: TimerName): void {
    if (name === 'keepalive') this.#keepalive();
    else if (name === 'liveness') this.#liveness();
    else if (name === 'rekey') this.#rekey();
    else if (name === 'retry') this.#retry();
  }

  #keepalive(): void {
    this.#services.transmit(this.#sa.path, Uint8Array.of(0xff));
    this.#set('keepalive', this.#sa.entry?.natKeepalive ?? 20_000);
  }

  /** Any protected packet of the peer's counts, of its children too. */
  #liveness(): void {
    const delay = this.#sa.entry?.dpdDelay ?? 0;
    const silence = this.#services.now - this.#lastInbound;
    this.#set('liveness', silence >= delay ? delay : delay - silence);
    if (silence < delay) return;
    const ids = [...this.#sa.children.values()].map(inboundId);
    if (ids.length === 0) return this.#sa.want(checkLiveness);
    this.#services.ask(this.#sa, { kind: 'lastUse', ids }, (answer) => {
      const heard = answer.ok ? (answer.lastUse ?? 0) : 0;
      this.#lastInbound = Math.max(this.#lastInbound, heard);
      if (this.#services.now - this.#lastInbound >= delay) this.#sa.want(checkLiveness);
    });
  }

  #rekey(): void {
    const { now } = this.#services;
    const sa = this.#sa;
    const lifetime = sa.entry?.lifetime;
    for (const child of [...sa.children.values()]) {
      const { ends } = child;
      if (ends === undefined) continue;
      if (now >= ends.hard) {
        ends.soft = ends.hard = Number.POSITIVE_INFINITY;
        sa.want(deleteChild(child));
      } else if (now >= ends.soft) {
        ends.soft = again(now, ends);
        if (!child.heir) this.#again(wantRekey(child, sa));
      }
      this.#watch(ends);
    }
    const ends = this.#ends;
    if (ends === undefined) return;
    if (now >= ends.hard) return sa.leave(expired);
    if (now >= ends.soft) {
      ends.soft = again(now, ends);
      if (lifetime?.reauth) this.#services.initiation.reauthenticate(sa);
      else this.#again(wantIkeRekey(sa));
    }
    this.#watch(ends);
  }

  /** Unless it waits for its second try. */
  #again(want: Want): void {
    if (!this.#later.some(({ want: { key } }) => key === want.key)) this.#sa.want(want);
  }

  #retry(): void {
    const { now } = this.#services;
    const due = this.#later.filter(({ at }) => at <= now);
    this.#later = this.#later.filter(({ at }) => at > now);
    this.#setRetry();
    for (const { want } of due) this.#sa.want(want);
  }

  #setRetry(): void {
    if (this.#later.length === 0) return;
    this.#services.timers.set(this.#sa, 'retry', Math.min(...this.#later.map(({ at }) => at)));
  }

  /** Lest both ends rekey at once the responder's margin is half of it, as pluto has it. */
  #endsOf({ margin, fuzz, rekey }: IkeLifetime, lifetime: Millis): Ends | undefined {
    if (lifetime === 0) return undefined;
    const { now, random } = this.#services;
    const [drawn = 0] = random(1);
    const widest = 1 + fuzz / 100;
    const most = Math.min(margin * widest, lifetime / 2);
    const drawnEarly = (most * (1 + (fuzz / 100) * (drawn / 255))) / widest;
    const early = this.#sa.role === 'initiator' ? drawnEarly : drawnEarly / 2;
    const soft = rekey ? now + lifetime - early : Number.POSITIVE_INFINITY;
    return { soft, hard: now + lifetime };
  }

  /** One timer for all: the earliest end. */
  #watch(ends: Ends | undefined): void {
    if (ends === undefined) return;
    const at = Math.min(ends.soft, ends.hard);
    if (at === Number.POSITIVE_INFINITY) return;
    const set = this.#services.timers.at(this.#sa, 'rekey');
    if (set === undefined || at < set) this.#services.timers.set(this.#sa, 'rekey', at);
  }

  #set(name: TimerName, after: Millis): void {
    this.#services.timers.set(this.#sa, name, this.#services.now + after);
  }
}

/** A rekey that came to nothing is tried again while there is time. */
const again = (now: Millis, { hard }: Ends): Millis => now + Math.max(leastRetryMillis, (hard - now) / 4);
