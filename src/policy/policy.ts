/** Who may talk and what is protected: the PAD and SPD of RFC 4301 as immutable values. */
import type { Secret } from '../crypto/secret.ts';
import type { Identity } from './identity.ts';
import type { PoolPolicy } from './pool.ts';
import type { EspProposal, IkeProposal, Order } from './proposal.ts';
import type { AddressRange, SelectorPolicy } from './selector.ts';

export interface Policy {
  /** In the order of the file; the first that fits best is taken. */
  readonly pad: readonly PadEntry[];
  /** What bypasses or is discarded without any peer (`type=passthrough`, `drop`, `reject`); selectors are fixed. */
  readonly shunts?: readonly SpdEntry[];
  readonly preSharedKeys: readonly PreSharedKey[];
  /** Half-open responder SAs above which a COOKIE is asked for; 0 asks always. */
  readonly cookieThreshold: number;
  /** Half-open responder SAs above which strangers are dropped. */
  readonly halfOpenLimit: number;
}

/** One peer relation: how each end proves itself, and which children it may have. RFC 4301 §4.4.3. */
export interface PadEntry {
  readonly name: string;
  readonly local: {
    readonly address: string;
    /** 500 unless the conn says `leftikeport=`. */
    readonly port: number;
    readonly identity: Identity;
    readonly auth: AuthKind;
  };
  readonly remote: {
    /** Undefined: `%any`, a responder only. */
    readonly address: string | undefined;
    /** A range of peers that may come from anywhere in it. */
    readonly range?: AddressRange;
    /** 500, or the peer's `rightikeport=`; a port other than 500 always gets the non-ESP marker. */
    readonly port: number;
    /** Undefined: whatever identity proves itself. */
    readonly identity: Identity | undefined;
    readonly auth: AuthKind;
  };
  readonly ike: readonly IkeProposal[];
  /** Whose order of proposals decides when we respond; the initiator's, as pluto has it, unless said. */
  readonly order?: Order;
  readonly children: readonly SpdEntry[];
  readonly start: 'ignore' | 'add' | 'start' | 'ondemand' | 'keep';
  readonly encapsulation: 'yes' | 'no' | 'auto';
  readonly fragmentation: 'yes' | 'no' | 'force';
  readonly retransmit: { readonly interval: number; readonly timeout: number };
  readonly lifetime: IkeLifetime;
  /** Milliseconds of silence before a liveness check; 0 never checks. */
  readonly dpdDelay: number;
  /**
   * What becomes of the children of a peer found dead: `clear` deletes them, `hold` deletes them and keeps their traffic
   * waiting for new ones, `restart` negotiates them anew at once.
   */
  readonly dpdAction: 'clear' | 'hold' | 'restart';
  /** How often an IKE SA is tried, or its replacement, before giving up; 0: for ever. */
  readonly keyingTries: number;
  /** Milliseconds between NAT keepalives; 0 sends none. */
  readonly natKeepalive: number;
  /** One IKE SA per identity pair: a newer one replaces the older. */
  readonly unique: boolean;
  readonly initialContact: boolean;
  /** Children of one IKE SA above which the peer gets no more (NO_ADDITIONAL_SAS); 1000 unless said. */
  readonly mostChildren?: number;
  /** Octets of vendor IDs to send. */
  readonly vendorIds: readonly Uint8Array[];
  /** Absent: no Configuration payload is sent, and none is answered. */
  readonly configuration?: ConfigurationServer | ConfigurationClient;
}

/** What a gateway gives out by the Configuration payload. RFC 7296 §2.19, §3.15; RFC 8598. */
export interface ConfigurationServer {
  readonly role: 'server';
  /** In this order; of each family the first that has room. What is dynamic of the peer is then its lease. */
  readonly pools: readonly PoolPolicy[];
  /** Whether a peer without a lease gets no child. */
  readonly required: boolean;
  /** Whether who proves the same identity again gets the same lease again. */
  readonly keepLeases: boolean;
  /** 4 or 16 octets each. */
  readonly dns: readonly Uint8Array[];
  /** Domains those servers are to be asked for, as DNS writes them. */
  readonly domains: readonly string[];
  /** INTERNAL_IP4_NETMASK, 4 octets; sent only if it is there. */
  readonly netmask?: Uint8Array;
}

/** What a client asks for. What is dynamic of ours is then what we are given. */
export interface ConfigurationClient {
  readonly role: 'client';
  readonly families: readonly AddressFamily[];
  /** Whether name servers and domains are asked for too. */
  readonly dns: boolean;
}

export type AddressFamily = 'ipv4' | 'ipv6';

/** When an IKE SA is replaced, and how. RFC 7296 §2.8. */
export interface IkeLifetime {
  /** Milliseconds an IKE SA lives; 0: for ever. */
  readonly ike: number;
  /** Milliseconds before its end (an IKE SA's or a child's) that the rekey begins. */
  readonly margin: number;
  /** Percent of the margin it may begin earlier, at random. */
  readonly fuzz: number;
  /** False: what is at its end goes; the peer may rekey. */
  readonly rekey: boolean;
  /**
   * A new IKE_SA_INIT and IKE_AUTH instead of an IKE rekey (§2.8.3): the old SA is deleted when the new one stands, or
   * before it is begun.
   */
  readonly reauth: false | 'make-before-break' | 'break-before-make';
}

/** When a Child SA is replaced. */
export interface ChildLifetime {
  /** Milliseconds; 0: for ever. */
  readonly time: number;
  /** Octets and packets of one direction; 0: without limit. */
  readonly octets: number;
  readonly packets: number;
}

/** What is protected, and how. RFC 4301 §4.4.1. */
export interface SpdEntry {
  readonly name: string;
  readonly mode: 'tunnel' | 'transport';
  readonly action: 'protect' | 'bypass' | 'discard';
  readonly local: readonly SelectorPolicy[];
  readonly remote: readonly SelectorPolicy[];
  readonly proposals: readonly EspProposal[];
  readonly pfs: boolean;
  /** False: no traffic but just this is agreed on, be it asked of us or answered to us; as pluto has it. */
  readonly narrowing: boolean;
  readonly lifetime: ChildLifetime;
  /** Anti-replay window in packets; 0 checks nothing. */
  readonly replayWindow: number;
}

/** `null` and the signature kinds are read from the configuration today and refused at load until they exist. */
export type AuthKind = 'psk';

/** A shared key and the identities or addresses it is for; empty: for all. */
export interface PreSharedKey {
  readonly secret: Secret;
  readonly selectors: readonly KeySelector[];
  /** `file:line`, for the operator. */
  readonly where: string;
}

export type KeySelector =
  | { readonly kind: 'any' }
  | { readonly kind: 'identity'; readonly identity: Identity };
