/** What an EAP method is, in either role. Type-Data is what follows the Type octet. RFC 3748 §4, §5. */
import type { Secret } from '../crypto/secret.ts';

export type MethodEnd =
  | {
      readonly ok: true;
      /** 64 octets. */
      readonly msk?: Secret;
      /** Whom the method proved the peer to be, where it carries a name of its own. */
      readonly identity?: string;
    }
  | { readonly ok: false; readonly reason: string };

export type PeerStep =
  /** Type-Data to answer with. Since `ended` is ok a Success is believed; else the failure to come has this reason. */
  | { readonly reply: Uint8Array; readonly ended?: MethodEnd }
  /** Nothing more to say to this authenticator. */
  | { readonly refused: string };

export interface PeerMethod {
  /** Type-Data of a Request. Never throws on what came from outside. */
  request(data: Uint8Array, identifier: number): PeerStep | Promise<PeerStep>;
  close(): void;
}

/** Type-Data of the next Request, or the end. `failing`: the Request tells the peer of a failure, for this reason. */
export type AuthenticatorStep =
  | { readonly request: Uint8Array; readonly failing?: string }
  | { readonly ended: MethodEnd };

export interface AuthenticatorMethod {
  /** Type-Data of the first Request. */
  begin(identifier: number): Uint8Array;
  /** Type-Data of a Response; `identifier` is what the next Request will have. Never throws on what came from outside. */
  response(data: Uint8Array, identifier: number): AuthenticatorStep | Promise<AuthenticatorStep>;
  close(): void;
}

/** A method that a conversation may start; `Method` is a PeerMethod or an AuthenticatorMethod. */
export interface MethodOffer<Method> {
  /** EapType. */
  readonly type: number;
  start(): Method;
}

export type PeerOffer = MethodOffer<PeerMethod>;
export type AuthenticatorOffer = MethodOffer<AuthenticatorMethod>;
