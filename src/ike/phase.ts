/** Where an IKE SA is in its life, with the data that exists only there. */
import type { IkeSuite } from '../crypto/suite.ts';
import type { Identity } from '../policy/identity.ts';
import type { PadEntry } from '../policy/policy.ts';
import type { Failure } from './actions.ts';
import type { IkeKeys } from './keys.ts';
import type { Protection } from './protect.ts';

/** What IKE_SA_INIT told of the peer. */
export interface PeerSupport {
  /** RFC 7383. */
  readonly fragmentation: boolean;
  /** RFC 6023. */
  readonly childless: boolean;
  /** Hash algorithms of RFC 7427 the peer verifies with. */
  readonly signatureHashes: readonly number[];
}

/** Keys are there: everything but IKE_SA_INIT travels protected. */
export interface Keyed {
  readonly suite: IkeSuite;
  readonly keys: IkeKeys;
  readonly protection: Protection;
  readonly support: PeerSupport;
}

export interface Authenticating extends Keyed {
  readonly name: 'authenticating';
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  /** PAD entries this peer may still turn out to be. */
  readonly candidates: readonly PadEntry[];
}

export interface Established extends Keyed {
  readonly name: 'established';
  readonly localId: Identity;
  readonly remoteId: Identity;
}

export interface Deleting extends Keyed {
  readonly name: 'deleting';
  readonly why: Failure;
}

/** An heir has the children; this one is kept until its Delete. RFC 7296 §2.8. */
export interface Replaced extends Keyed {
  readonly name: 'replaced';
  readonly localId: Identity;
  readonly remoteId: Identity;
}

export type Phase =
  | { readonly name: 'init' }
  | Authenticating
  | Established
  | Deleting
  | Replaced
  /** Answers retransmissions from memory for a while. */
  | { readonly name: 'dead'; readonly why: Failure };

export type PhaseName = Phase['name'];

export const isKeyed = (phase: Phase): phase is Authenticating | Established | Deleting | Replaced =>
  phase.name !== 'init' && phase.name !== 'dead';
