/** Policies for tests: one connection between two ends that share a key. */
import { Secret } from '../crypto/secret.ts';
import { type Identity, parseIdentity } from '../policy/identity.ts';
import type {
  AuthPolicy,
  Credential,
  PadEntry,
  PeerKeys,
  PkiPolicy,
  Policy,
  SpdEntry,
} from '../policy/policy.ts';
import { parseEspProposals, parseIkeProposals } from '../policy/proposal-text.ts';
import { allTraffic, dynamicSelector, parseCidr, type SelectorPolicy } from '../policy/selector.ts';
import { KeyExchangeMethod } from '../wire/numbers.ts';
import { checkWord } from './options.ts';

/** One end of the connection, as its own operator writes it down. What is not said has a usual value. */
export interface EndOptions {
  /** `@fqdn`, `user@host`, `@[key id]` or an address; the end's address unless said. */
  readonly identity?: string;
  /** The identity it wants of its peer; `%any` takes each. The peer's own unless said. */
  readonly peerIdentity?: string;
  /** The peer's address as this end knows it, `%any` when it only responds. The peer's own unless said. */
  readonly peerAddress?: string;
  readonly peerPort?: number;
  readonly psk?: string;
  /** How it and its peer prove themselves; both by the shared key unless said. */
  readonly auth?: AuthOptions;
  /** Whom it trusts for certificates. */
  readonly pki?: PkiPolicy;
  /** IKE and ESP proposals, as in ipsec.conf; a key exchange method among those of ESP means PFS. */
  readonly ike?: string;
  readonly esp?: string;
  readonly mode?: SpdEntry['mode'];
  /** Its traffic: networks, ranges, addresses or `dynamic` (its own address), separated by commas. */
  readonly subnet?: string;
  /** The peer's traffic as this end wants it; the peer's own `subnet` unless said. */
  readonly peerSubnet?: string;
  /** No Child SA at all (RFC 6023). */
  readonly childless?: boolean;
  /** Anything of the PAD entry beside. */
  readonly entry?: Partial<Omit<PadEntry, 'name'>>;
  /** Anything of the SPD entry beside. */
  readonly child?: Partial<Omit<SpdEntry, 'name'>>;
  readonly cookieThreshold?: number;
  readonly halfOpenLimit?: number;
}

export interface AuthOptions {
  readonly local: readonly AuthPolicy[];
  readonly remote: readonly AuthPolicy[];
  /** What it signs with; its host needs the private key. */
  readonly credential?: Credential;
  /** What its peer may sign with. */
  readonly keys?: PeerKeys;
  /** Its name in EAP. */
  readonly username?: string;
}

export interface ConnectionOptions extends EndOptions {
  readonly name: string;
  readonly address: string;
  readonly peer: EndOptions & { readonly address: string };
}

const sharedKey: readonly AuthPolicy[] = [{ kind: 'psk' }];

const usual = {
  psk: 'somesharedkey',
  ike: 'aes128gcm16-prfsha256-x25519',
  esp: 'aes128gcm16',
};

/** The policy of an end with this one connection. Throws the parsers' errors on a mistake in its text, and TypeError. */
export function connection(options: ConnectionOptions): Policy {
  return {
    pad: [padEntry(options)],
    preSharedKeys: [
      {
        secret: new Secret(new TextEncoder().encode(options.psk ?? usual.psk)),
        selectors: [],
        where: 'test:1',
      },
    ],
    ...(options.pki && { pki: options.pki }),
    cookieThreshold: options.cookieThreshold ?? 1000,
    halfOpenLimit: options.halfOpenLimit ?? 10_000,
  };
}

/** Only the PAD entry: a policy may have more of them. */
export function padEntry(options: ConnectionOptions): PadEntry {
  const { name, address, peer, auth } = options;
  const remoteAddress = options.peerAddress ?? peer.address;
  const wanted = options.peerIdentity ?? peer.identity ?? peer.address;
  const anyAddress = remoteAddress === '%any';
  return {
    name,
    local: {
      address,
      port: 500,
      identity: parseIdentity(options.identity ?? address),
      auth: auth?.local ?? sharedKey,
      ...(auth?.credential && { credential: auth.credential }),
      ...(auth?.username !== undefined && { username: auth.username }),
    },
    remote: {
      address: anyAddress ? undefined : remoteAddress,
      port: options.peerPort ?? 500,
      identity: identityOrAny(wanted),
      auth: auth?.remote ?? sharedKey,
      ...(auth?.keys && { keys: auth.keys }),
    },
    ike: parseIkeProposals(options.ike ?? usual.ike),
    children: options.childless ? [] : [spdEntry(options)],
    start: 'add',
    encapsulation: 'auto',
    fragmentation: 'yes',
    retransmit: { interval: 500, timeout: 60_000 },
    lifetime: { ike: 0, margin: 0, fuzz: 0, rekey: true, reauth: false },
    dpdDelay: 0,
    dpdAction: 'clear',
    keyingTries: 1,
    natKeepalive: 0,
    unique: true,
    initialContact: true,
    vendorIds: [],
    ...options.entry,
  };
}

function spdEntry(options: ConnectionOptions): SpdEntry {
  const proposals = parseEspProposals(options.esp ?? usual.esp);
  checkWord('mode', options.mode ?? 'tunnel', ['tunnel', 'transport']);
  return {
    name: options.name,
    mode: options.mode ?? 'tunnel',
    action: 'protect',
    local: selectors(options.subnet ?? 'dynamic'),
    remote: selectors(options.peerSubnet ?? options.peer.subnet ?? 'dynamic'),
    proposals,
    // A key exchange method among the ESP algorithms asks for PFS.
    pfs: proposals.some(({ ke }) => ke.some((method) => method !== KeyExchangeMethod.NONE)),
    narrowing: true,
    lifetime: { time: 0, octets: 0, packets: 0 },
    replayWindow: 64,
    ...options.child,
  };
}

const identityOrAny = (text: string): Identity | undefined =>
  text === '%any' ? undefined : parseIdentity(text);

function selectors(text: string): SelectorPolicy[] {
  return text.split(',').map((each) => {
    if (each.trim() === 'dynamic') return dynamicSelector;
    const range = parseCidr(each.trim());
    if (range === undefined) throw new SyntaxError(`'${each}' is no network`);
    return allTraffic(range);
  });
}
