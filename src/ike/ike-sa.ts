/** One IKE SA: its phase, our one outstanding request, the peer's next request. RFC 7296 §2. */
import { formatIdentity } from '../policy/identity.ts';
import type { PadEntry } from '../policy/policy.ts';
import type { Message } from '../wire/message.ts';
import type { Payload } from '../wire/payloads/index.ts';
import type { DropReason, Failure, Millis, Path, Role, SaName } from './actions.ts';
import type { ChildSa } from './child-sa.ts';
import { Children } from './children.ts';
import type { Services } from './context.ts';
import { Envelope } from './envelope.ts';
import { failureOf, isExpected } from './errors.ts';
import type { About, Want } from './exchange.ts';
import { tellPeer } from './exchanges/index.ts';
import { samePath } from './extensions/nat-detection.ts';
import type { FirstChild } from './initiation.ts';
import { noAddresses } from './internal-addresses.ts';
import { destroyKeys } from './keys.ts';
import { noOpening, type Opening, provenOpening } from './opening.ts';
import { OurRequest } from './our-request.ts';
import { PeerRequest } from './peer-request.ts';
import { type Established, isKeyed, type Phase } from './phase.ts';
import { Succession } from './succession.ts';
import { describeIkeSuite } from './suite-text.ts';
import type { Alarms, TimerName } from './timers.ts';
import { Upkeep } from './upkeep.ts';
import { Window } from './window.ts';

/** How long a dead SA still answers retransmissions of what it answered last. */
const tombstoneMillis = 30_000;

/** How long a replaced SA waits for its Delete. */
const replacedMillis = 60_000;

export class IkeSa {
  readonly role: Role;
  readonly localSpi: bigint;
  remoteSpi: bigint;
  path: Path;
  /** Known from the start by an initiator, after IKE_AUTH by a responder. */
  entry: PadEntry | undefined;
  phase: Phase = { name: 'init' };
  readonly children: Children;
  readonly alarms: Alarms = {};
  readonly nat = { here: false, peer: false };
  /** When the peer proved who it is; until then the beginning. */
  establishedAt: Millis;
  /** The SA that goes when this one is authenticated. */
  replaces: IkeSa | undefined;
  /** What we began it for, unless for all children of the connection. */
  first: FirstChild | undefined;
  opening: Opening = noOpening();
  internal = noAddresses();
  /** Made by a rekey. */
  readonly isHeir: boolean;
  readonly succession: Succession;
  readonly upkeep: Upkeep;
  readonly #services: Services;
  readonly #ours: OurRequest;
  readonly #peers: PeerRequest;
  readonly #envelope: Envelope;
  #name: { readonly text: SaName; readonly remoteSpi: bigint } | undefined;
  #ending: { readonly why: Failure; readonly whole: boolean } | undefined;
  /** What is to be done when this SA is gone. */
  #then: (() => void) | undefined;
  #leaving: Failure | undefined;
  #surplus: Failure | undefined;

  constructor(
    services: Services,
    role: Role,
    spis: { local: bigint; remote: bigint },
    path: Path,
    entry?: PadEntry,
    inherited?: Children,
  ) {
    this.#services = services;
    this.role = role;
    this.localSpi = spis.local;
    this.remoteSpi = spis.remote;
    this.path = path;
    this.entry = entry;
    this.isHeir = inherited !== undefined;
    this.children = inherited ?? new Children(services, this);
    this.succession = new Succession(services, this);
    this.upkeep = new Upkeep(services, this);
    this.establishedAt = services.now;
    const window = new Window();
    this.#envelope = new Envelope(services, this);
    this.#ours = new OurRequest(services, this, this.#envelope, window);
    this.#peers = new PeerRequest(services, this, this.#envelope, window);
  }

  get spiI(): bigint {
    return this.role === 'initiator' ? this.localSpi : this.remoteSpi;
  }

  get spiR(): bigint {
    return this.role === 'initiator' ? this.remoteSpi : this.localSpi;
  }

  /** The same value until what it says changes. */
  get name(): SaName {
    const { remoteSpi, connection } = this;
    const known = this.#name;
    if (known?.remoteSpi === remoteSpi && known.text.connection === connection) return known.text;
    const text = { spiI: spiText(this.spiI), spiR: spiText(this.spiR), role: this.role, connection };
    this.#name = { text, remoteSpi };
    return text;
  }

  /** What the exchange of ours under way changes. */
  get doing(): About {
    return this.#ours.doing;
  }

  get connection(): string | undefined {
    return this.entry?.name;
  }

  /** Whether the answer to a request of the peer's waits for the world. */
  get answering(): boolean {
    return this.#peers.waiting;
  }

  /** A datagram for this SA, marker stripped and parsed. */
  receive(message: Message, octets: Uint8Array, path: Path): void {
    this.guard(() => {
      try {
        if (message.header.response) this.#ours.receive(message, octets, path);
        else this.#peers.receive(message, octets, path);
      } catch (error) {
        if (!isExpected(error)) throw error;
        this.drop('malformed', path, error.message);
      }
    });
  }

  /** Adds to what is wanted of this SA, or of the one that took over; equal keys merge. */
  want(want: Want): void {
    if (this.phase.name === 'replaced') return this.children.owner.want(want);
    if (this.phase.name === 'deleting' && want.key !== 'delete') return;
    this.guard(() => this.#ours.want(want));
  }

  /** Why it is to be deleted, once what is under way is concluded. */
  get leaving(): Failure | undefined {
    return this.#leaving;
  }

  /** What waits its turn, now or later, goes to the heir. */
  takeWants(): Want[] {
    return [...this.#ours.takeWants(), ...this.upkeep.takeLater()];
  }

  /** Takes over the children and the wants of the SA that a rekey replaces. */
  takeOver(wants: readonly Want[]): void {
    this.#services.established(this);
    this.upkeep.start();
    for (const want of wants) this.want(want);
  }

  /** An heir is in charge: the peer's Delete is awaited, but not for ever. */
  replaced(): void {
    if (this.phase.name !== 'established') return;
    this.phase = { ...this.phase, name: 'replaced' };
    this.#services.timers.clearAll(this);
    this.#setTimer('halfOpen', replacedMillis);
  }

  /** The SA that a rekey makes of this one, not yet in charge. */
  heirOf(role: Role, spis: { local: bigint; remote: bigint }, phase: Established): IkeSa {
    const heir = new IkeSa(this.#services, role, spis, this.path, this.entry, this.children);
    heir.phase = phase;
    Object.assign(heir.nat, this.nat);
    heir.internal = this.internal;
    heir.establishedAt = this.establishedAt;
    return heir;
  }

  /** An answer to the peer is out: its own steps may have made room for ours. */
  answered(): void {
    if (this.#ending === undefined) return this.#ours.proceed();
    this.die(this.#ending.why);
    if (this.#ending.whole) this.children.owner.die(this.#ending.why);
  }

  /** A request of ours is answered, and all that came of it done: what was put off until then is due. */
  concluded(): void {
    if (this.#leaving && this.phase.name === 'established') this.leave(this.#leaving);
    else this.#ours.proceed();
  }

  /** A named timer has come. */
  alarm(name: TimerName): void {
    this.guard(() => {
      if (name === 'ask') this.#services.expireAsks(this);
      else if (name === 'retransmit') this.#ours.retransmit();
      else if (name === 'fragment') this.#envelope.forgetFragments();
      else if (name === 'halfOpen') this.#halfOpenOver();
      else if (name === 'linger') this.children.lingerOver();
      else if (name === 'tombstone') this.#services.forget(this);
      else this.upkeep.alarm(name);
    });
  }

  /** A datagram whose protection holds came in, and its message was new. RFC 7296 §2.23. */
  heard(path: Path): void {
    this.upkeep.heard();
    const { name } = this.phase;
    const elsewhere = !samePath(path, this.path);
    if (name === 'authenticating' && this.role === 'responder') this.path = path;
    else if (name === 'established' && this.nat.peer && elsewhere) this.#move(path);
  }

  /** The peer has proven who it is: timers start, rivals and predecessors go. */
  establish(phase: Established): void {
    this.establishedAt = this.#services.now;
    this.#services.established(this);
    if (this.role === 'initiator') this.#forgetOpening();
    // Whoever has proven itself got the response: what comes again of the request is late.
    else this.opening = provenOpening(this.opening, this.#services.crypto);
    this.upkeep.start();
    this.#services.emit({
      kind: 'ikeEstablished',
      sa: this.name,
      path: this.path,
      local: this.path.local.address,
      remote: this.path.remote.address,
      suite: describeIkeSuite(phase.suite),
      localId: formatIdentity(phase.localId),
      remoteId: formatIdentity(phase.remoteId),
      proofs: phase.proofs,
    });
  }

  /** Leaves when what is under way is concluded: a step that is being committed has more to do. */
  leaveSoon(why: Failure): void {
    this.#leaving ??= why;
    if (!this.#ours.busy) this.leave(why);
  }

  /** Leaves later, if another SA with the same identities is there still. */
  leaveUnlessAlone(why: Failure, after: Millis): void {
    this.#surplus = why;
    this.#setTimer('halfOpen', after);
  }

  /** Tells the peer that it is over (a Delete, unless told otherwise), then dies with its answer or without. */
  leave(why: Failure, tell?: readonly Payload[], then?: () => void): void {
    this.#then ??= then;
    const { phase } = this;
    if (!isKeyed(phase)) return this.die(why);
    if (phase.name === 'deleting') return;
    if (phase.name === 'authenticating' && tell === undefined) {
      // The peer may believe in the SA by now: it is deleted once we know, or the wait ends.
      if (this.role === 'responder') this.die(why);
      else this.#leaving = why;
      return;
    }
    if (this.children.owner === this) this.children.dropAll(why.text);
    if (phase.name === 'established' && this.doing.what === 'rekey-ike' && tell === undefined) {
      // The peer may have an heir by now, who goes too: both are deleted once we know.
      this.#leaving = why;
      return;
    }
    this.phase = { ...phase, name: 'deleting', why };
    this.#ours.forgetWants();
    if (this.children.owner === this) this.#services.flows.lost(this, why, phase.name === 'established');
    this.#leaving ??= why;
    this.want(tellPeer(tell));
  }

  /** Leaves for good: what was to follow on its end does not. */
  quit(why: Failure): void {
    this.#then = undefined;
    if (this.phase.name === 'deleting') this.phase = { ...this.phase, why };
    this.leave(why);
  }

  /** The peer ended it (`whole`: its heir, too): it dies once the answer is out, and answers from its tombstone. */
  endAfterAnswer(why: Failure, whole = false): void {
    this.#ending = { why, whole };
  }

  /** An offered child came to nothing. */
  releaseOffer(inboundSpi: number): void {
    if (!this.children.has(inboundSpi)) this.#services.releaseChildSpi(inboundSpi);
  }

  /** Ends the SA here and now; the peer is not told. */
  die(why: Failure): void {
    const { phase } = this;
    if (phase.name === 'dead') return;
    // First of all: what is wanted still goes to the heir.
    this.succession.fallBack();
    this.#ours.stop();
    this.#peers.stop();
    this.#envelope.forgetFragments();
    if (this.children.owner === this) {
      // Of a peer found dead: its traffic waits rather than goes in clear.
      if (phase.name === 'established' && why.code === 'TIMEOUT') this.children.hold();
      this.children.dropAll(why.text);
      for (const lease of this.internal.leases.splice(0)) this.#services.pools.giveBack(lease);
    }
    if (isKeyed(phase)) {
      phase.protection.destroy();
      destroyKeys(phase.keys);
      if (phase.name === 'authenticating') phase.conversation?.success?.msk?.destroy();
    }
    this.phase = { name: 'dead', why };
    this.#services.timers.clearAll(this);
    const wasUp = phase.name === 'established' || (phase.name === 'deleting' && 'localId' in phase);
    // Of an SA that another is in charge for nobody need hear.
    const told = this.children.owner === this ? (wasUp ? 'ikeDeleted' : 'ikeFailed') : undefined;
    this.#services.dead(this, told, why);
    this.succession.end(why);
    this.#forgetOpening();
    if (phase.name === 'init') this.#services.forget(this);
    else this.#setTimer('tombstone', tombstoneMillis);
    this.#then?.();
  }

  dropChild(child: ChildSa, reason: string): void {
    this.children.drop(child, reason);
  }

  /** Another try with the same IKE_SA_INIT request, for a response from another responder. RFC 7296 §2.4. */
  rival(): IkeSa | undefined {
    const { outstanding } = this.opening;
    if (outstanding === undefined || this.phase.name !== 'authenticating') return undefined;
    const rival = new IkeSa(
      this.#services,
      'initiator',
      { local: this.localSpi, remote: 0n },
      this.opening.path ?? this.path,
      this.entry,
    );
    rival.opening = { ...this.opening };
    rival.first = this.first;
    rival.#ours.adopt(outstanding);
    return rival;
  }

  drop(reason: DropReason, path: Path, detail: string): void {
    this.#services.drop(reason, path, detail);
  }

  progress(story: string, detail: string): void {
    this.#services.emit({ kind: 'progress', sa: this.name, story, detail });
  }

  /** Whatever else is thrown is a bug of ours: this SA drops, the engine lives. */
  guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
      this.#services.emit({ kind: 'bug', message, stack });
      this.die({ ...failureOf(error), code: 'BUG' });
    }
  }

  /** Protected traffic of the peer's came from another address. §2.23. */
  mapped(remote: Path['remote']): void {
    const path = { ...this.path, remote };
    if (this.phase.name === 'established' && this.nat.peer && !samePath(path, this.path)) this.#move(path);
  }

  #move(path: Path): void {
    this.path = path;
    if (this.children.owner === this) this.children.move(path);
    this.#services.emit({ kind: 'endpointChanged', sa: this.name, path });
  }

  #halfOpenOver(): void {
    if (this.phase.name === 'init' || this.phase.name === 'authenticating') {
      this.die({ code: 'TIMEOUT', text: 'the peer did not go on with IKE_AUTH' });
    } else if (this.phase.name === 'replaced') {
      this.die({ code: 'REPLACED', text: 'rekeyed; the peer sent no Delete' });
    } else {
      this.#forgetOpening();
      const others = this.#services.sameIdentities(this).filter((other) => other !== this);
      if (this.#surplus && others.some(({ phase }) => phase.name === 'established'))
        this.leave(this.#surplus);
    }
  }

  #forgetOpening(): void {
    if (this.#services.alone(this)) this.opening.outstanding?.abandon();
    this.#services.forgetOpening(this);
    this.opening = noOpening();
  }

  #setTimer(name: TimerName, after: Millis): void {
    this.#services.timers.set(this, name, this.#services.now + after);
  }
}

export const spiText = (spi: bigint): string => spi.toString(16).padStart(16, '0');
