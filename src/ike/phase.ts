/** Where an IKE SA is in its life, with the data that exists only there. */
import type { Secret } from '../crypto/secret.ts';
import type { IkeSuite } from '../crypto/suite.ts';
import type { Identity } from '../policy/identity.ts';
import type { AuthKind, PadEntry } from '../policy/policy.ts';
import type { IdentificationInitiator } from '../wire/payloads/id.ts';
import type { Payload } from '../wire/payloads/index.ts';
import type { Failure, Proofs } from './actions.ts';
import type { AnnouncedMethod } from './extensions/auth-methods.ts';
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
  /** RFC 9593; empty when it did not say. */
  readonly authMethods: readonly AnnouncedMethod[];
  /** A responder asked for an X.509 certificate. */
  readonly asksForCertificate: boolean;
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
  /** Only while a responder speaks EAP with its peer. */
  readonly conversation?: Conversation;
}

/** What a responder keeps while EAP runs: all else is in the request that began it. RFC 7296 §2.16. */
export interface Conversation {
  /** The same in each `eap` question. */
  readonly session: string;
  readonly entry: PadEntry;
  readonly idi: IdentificationInitiator;
  readonly request: readonly Payload[];
  /** Our own; `eap` when its key is all there is (RFC 5998). */
  readonly proof: AuthKind;
  readonly rounds: number;
  readonly octets: number;
  /** The peer was told that the method fails, for this reason. */
  readonly failing?: string;
  /** The method is through: AUTH is awaited, made with its key if it has one. */
  readonly success?: { readonly msk?: Secret; readonly identity?: string };
}

export interface Established extends Keyed {
  readonly name: 'established';
  readonly localId: Identity;
  readonly remoteId: Identity;
  readonly proofs: Proofs;
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
  readonly proofs: Proofs;
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
