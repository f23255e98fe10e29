/** A packet's negotiation as the exchanges have it. */
import type { Failure } from './actions.ts';
import type { SelectorPair } from './child-negotiation.ts';

/** What a negotiation is told of the packet it is for. */
export interface Demand {
  readonly key: string;
  readonly packet: SelectorPair;
  /** Whether the packet is offered before all else; not where the policy takes no part of itself. */
  readonly leads: boolean;
  /** Of the packet: the child is for packets of it. */
  readonly label?: Uint8Array;
  /** Whether a child for it has come up meanwhile, or nobody waits any more. */
  readonly isOver: () => boolean;
  /** The negotiation is through: the packet is carried by what came of it, or was refused. */
  readonly end: (reason?: Failure) => void;
}

/** Ends we wanted: nothing failed. */
export const ours: ReadonlySet<Failure['code']> = new Set(['DELETED_BY_US', 'POLICY_CHANGED', 'SHUTDOWN']);

export const unfit: Failure = { code: 'PEER_REFUSED', text: 'the peer narrowed the packet out of the child' };
