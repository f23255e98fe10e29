/** One IKE SA: its phase, our one outstanding request, the peer's next request. RFC 7296 §2. */
import { formatIdentity } from '../policy/identity.ts';
import type { PadEntry } from '../policy/policy.ts';
import type { Message } from '../wire/message.ts';
import type { Payload } from '../wire/payloads/index.ts';
import type { DropReason, Failure, Millis, Path, Role, SaName } from './actions.ts';
import { type ChildSa, childName, moveChild, removeChild } from './child-sa.ts';
import type { Services } from './context.ts';
import { Envelope } from './envelope.ts';
import { failureOf, isExpected } from './errors.ts';
import type { Outstanding, Want } from './exchange.ts';
import { checkLiveness, tellPeer } from './exchanges/index.ts';
import { destroyKeys } from './keys.ts';
import { OurRequest } from './our-request.ts';
import { PeerRequest } from './peer-request.ts';
import { type Established, isKeyed, type Phase } from './phase.ts';
import { describeIkeSuite } from './suite-text.ts';
import type { Alarms, TimerName } from './timers.ts';
import { Window } from './window.ts';

/** IKE_SA_INIT as it was on the wire: what AUTH signs, and what another response to it is tried with (§2.4). */
export interface Opening {
  request: Uint8Array;
  response: Uint8Array;
  outstanding?: Outstanding;
  /** The path the request took, before any response named a NAT. */
  path?: Path;
}

const nothing = new Uint8Array(0);

/** How long a dead SA still answers retransmissions of what it answered last. */
const tombstoneMillis = 30_000;

export class IkeSa {
  readonly role: Role;
  readonly localSpi: bigint;
  remoteSpi: bigint;
  path: Path;
  /** Known from the start by an initiator, after IKE_AUTH by a responder. */
  entry: PadEntry | undefined;
  phase: Phase = { name: 'init' };
  readonly children = new Map<number, ChildSa>();
  readonly alarms: Alarms = {};
  readonly nat = { here: false, peer: false };
  opening: Opening = { request: nothing, response: nothing };
  readonly #services: Services;
  readonly #ours: OurRequest;
  readonly #peers: PeerRequest;
  readonly #envelope: Envelope;
  #lastInbound: Millis;
  #ending: Failure | undefined;
  #leaving: Failure | undefined;

  constructor(
    services: Services,
    role: Role,
    spis: { local: bigint; remote: bigint },
    path: Path,
    entry?: PadEntry,
  ) {
    this.#services = services;
    this.role = role;
    this.localSpi = spis.local;
    this.remoteSpi = spis.remote;
    this.path = path;
    this.entry = entry;
    this.#lastInbound = services.now;
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

  get name(): SaName {
    return {
      spiI: spiText(this.spiI),
      spiR: spiText(this.spiR),
      role: this.role,
      connection: this.entry?.name,
    };
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

  /** Adds to what is wanted of this SA; equal keys merge. */
  want(want: Want): void {
    this.guard(() => this.#ours.want(want));
  }

  /** An answer to the peer is out: its own steps may have made room for ours. */
  answered(): void {
    if (this.#ending) this.die(this.#ending);
    else this.#ours.proceed();
  }

  /** A request of ours is answered, and all that came of it done: what was put off until then is due. */
  concluded(): void {
    if (this.#leaving && this.phase.name === 'established') this.leave(this.#leaving);
    else this.#ours.proceed();
  }

  /** A named timer has come. */
  alarm(name: TimerName): void {
    this.guard(() => {
      if (name === 'retransmit') this.#ours.retransmit();
      else if (name === 'fragment') this.#envelope.forgetFragments();
      else if (name === 'halfOpen') this.#halfOpenOver();
      else if (name === 'keepalive') this.#keepalive();
      else if (name === 'liveness') this.#liveness();
      else if (name === 'tombstone') this.#services.forget(this);
    });
  }

  /** A datagram whose protection holds came in, and its message was new. RFC 7296 §2.23. */
  heard(path: Path): void {
    this.#lastInbound = this.#services.now;
    const { name } = this.phase;
    const elsewhere = !samePath(path, this.path);
    if (name === 'authenticating' && this.role === 'responder') this.path = path;
    else if (name === 'established' && this.nat.peer && elsewhere) this.#move(path);
  }

  /** The peer has proven who it is: timers start, rivals and predecessors go. */
  establish(phase: Established, entry: PadEntry): void {
    this.#services.established(this);
    if (this.role === 'initiator') this.#forgetOpening();
    if (this.nat.here && entry.natKeepalive > 0) this.#setTimer('keepalive', entry.natKeepalive);
    if (entry.dpdDelay > 0) this.#setTimer('liveness', entry.dpdDelay);
    this.#services.emit({
      kind: 'ikeEstablished',
      sa: this.name,
      path: this.path,
      local: this.path.local.address,
      remote: this.path.remote.address,
      suite: describeIkeSuite(phase.suite),
      localId: formatIdentity(phase.localId),
      remoteId: formatIdentity(phase.remoteId),
    });
  }

  /** Tells the peer that it is over (a Delete, or the error given), then dies with its answer or without. */
  leave(why: Failure, notify?: Payload): void {
    const { phase } = this;
    if (!isKeyed(phase)) return this.die(why);
    if (phase.name === 'deleting') return;
    if (phase.name === 'authenticating' && notify === undefined) {
      // The peer may believe in the SA by now: it is deleted once we know, or the wait ends.
      if (this.role === 'responder') this.die(why);
      else this.#leaving = why;
      return;
    }
    for (const child of [...this.children.values()]) this.dropChild(child, why.text);
    this.phase = { ...phase, name: 'deleting', why };
    this.#ours.forgetWants();
    this.want(tellPeer(notify));
  }

  /** The peer ended it: it dies once the answer is out, and answers retransmissions from its tombstone. */
  endAfterAnswer(why: Failure): void {
    this.#ending = why;
  }

  /** An offered child came to nothing. */
  releaseOffer(inboundSpi: number): void {
    if (!this.children.has(inboundSpi)) this.#services.releaseChildSpi(inboundSpi);
  }

  /** Ends the SA here and now; the peer is not told. */
  die(why: Failure): void {
    const { phase } = this;
    if (phase.name === 'dead') return;
    this.#ours.stop();
    this.#peers.stop();
    this.#envelope.forgetFragments();
    for (const child of [...this.children.values()]) this.dropChild(child, why.text);
    if (isKeyed(phase)) {
      phase.protection.destroy();
      destroyKeys(phase.keys);
    }
    this.phase = { name: 'dead', why };
    this.#services.timers.clearAll(this);
    const wasUp = phase.name === 'established' || (phase.name === 'deleting' && 'localId' in phase);
    this.#services.dead(this, wasUp ? 'ikeDeleted' : 'ikeFailed', why);
    this.#forgetOpening();
    if (phase.name === 'init') this.#services.forget(this);
    else this.#setTimer('tombstone', tombstoneMillis);
  }

  /** Takes a child out of the data plane and the tables. */
  dropChild(child: ChildSa, reason: string): void {
    if (!this.children.delete(child.inboundSpi)) return;
    for (const command of removeChild(child)) this.#services.act({ type: 'kernel', command });
    this.#services.releaseChildSpi(child.inboundSpi);
    this.#services.emit({ kind: 'childDeleted', sa: this.name, child: childName(child), reason });
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
    if (this.phase.name === 'established' && this.nat.peer) this.#move({ ...this.path, remote });
  }

  #move(path: Path): void {
    this.path = path;
    for (const child of this.children.values()) {
      for (const command of moveChild(child, path)) this.#services.act({ type: 'kernel', command });
    }
    this.#services.emit({ kind: 'endpointChanged', sa: this.name, path });
  }

  #halfOpenOver(): void {
    if (this.phase.name === 'init' || this.phase.name === 'authenticating') {
      this.die({ code: 'TIMEOUT', text: 'the peer did not go on with IKE_AUTH' });
    } else {
      this.#forgetOpening();
    }
  }

  #forgetOpening(): void {
    if (this.#services.alone(this)) this.opening.outstanding?.abandon();
    this.#services.forgetOpening(this);
    this.opening = { request: nothing, response: nothing };
  }

  #keepalive(): void {
    this.#services.transmit(this.path, Uint8Array.of(0xff));
    this.#setTimer('keepalive', this.entry?.natKeepalive ?? 20_000);
  }

  #liveness(): void {
    const delay = this.entry?.dpdDelay ?? 0;
    const silence = this.#services.now - this.#lastInbound;
    if (silence >= delay) this.#ours.want(checkLiveness);
    this.#setTimer('liveness', silence >= delay ? delay : delay - silence);
  }

  #setTimer(name: TimerName, after: Millis): void {
    this.#services.timers.set(this, name, this.#services.now + after);
  }
}

export const spiText = (spi: bigint): string => spi.toString(16).padStart(16, '0');

const samePath = (a: Path, b: Path): boolean =>
  a.socket === b.socket &&
  a.local.address === b.local.address &&
  a.remote.address === b.remote.address &&
  a.remote.port === b.remote.port;
