/** What a load is made of: plain values, so that workers can have their share of it. */
import type { Endpoint, Millis } from '../ike/actions.ts';

/** When no more attempts are begun. */
export type Limit =
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'duration'; readonly milliseconds: Millis };

/**
 * `closed`: so many attempts under way at any time, the next begins when one is over. `open`: so many begin each second,
 * whatever becomes of those before; what a stalled responder owes is then seen.
 */
export type Pace =
  | { readonly kind: 'closed'; readonly concurrency: number }
  | { readonly kind: 'open'; readonly rate: number };

/**
 * `handshake`: IKE_SA_INIT, IKE_AUTH and the children. `half-open`: IKE_SA_INIT alone, until it is answered with a key
 * exchange. `cookie`: the same, until it is answered with a COOKIE.
 */
export const modes = ['handshake', 'half-open', 'cookie'] as const;
export type Mode = (typeof modes)[number];

export type Credentials =
  | { readonly kind: 'psk'; readonly secret: Uint8Array }
  /** PEM: our certificate, those above it and its private key; and the authorities we trust. */
  | {
      readonly kind: 'certificate';
      readonly pem: readonly string[];
      readonly authorities: readonly string[];
    };

/** What is rekeyed once when the handshake is through. */
export type Rekey = 'children' | 'ike';

export interface LoadPlan {
  /** Port 500: without the non-ESP marker, and port 4500 behind NAT. Any other: every message with the marker. */
  readonly target: Endpoint;
  readonly mode: Mode;
  /** IKE proposals, and after a `/` those of ESP: as `ikev2 bench --suite` takes them. */
  readonly suite: string;
  readonly pace: Pace;
  readonly limit: Limit;
  readonly warmUp: Limit;
  readonly credentials: Credentials;
  /** Identities in pluto's spelling; `{n}` of ours is the attempt's number. The peer's may be `%any`. */
  readonly identity: string;
  readonly peerIdentity: string;
  /** Traffic of the children, ours and the peer's: networks, of each SA one address of it (`10.0.0.0/8+n`), or `dynamic`. */
  readonly subnet: string;
  readonly peerSubnet: string;
  /** Child SAs of each IKE SA; 0: none at all (RFC 6023). */
  readonly children: number;
  readonly rekey?: Rekey;
  /** Whether an SA is deleted when its handshake is measured, or is held until the end. */
  readonly keep: boolean;
  /** Whether what is held is left to the responder in the end, without a Delete. */
  readonly leave: boolean;
  /** Local addresses; attempts go round them. */
  readonly sources: readonly string[];
  /** Until an attempt counts as failed. */
  readonly timeout: Millis;
  /** Numbers of attempts' identities: this one, and then in steps. */
  readonly numbers: { readonly first: number; readonly step: number };
}

/** The part of one of several workers: together they are the plan. */
export function share(plan: LoadPlan, worker: number, workers: number): LoadPlan {
  const { pace, limit, warmUp, sources } = plan;
  const part = (whole: number): number => Math.floor(whole / workers) + (worker < whole % workers ? 1 : 0);
  const partOf = (of: Limit): Limit => (of.kind === 'count' ? { ...of, count: part(of.count) } : of);
  const own = sources.filter((_, at) => at % workers === worker);
  return {
    ...plan,
    pace:
      pace.kind === 'closed'
        ? { ...pace, concurrency: part(pace.concurrency) }
        : { ...pace, rate: pace.rate / workers },
    limit: partOf(limit),
    warmUp: partOf(warmUp),
    sources: own.length > 0 ? own : sources,
    numbers: { first: worker, step: workers },
  };
}
