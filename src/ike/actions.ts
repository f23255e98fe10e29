/** The door: what goes into the engine and what comes out. Plain values, so that a run can be saved. */
import type { SignatureAlgorithm } from '../crypto/provider.ts';
import type { Secret } from '../crypto/secret.ts';
import type { KernelCommand, KernelNotice, SaId } from '../kernel/port.ts';
import type { Identity } from '../policy/identity.ts';
import type { LabelDenial } from '../policy/label.ts';
import type { AuthKind, EapMethod, Policy } from '../policy/policy.ts';
import type { Eap } from '../wire/payloads/eap.ts';

/** Monotonic milliseconds. */
export type Millis = number;

/** An address in canonical text and a UDP port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Which of a local address's two sockets: `nat` carries the non-ESP marker (RFC 3948 §2.2). */
export type SocketName = 'ike' | 'nat';

export interface Path {
  readonly socket: SocketName;
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

export type Command =
  /** Bring a connection up; with `peer`, the address of one of those it is for when it is for several. */
  | { readonly kind: 'up'; readonly name: string; readonly peer?: string }
  /** Delete a connection's IKE SAs and children at the peer; it stays down. */
  | { readonly kind: 'down'; readonly name: string }
  /** Check that a connection's peers are alive. */
  | { readonly kind: 'liveness'; readonly name: string }
  /** Make another child of an established connection. */
  | { readonly kind: 'upChild'; readonly name: string; readonly child: string }
  /** Rekey a connection's children, or its IKE SAs. */
  | { readonly kind: 'rekey'; readonly name: string; readonly what: 'children' | 'ike' }
  /** Have packets of a connection's traffic ask for its children, as `auto=ondemand` does. */
  | { readonly kind: 'route'; readonly name: string }
  /** No longer; what is up stays. */
  | { readonly kind: 'unroute'; readonly name: string }
  /** Delete one Child SA by our inbound SPI. */
  | { readonly kind: 'deleteChild'; readonly spi: number }
  /** Delete everything at every peer; the engine is quiet when `IkeEngine.idle`. */
  | { readonly kind: 'shutdown' };

export type Input =
  | ({ readonly type: 'datagram'; readonly octets: Uint8Array } & Path)
  | { readonly type: 'wake' }
  | { readonly type: 'command'; readonly command: Command }
  | { readonly type: 'policy'; readonly policy: Policy }
  | { readonly type: 'kernel'; readonly notice: KernelNotice }
  | { readonly type: 'kernelFailed'; readonly command: KernelCommand; readonly errno: string }
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answer };

export type Action =
  | ({ readonly type: 'transmit'; readonly octets: Uint8Array } & Path)
  | { readonly type: 'kernel'; readonly command: KernelCommand }
  | { readonly type: 'event'; readonly event: EngineEvent }
  | { readonly type: 'ask'; readonly id: number; readonly ask: Ask; readonly within: Millis };

/** A question only the world can answer. */
export type Ask =
  | { readonly kind: 'install'; readonly command: Extract<KernelCommand, { kind: 'addSa' }> }
  /** When the last packet came in on any of these SAs. */
  | { readonly kind: 'lastUse'; readonly ids: readonly SaId[] }
  /** A signature by the private key of this CKAID. */
  | {
      readonly kind: 'sign';
      readonly key: string;
      readonly algorithm: SignatureAlgorithm;
      readonly octets: Uint8Array;
    }
  /** CRLs and OCSP responses for certificates whose chain is trusted, each with its issuer; all X.509 in DER. */
  | { readonly kind: 'revocation'; readonly of: readonly RevocationQuestion[] }
  /** A turn of an EAP conversation; without a packet it begins. */
  | {
      readonly kind: 'eap';
      /** The same in all turns of a conversation. */
      readonly session: string;
      readonly role: 'peer' | 'authenticator';
      readonly connection: string;
      readonly methods: readonly EapMethod[];
      /** A peer's own name; of an authenticator whom the other end said to be (IDi), as text. */
      readonly identity: string;
      /** Whom the other end said to be. */
      readonly claimed: Identity;
      readonly packet?: EapPacket;
    };

/** What is not asked of the data plane. */
export type Question = Exclude<Ask, { kind: 'install' | 'lastUse' }>;

export interface RevocationQuestion {
  readonly certificate: Uint8Array;
  readonly issuer: Uint8Array;
  readonly crlUris: readonly string[];
  readonly ocspUris: readonly string[];
}

/** One EAP message. RFC 3748 §4. */
export type EapPacket = Omit<Eap, 'kind'>;

/** Where an EAP conversation stands after a turn. */
export interface EapTurn {
  /** Goes to the other end. */
  readonly packet?: EapPacket;
  /** The method is through: with its key, if it makes one (64 octets, RFC 3748 §7.10), or why it failed. */
  readonly outcome?:
    | { readonly ok: true; readonly msk?: Secret; readonly identity?: string }
    | { readonly ok: false; readonly reason: string };
  /** The packet tells the peer of a failure, for this reason; the peer may leave without an answer. */
  readonly failing?: string;
}

/** `ok: false` is a failure of whoever was asked; which of the rest is there goes by the question. */
export type Answer =
  | {
      readonly ok: true;
      readonly lastUse?: Millis;
      readonly signature?: Uint8Array;
      readonly crls?: readonly Uint8Array[];
      readonly ocspResponses?: readonly Uint8Array[];
      readonly eap?: EapTurn;
    }
  | { readonly ok: false; readonly errno: string };

export type Role = 'initiator' | 'responder';

/** Names one IKE SA in events: both SPIs as 16 hexadecimal digits, and the connection once it is known. */
export interface SaName {
  readonly spiI: string;
  readonly spiR: string;
  readonly role: Role;
  readonly connection: string | undefined;
}

export interface ChildName {
  readonly connection: string;
  readonly child: string;
  readonly inboundSpi: number;
  readonly outboundSpi: number;
}

/** A traffic selector with addresses in canonical text; protocol and ports as the wire has them. */
export interface PlainSelector {
  readonly start: string;
  readonly end: string;
  readonly protocol: number;
  readonly startPort: number;
  readonly endPort: number;
}

/** What happened, typed. `story` is the exchange's name. */
export type EngineEvent =
  /** A datagram dropped; rate-limited: `count` like it since the last one reported. */
  | {
      readonly kind: 'drop';
      readonly reason: DropReason;
      readonly path: Path;
      readonly detail: string;
      readonly count: number;
    }
  /** A message went out or came in, in one line. `octets` are those of the datagram without a marker. */
  | {
      readonly kind: 'message';
      readonly direction: 'in' | 'out';
      readonly sa: SaName;
      readonly path: Path;
      readonly summary: string;
      /** The security labels in it, as text. */
      readonly labels?: readonly string[];
      readonly retransmission: boolean;
    }
  | { readonly kind: 'progress'; readonly sa: SaName; readonly story: string; readonly detail: string }
  /** New IKE keys, for a key log. Only emitted when the engine is made with `keyLog: true`. */
  | { readonly kind: 'keys'; readonly sa: SaName; readonly keys: IkeKeyLog }
  | {
      readonly kind: 'childKeys';
      readonly sa: SaName;
      readonly command: Extract<KernelCommand, { kind: 'addSa' }>;
    }
  | {
      readonly kind: 'ikeEstablished';
      readonly sa: SaName;
      readonly local: string;
      readonly remote: string;
      readonly suite: string;
      readonly path: Path;
      readonly localId: string;
      readonly remoteId: string;
      /** How each end proved it. */
      readonly proofs: Proofs;
    }
  | {
      readonly kind: 'childEstablished';
      readonly sa: SaName;
      readonly child: ChildName;
      readonly suite: string;
      readonly mode: 'tunnel' | 'transport';
      readonly local: string;
      readonly remote: string;
      /** The same, for programs. */
      readonly selectors: {
        readonly local: readonly PlainSelector[];
        readonly remote: readonly PlainSelector[];
      };
      readonly reqid: number;
      readonly encapsulated: boolean;
      /** The security label of its traffic, as text. */
      readonly label?: string;
      /** The child it takes over from. */
      readonly replaces?: ChildName;
    }
  /** Our peer gave us addresses and what goes with them; they are ours until the IKE SA, or its last heir, ends. */
  | {
      readonly kind: 'configured';
      readonly sa: SaName;
      /** Each with the prefix length of its link: `10.3.0.1/32`. */
      readonly addresses: readonly string[];
      /** IPv6 prefixes that are ours. */
      readonly prefixes: readonly string[];
      readonly dns: readonly string[];
      /** Domains to ask those servers for. */
      readonly domains: readonly string[];
      /** Networks behind the peer. */
      readonly subnets: readonly string[];
    }
  /** We gave our peer addresses, or prefixes. */
  | { readonly kind: 'leased'; readonly sa: SaName; readonly addresses: readonly string[] }
  /** The peer refused our rekey; the IKE SA is as it was. */
  | { readonly kind: 'ikeRekeyFailed'; readonly sa: SaName; readonly reason: Failure }
  | { readonly kind: 'ikeRekeyed'; readonly sa: SaName; readonly by: SaName }
  | { readonly kind: 'childDeleted'; readonly sa: SaName; readonly child: ChildName; readonly reason: string }
  | {
      readonly kind: 'childFailed';
      readonly sa: SaName;
      readonly connection: string;
      readonly child: string;
      readonly reason: Failure;
    }
  /** The peer asked for a child, or a packet for an SA, of a label that is not to be; `reason.label` says more. */
  | {
      readonly kind: 'labelRefused';
      /** Where a peer asked. */
      readonly sa?: SaName;
      readonly connection: string;
      readonly reason: Failure;
    }
  | { readonly kind: 'ikeDeleted'; readonly sa: SaName; readonly reason: Failure }
  /** A negotiation that never became an IKE SA. */
  | { readonly kind: 'ikeFailed'; readonly sa: SaName; readonly reason: Failure }
  | { readonly kind: 'endpointChanged'; readonly sa: SaName; readonly path: Path }
  /** What becomes of a packet that asked for a child. */
  | {
      readonly kind: 'flow';
      /** Absent where no on-demand policy selects the packet. */
      readonly connection: string | undefined;
      readonly child: string | undefined;
      readonly local: string;
      readonly remote: string;
      readonly state: 'negotiating' | 'protected' | 'failed' | 'ignored';
      readonly detail: string;
      /** How many since the last was told of: those ignored are rate-limited. */
      readonly count: number;
    }
  /** The data plane did not take an on-demand policy, or a shunt. */
  | {
      readonly kind: 'routeFailed';
      readonly connection: string;
      readonly child: string;
      readonly reason: Failure;
    }
  | { readonly kind: 'bug'; readonly message: string; readonly stack: string };

export interface Proofs {
  readonly local: AuthKind;
  readonly remote: AuthKind;
}

/** Why something ended: a literal code, one line of text, and the notify that was sent or received. */
export interface Failure {
  readonly code:
    | 'PEER_REFUSED'
    | 'REFUSED_PEER'
    | 'TIMEOUT'
    | 'DELETED_BY_PEER'
    | 'DELETED_BY_US'
    | 'AUTHENTICATION_FAILED'
    | 'LOCAL'
    | 'BAD_MESSAGE'
    | 'KERNEL'
    | 'REPLACED'
    | 'POLICY_CHANGED'
    | 'SHUTDOWN'
    | 'BUG';
  readonly text: string;
  readonly notify?: number;
  /** It was about a security label. */
  readonly label?: LabelRefusal;
}

/** Which label was refused, beside which selectors, and by what. RFC 9478. */
export interface LabelRefusal {
  /** `form`: it is none; `alone`: no addresses beside it; `ends`: TSi has another than TSr; `missing` or `unwanted` by the
   * policy or the answer; `match`: it is another; `polmatch` and `setcontext`: SELinux says no; `peer`: the peer does. */
  readonly check: LabelDenial['check'] | 'alone' | 'ends' | 'missing' | 'unwanted' | 'peer';
  /** TSi and TSr. */
  readonly selectors: string;
  /** Labels as text; the policy's is `template`. */
  readonly label?: string;
  readonly template?: string;
  /** What whoever was asked says. */
  readonly said: string;
}

export type DropReason =
  | 'malformed'
  | 'no-marker'
  | 'version'
  | 'unknown-spi'
  | 'bad-icv'
  | 'stale-message-id'
  | 'future-message-id'
  | 'bad-cookie'
  | 'half-open-limit'
  | 'unexpected'
  | 'fragment'
  | 'no-policy'
  | 'unanswered-notify'
  | 'waiting'
  | 'address';

/** As Wireshark's `ikev2_decryption_table` needs it, and what AUTH is made with (RFC 7296 §2.15). */
export interface IkeKeyLog {
  readonly prf: number;
  readonly pi: Secret;
  readonly pr: Secret;
  readonly encr: number;
  readonly keyBits: number;
  readonly integ: number | undefined;
  readonly ei: Secret;
  readonly er: Secret;
  readonly ai: Secret;
  readonly ar: Secret;
}
