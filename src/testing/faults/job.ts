/** One datagram under the rules: what it says by now, and how often, when and where it arrives. */
import type { Random } from '../../crypto/provider.ts';
import type { Endpoint, Millis } from '../../ike/actions.ts';
import { codecOfType, type KnownPayload } from '../../wire/payloads/index.ts';
import { Reader } from '../../wire/reader.ts';
import type { Passage } from '../fate.ts';
import type { Flight } from '../flight.ts';
import type { KeyRing } from '../key-ring.ts';
import { type Draft, takeApart } from './draft.ts';
import { FaultError } from './fields.ts';
import type { Part } from './parts.ts';
import type { PeerCommand } from './script.ts';
import type { Arrived, Seen } from './seen.ts';

/** What the rules know beside the datagram. */
export interface World {
  readonly keys: KeyRing;
  readonly random: Random;
  readonly seen: Pick<Seen, 'earlier' | 'requestOf' | 'openings'>;
  command(command: PeerCommand, connection: string | undefined, after: Millis): void;
  log(line: string): void;
}

/** What the first exchange of each IKE SA was, by the initiator's SPI. */
export interface Openings {
  of(initiatorSpi: bigint): Opening | undefined;
}

export interface Opening {
  readonly request: Arrived;
  readonly response: Arrived;
}

/** One step of a rule on a datagram; false when there was nothing to do it to. */
export type Step = (job: Job) => boolean;

export class Job {
  readonly flight: Flight;
  readonly world: World;
  /** The rule at work, for errors. */
  where = '';
  /** No later rule looks at it. */
  isDone = false;
  /** Of the datagram itself; none when it is lost. */
  arrivals: Passage[] = [{}];
  /** Of others that come with it. */
  readonly others: Passage[] = [];
  #octets: Uint8Array | undefined;
  #draft: Draft | undefined;

  constructor(flight: Flight, world: World) {
    this.flight = flight;
    this.world = world;
  }

  fail(what: string): never {
    throw new FaultError(this.where, what);
  }

  /** The message, open. Throws FaultError when it cannot be opened. */
  get draft(): Draft {
    this.#draft ??= takeApart(this.#octets ?? this.flight.octets, this.world.keys);
    return this.#draft ?? this.fail('this datagram holds no IKE message that can be opened');
  }

  /** The payloads. Throws FaultError of a fragment too. */
  get parts(): Part[] {
    return this.draft.parts ?? this.fail('a fragment shows no payloads: configure fragmentation=no');
  }

  /** A payload's plain value. Throws FaultError of one that earlier steps have spoilt. */
  parsed({ type, body }: Part): KnownPayload {
    const codec = codecOfType(type);
    try {
      if (codec) return codec.parse(new Reader(body), 0);
    } catch (error) {
      this.fail(`payload ${type} cannot be read: ${error instanceof Error ? error.message : error}`);
    }
    return this.fail(`payload ${type} has no fields: use octets`);
  }

  /** All octets, sealed again if they were opened. */
  get octets(): Uint8Array {
    return this.#draft?.octets(this.world.random) ?? this.#octets ?? this.flight.octets;
  }

  set octets(octets: Uint8Array) {
    this.#octets = octets;
    this.#draft = undefined;
  }

  /** Every arrival, another way. */
  arrive(change: Passage): void {
    this.arrivals = this.arrivals.map((arrival) => ({
      ...arrival,
      ...change,
      ...(change.after !== undefined && { after: (arrival.after ?? 0) + change.after }),
    }));
  }

  /** Another datagram, beside this one. */
  send(
    octets: Uint8Array,
    after: Millis,
    ends: { source: Endpoint; destination: Endpoint } = this.flight,
  ): void {
    const { source, destination } = ends;
    this.others.push({ octets, after, source, destination });
  }

  get passages(): readonly Passage[] {
    const isChanged = this.#draft !== undefined || this.#octets !== undefined;
    const { octets } = this;
    const own = this.arrivals.map((arrival) => (isChanged ? { ...arrival, octets } : arrival));
    return [...own, ...this.others];
  }
}
