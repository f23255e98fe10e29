/** What a fault script may say: plain values, as they stand in a JSON file. docs/faults.md explains each. */
import type { Endpoint, Millis } from '../../ike/actions.ts';

export interface FaultScript {
  readonly rules: readonly FaultRule[];
}

export interface FaultRule {
  /** Names it in errors and reports. */
  readonly name?: string;
  /** Which datagrams it is for; every one unless said. */
  readonly on?: DatagramMatch;
  /** Not for datagrams: once, this many milliseconds after the beginning. */
  readonly at?: Millis;
  /** Not for datagrams: commands to the data plane, or notices from it. */
  readonly kernel?: KernelMatch;
  /** What is done, one after the other: a name stands for an action without further fields. */
  readonly do: FaultAction | FaultAction['action'] | readonly (FaultAction | FaultAction['action'])[];
}

/** A registry's name or its number. */
export type Named = string | number;

/** `SA`, `N(COOKIE)`, `Ni`, `TSi`, ... as RFC 7296 §1.2 writes them, a payload type's number, or `all`. */
export type PayloadText = string | number;

export interface DatagramMatch {
  /** Sent by the misbehaving peer, or to it. */
  readonly direction?: 'out' | 'in';
  /** Addresses, as the sender wrote them. */
  readonly from?: string;
  readonly to?: string;
  /** Who sent it, by the I flag: the original initiator or responder of the IKE SA. */
  readonly sender?: 'initiator' | 'responder';
  readonly exchange?: Named | readonly Named[];
  readonly message?: 'request' | 'response';
  readonly messageId?: number;
  /** All of these are in it, encrypted or not. */
  readonly payload?: PayloadText | readonly PayloadText[];
  /** None of these is. */
  readonly without?: PayloadText | readonly PayloadText[];
  /** The number of an encrypted fragment. */
  readonly fragment?: number;
  /** Octet for octet what its sender sent before, or not. */
  readonly retransmission?: boolean;
  /** ESP in UDP is meant; a rule that does not say so means IKE only. */
  readonly esp?: boolean;
  /** The n-th IKE SA seen, by the initiator's SPI. */
  readonly sa?: number;
  /** Of those that match so far only these: 1 is the first. */
  readonly nth?: number | readonly number[];
  /** Of those that match only every n-th. */
  readonly every?: number;
  /** Count `nth` and `every` for each IKE SA apart. */
  readonly perSa?: boolean;
}

export interface KernelMatch {
  readonly command?: 'addSa' | 'updateSa' | 'deleteSa' | 'addPolicy' | 'deletePolicy';
  readonly notice?: 'acquire' | 'expire' | 'mapping';
  readonly direction?: 'in' | 'out' | 'fwd';
  /** Of `expire`. */
  readonly hard?: boolean;
  readonly nth?: number | readonly number[];
}

/** Octets: hexadecimal digits, text, a repeated octet, or random ones. */
export type OctetsText =
  | string
  | { readonly hex: string }
  | { readonly text: string }
  | { readonly repeat: string; readonly times: number }
  | { readonly random: number };

/** A number, or what is added to the one that is there. */
export type NumberChange = number | { readonly add: number };

/** A payload: `{"payload":"N(COOKIE)","data":"00ff"}`; fields are those of `ikev2/wire`, or `body` with all octets. */
export interface PayloadSpec {
  readonly payload: PayloadText;
  readonly critical?: boolean;
  readonly body?: OctetsText;
  readonly [field: string]: unknown;
}

export type KernelErrno = string;

export type FaultAction =
  | FlowAction
  | HeaderAction
  | PayloadAction
  | AuthAction
  | PeerAction
  | KernelAction
  /** A line of the report: this text, and the fields of these payloads. */
  | {
      readonly action: 'log';
      readonly text?: string;
      readonly payload?: PayloadText | readonly PayloadText[];
    };

/** What happens to the datagram. */
export type FlowAction =
  | { readonly action: 'pass' }
  | { readonly action: 'drop' }
  | { readonly action: 'delay'; readonly by: Millis }
  | { readonly action: 'copy'; readonly times?: number; readonly apart?: Millis }
  | { readonly action: 'reorder'; readonly behind?: number }
  | {
      readonly action: 'replay';
      /** Earlier datagrams of this sender: the n-th, or which; the previous one unless said. */
      readonly which?: number | 'first' | 'previous' | 'forward' | 'backward';
      readonly after?: Millis;
    }
  | { readonly action: 'reflect'; readonly after?: Millis }
  /** Octets of any kind as a datagram of their own. */
  | {
      readonly action: 'emit';
      readonly octets: OctetsText;
      readonly toward?: 'receiver' | 'sender';
      readonly after?: Millis;
    }
  | {
      readonly action: 'readdress';
      readonly source?: Partial<Endpoint>;
      readonly destination?: Partial<Endpoint>;
    };

/** The IKE header, and the octets of the whole datagram. */
export type HeaderAction =
  | {
      readonly action: 'header';
      readonly initiatorSpi?: OctetsText;
      readonly responderSpi?: OctetsText;
      readonly nextPayload?: number;
      readonly majorVersion?: NumberChange;
      readonly minorVersion?: NumberChange;
      readonly exchange?: Named;
      readonly initiator?: boolean | 'toggle';
      readonly response?: boolean | 'toggle';
      readonly higherVersion?: boolean | 'toggle';
      /** Bits of the Flags octet to set, reserved ones too. */
      readonly flags?: number;
      readonly messageId?: NumberChange;
      readonly length?: NumberChange;
    }
  | {
      readonly action: 'fragment';
      readonly number?: NumberChange;
      readonly total?: NumberChange;
      readonly first?: number;
    }
  | ({ readonly action: 'datagram' } & OctetsChange)
  | { readonly action: 'marker'; readonly present: boolean };

/** A change of octets, `at` counting from the end when negative. */
export interface OctetsChange {
  readonly at?: number;
  readonly set?: OctetsText;
  readonly xor?: OctetsText;
  readonly insert?: OctetsText;
  readonly remove?: number;
  /** Keep so many octets. */
  readonly truncate?: number;
  readonly append?: OctetsText;
}

/** The payloads; the message is sealed again with the true keys. */
export type PayloadAction =
  | { readonly action: 'reseal' }
  | ({
      readonly action: 'set';
      readonly payload: PayloadText;
      /** `group`, `proposals.*.transforms[type=INTEG].id`, `selectors.0.start`: a field of `ikev2/wire`'s payloads. */
      readonly field: string;
    } & FieldChange)
  | {
      readonly action: 'add';
      readonly payload: PayloadSpec;
      readonly at?: number | 'first' | 'last';
      readonly times?: number;
      readonly clear?: boolean;
    }
  | { readonly action: 'remove'; readonly payload: PayloadText | readonly PayloadText[] }
  | { readonly action: 'keep'; readonly payload: PayloadText | readonly PayloadText[] }
  | { readonly action: 'duplicate'; readonly payload: PayloadText; readonly times?: number }
  | { readonly action: 'order'; readonly payloads: readonly PayloadText[] | 'reverse' | 'shuffle' }
  | { readonly action: 'critical'; readonly payload: PayloadText; readonly value?: boolean }
  | {
      readonly action: 'reserved';
      readonly payload: PayloadText;
      readonly bits?: number;
      readonly octets?: number;
    }
  | { readonly action: 'length'; readonly payload: PayloadText; readonly to: NumberChange }
  | { readonly action: 'next'; readonly payload: PayloadText; readonly to: number }
  | { readonly action: 'type'; readonly payload: PayloadText; readonly to: number }
  | ({ readonly action: 'octets'; readonly payload: PayloadText } & OctetsChange)
  | { readonly action: 'fill'; readonly to: number; readonly payload?: PayloadSpec };

/** One of these. Of lists: `append` puts an element last, `prepend` first, `omit` takes out those found. */
export interface FieldChange {
  readonly to?: unknown;
  readonly add?: number;
  readonly append?: unknown;
  readonly prepend?: unknown;
  readonly omit?: true;
  readonly duplicate?: true;
}

/** AUTH with a pre-shared key. RFC 7296 §2.15. */
export type AuthAction =
  | { readonly action: 'sign'; readonly psk: string; readonly truncate?: number; readonly method?: Named }
  | { readonly action: 'pretend'; readonly psk: string };

/** What the misbehaving peer's own engine does, or somebody with its keys. */
export type PeerAction =
  | {
      readonly action: 'command';
      readonly command: PeerCommand;
      readonly connection?: string;
      readonly after?: Millis;
    }
  | {
      readonly action: 'inject';
      /** As the datagram at hand, unless said. */
      readonly exchange?: Named;
      readonly message?: 'request' | 'response';
      readonly messageId?: NumberChange;
      readonly payloads?: readonly PayloadSpec[];
      /** In an Encrypted payload; as the datagram at hand unless said. */
      readonly encrypted?: boolean;
      /** To the one it goes to, or back to its sender. */
      readonly toward?: 'receiver' | 'sender';
      readonly after?: Millis;
    };

export type PeerCommand =
  | 'initiate'
  | 'rekey_ike'
  | 'rekey_child'
  | 'liveness'
  | 'close_ike'
  | 'close_child'
  | 'restart'
  | 'reset_seq';

/** For `kernel` rules. */
export type KernelAction =
  | { readonly action: 'refuse'; readonly errno?: KernelErrno }
  /** A command is not performed though it seems so; a notice is never heard. */
  | { readonly action: 'ignore' }
  /** Of an inbound SA's installation: the answer comes so much later. */
  | { readonly action: 'delay'; readonly by: Millis };
