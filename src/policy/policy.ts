/** Who may talk and what is protected: the PAD and SPD of RFC 4301 as immutable values. */
import type { SignatureAlgorithm } from '../crypto/provider.ts';
import type { Secret } from '../crypto/secret.ts';
import type { Identity } from './identity.ts';
import type { PoolPolicy } from './pool.ts';
import type { EspProposal, IkeProposal, Order } from './proposal.ts';
import type { AddressRange, SelectorPolicy } from './selector.ts';

export interface Policy {
  /** In the order of the file; the first that fits best is taken. */
  readonly pad: readonly PadEntry[];
  /** What bypasses or is discarded without any peer (`type=passthrough`, `drop`, `reject`). */
  readonly shunts?: readonly ShuntEntry[];
  readonly preSharedKeys: readonly PreSharedKey[];
  /** Absent: no certificate is trusted. */
  readonly pki?: PkiPolicy;
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
    /** How we may prove who we are; the first we can make is made. Never empty. */
    readonly auth: readonly AuthPolicy[];
    /** What a signature of ours is made with. */
    readonly credential?: Credential;
    /** Our name in EAP, when it is not the identity. */
    readonly username?: string;
  };
  readonly remote: {
    /** Undefined: `%any`, a responder only. */
    readonly address: string | undefined;
    /** A range of peers that may come from anywhere in it. */
    readonly range?: AddressRange;
    /** 500, or the peer's `rightikeport=`; a port other than 500 always gets the non-ESP marker. */
    readonly port: number;
    /** Undefined: whatever identity proves itself. In a distinguished name a value of `*` takes each. */
    readonly identity: Identity | undefined;
    /** What we take as its proof. Never empty. */
    readonly auth: readonly AuthPolicy[];
    /** Where its signatures' keys come from; absent: from a certificate of any trusted authority. */
    readonly keys?: PeerKeys;
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
  /** Of our own packets into its children (`leftsourceip=`); a TUN data plane gives it to its device. */
  readonly sourceAddress?: string;
  /** Absent: nobody outside is told of its children. */
  readonly updown?: UpdownPolicy;
}

/** A command of the operator's that is run when a child's traffic is routed, comes up and goes down. */
export interface UpdownPolicy {
  /** For a shell. */
  readonly command: string;
  /** The rest is told to it and to nobody else. */
  readonly metric?: number;
  readonly mtu?: number;
  readonly nflog?: number;
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
  /** Without a NAT before us it is no client: its own address will do. */
  readonly onlyBehindNat?: boolean;
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
  /** In clear (`passthrough`) or not at all (`hold`) while a packet's child is negotiated; `hold` unless said. */
  readonly negotiationShunt?: 'hold' | 'passthrough';
  /** What becomes of the packets of a flow whose negotiation failed; `none`: they ask again. `none` unless said. */
  readonly failureShunt?: 'none' | 'passthrough' | 'drop';
  /** The security label of its traffic, RFC 9478. */
  readonly label?: Uint8Array;
  /**
   * The label is that of the policy alone, as SELinux has it: it is for flows of all labels that may use it, each of which
   * gets a child when a packet of it asks. They share one set of policies.
   */
  readonly template?: boolean;
  /** Milliseconds that lasts, and no new attempt is made; 15 minutes unless said. */
  readonly shuntLifetime?: number;
  readonly settings?: DataPlaneSettings;
}

/** What bypasses or is discarded; its selectors are fixed. */
export interface ShuntEntry extends SpdEntry {
  readonly connection: string;
  /** `ondemand` and `start` hold from the load on, the others once the operator routes them. */
  readonly start: PadEntry['start'];
}

/** What a connection says that only the data plane understands; the engine hands it on. */
export interface DataPlaneSettings {
  /** Of SAs and policies of both directions, unless one of a direction is there. */
  readonly mark?: Mark;
  readonly markIn?: Mark;
  readonly markOut?: Mark;
  /** Of the packets an SA made. */
  readonly outputMark?: Mark;
  /** XFRM interface. */
  readonly ifId?: number;
  /** Of the policies, in place of the one their selectors give; the lowest wins. */
  readonly priority?: number;
  /** Groups SAs and policies in place of the engine's own number. */
  readonly reqid?: number;
  readonly decapDscp?: boolean;
  readonly encapDscp?: boolean;
  readonly noPmtuDiscovery?: boolean;
  /** Octets packets are padded to, RFC 4303 §2.7. */
  readonly tfcPadding?: number;
}

export interface Mark {
  readonly value: number;
  readonly mask: number;
}

/** A way to prove who one is. RFC 7296 §2.15, §2.16; RFC 7427; RFC 7619. */
export type AuthPolicy =
  | { readonly kind: 'psk' }
  /** Nobody in particular. */
  | { readonly kind: 'null' }
  /** By any of these; of a signature of ours the first that our key and the peer can do. */
  | { readonly kind: 'signature'; readonly algorithms: readonly SignatureAlgorithm[] }
  /** An initiator's proof: the other end runs the method. See `waysAs`. */
  | {
      readonly kind: 'eap';
      readonly methods: readonly EapMethod[];
      /** A peer of EAP-TLS offers TLS 1.3 too (RFC 9190); an authenticator takes it anyway. */
      readonly tls13?: boolean;
    };

/**
 * What an end's ways come to in its role: where one is EAP, an initiator has no other, and a responder has it only when
 * it has nothing else (RFC 5998).
 */
export function waysAs(role: 'initiator' | 'responder', auth: readonly AuthPolicy[]): readonly AuthPolicy[] {
  const eap = auth.filter(({ kind }) => kind === 'eap');
  const others = auth.filter(({ kind }) => kind !== 'eap');
  if (eap.length === 0 || others.length === 0) return auth;
  return role === 'initiator' ? eap : others;
}

export type AuthKind = AuthPolicy['kind'];

export type EapMethod = 'tls' | 'mschapv2' | 'md5';

/** A key of ours and what is told of it. The private half is with whoever answers `sign`. */
export interface Credential {
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** Names the private key in a `sign` question: its CKAID in hexadecimal digits. */
  readonly key: string;
  /** X.509, DER: ours, then those that lead towards its root. Empty: a raw key. */
  readonly certificates: readonly Uint8Array[];
  readonly send: 'never' | 'ifasked' | 'always';
}

/** Keys a peer may sign with. */
export interface PeerKeys {
  /** Raw keys (SubjectPublicKeyInfo, DER) known beforehand; no certificate is then looked at. */
  readonly raw: readonly Uint8Array[];
  /** The one certificate (DER) it must show or be known by. */
  readonly certificate?: Uint8Array;
  /** The authority (Name, DER) its path must go through; absent: any that is trusted. */
  readonly authority?: Uint8Array;
  /** Whether the certificate must hold the identity (`require-id-on-certificate=`); a distinguished name must be in it always. */
  readonly identityInCertificate: boolean;
}

/** Whom to trust for certificates. All X.509 in DER. */
export interface PkiPolicy {
  readonly anchors: readonly Uint8Array[];
  /** Certificates at hand that may lead from a peer's to an anchor, and those of peers that send none. */
  readonly certificates: readonly Uint8Array[];
  readonly crls: readonly Uint8Array[];
  readonly revocation: RevocationPolicy;
}

/** RFC 5280 §6.3, RFC 6960. */
export interface RevocationPolicy {
  /** Whether a certificate without a CRL at hand is refused. */
  readonly crlStrict: boolean;
  /** Milliseconds a CRL's fetch may take; 0 fetches none. */
  readonly crlTimeout: number;
  readonly ocsp: 'off' | 'on' | 'strict';
  /** Asked instead of the responder a certificate names. */
  readonly ocspUri?: string;
  readonly ocspTimeout: number;
  /** How a responder is asked. RFC 6960 appendix A.1. */
  readonly ocspMethod: 'get' | 'post';
}

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
