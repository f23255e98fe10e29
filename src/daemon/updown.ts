/** What an updown command is told, in pluto's variables (Libreswan 4.10's `ipsec_pluto(8)`, and what a live one gives). */
import { formatDn } from '../pki/index.ts';
import { formatIdentity } from '../policy/identity.ts';
import type { Mark, PadEntry, SpdEntry } from '../policy/policy.ts';
import { prefixRange } from '../policy/range.ts';
import { formatAddress, parseAddress } from '../wire/address.ts';
import { plutoIdentity, shellText } from './pluto-text.ts';

export type UpdownVerb = 'prepare' | 'route' | 'unroute' | 'up' | 'down';

/** A network of one end, with a protocol and a port (0: any) if it is for these alone. */
export interface Client {
  readonly address: Uint8Array;
  /** Bits of it that name the network. */
  readonly prefixLength: number;
  readonly protocol: number;
  readonly port: number;
}

/** An end of the tunnel: its address in canonical text, and its identity as `formatIdentity` writes it. */
export interface UpdownEnd {
  readonly address: string;
  readonly identity: string;
  readonly client: Client;
}

/** The child that comes or goes. Absent where only its traffic is routed. */
export interface UpdownChild {
  readonly inboundSpi: number;
  readonly outboundSpi: number;
  /** Unix seconds. */
  readonly addTime: number;
  readonly inboundOctets: number;
  readonly outboundOctets: number;
}

/** What the peer configured us with. */
export interface UpdownConfiguration {
  /** Our internal address. */
  readonly address: string | undefined;
  readonly dns: readonly string[];
  readonly domains: readonly string[];
}

export interface UpdownFacts {
  readonly entry: PadEntry;
  readonly spd: SpdEntry;
  readonly local: UpdownEnd;
  readonly remote: UpdownEnd;
  /** The device that has our address. */
  readonly device: string | undefined;
  /** Name of the data plane. */
  readonly stack: string;
  readonly reqid: number;
  /** The operator wants it up, and not just the peer. */
  readonly wanted: boolean;
  readonly configuration?: UpdownConfiguration;
  readonly child?: UpdownChild;
}

/** `up-client`, `route-host-v6`... The family is that of the tunnel's ends, not of what is in it. */
export function verbName(verb: UpdownVerb, { address, client }: UpdownEnd): string {
  const own = parseAddress(address);
  const isHost =
    client.prefixLength === client.address.length * 8 && formatAddress(client.address) === address;
  return `${verb}-${isHost ? 'host' : 'client'}${own?.length === 16 ? '-v6' : ''}`;
}

/**
 * All variables but those of the daemon's own environment. What the peer said of itself has no character that a shell
 * would read as more than text. As in pluto, SPI_IN is the SPI of what goes out, and SPI_OUT that of what comes in.
 */
export function updownEnvironment(verb: UpdownVerb, facts: UpdownFacts): Record<string, string> {
  const { entry, spd, local, remote, child, configuration } = facts;
  const { metric, mtu, nflog } = entry.updown ?? {};
  const source = entry.sourceAddress ?? configuration?.address;
  const own = parseAddress(local.address);
  const variables: Record<string, string | number | undefined> = {
    PLUTO_VERB: verbName(verb, local),
    PLUTO_CONNECTION: spd.name,
    PLUTO_CONNECTION_TYPE: spd.mode,
    PLUTO_VIRT_INTERFACE: 'NULL',
    PLUTO_INTERFACE: facts.device ?? 'NULL',
    PLUTO_XFRMI_ROUTE: '',
    PLUTO_NEXT_HOP: remote.address,
    PLUTO_ME: local.address,
    PLUTO_MY_ID: shellText(plutoIdentity(local.identity)),
    ...clientVariables('MY', local.client),
    PLUTO_SA_REQID: facts.reqid,
    PLUTO_SA_TYPE: child ? 'ESP' : 'none',
    PLUTO_PEER: remote.address,
    PLUTO_PEER_ID: shellText(plutoIdentity(remote.identity)),
    ...clientVariables('PEER', remote.client),
    PLUTO_PEER_CA: entry.remote.keys?.authority ? shellText(formatDn(entry.remote.keys.authority)) : '',
    PLUTO_STACK: facts.stack,
    PLUTO_METRIC: metric,
    PLUTO_MTU: mtu,
    PLUTO_ADDTIME: child?.addTime ?? 0,
    PLUTO_CONN_POLICY: policyText(facts),
    PLUTO_CONN_KIND: isInstance(entry, spd) ? 'CK_INSTANCE' : 'CK_PERMANENT',
    PLUTO_CONN_ADDRFAMILY: own?.length === 16 ? 'ipv6' : 'ipv4',
    XAUTH_FAILED: 0,
    PLUTO_MY_SOURCEIP: source,
    PLUTO_MOBIKE_EVENT: source && child ? '' : undefined,
    PLUTO_IS_PEER_CISCO: 0,
    PLUTO_PEER_DNS_INFO: child ? (configuration?.dns.join(' ') ?? '') : '',
    PLUTO_PEER_DOMAIN_INFO: child ? (configuration?.domains ?? []).filter(isPlainName).join(' ') : '',
    PLUTO_PEER_BANNER: '',
    PLUTO_CFG_SERVER: entry.configuration?.role === 'server' ? 1 : 0,
    PLUTO_CFG_CLIENT: entry.configuration?.role === 'client' ? 1 : 0,
    PLUTO_NM_CONFIGURED: 0,
    PLUTO_INBYTES: child?.inboundOctets,
    PLUTO_OUTBYTES: child?.outboundOctets,
    NFLOG: nflog,
    ...markVariables(spd),
    VTI_IFACE: '',
    VTI_ROUTING: 'no',
    VTI_SHARED: 'no',
    SPI_IN: spiText(child?.outboundSpi),
    SPI_OUT: spiText(child?.inboundSpi),
  };
  const known = Object.entries(variables).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([name, value]) => [name, String(value)]));
}

const spiText = (spi = 0): string => `0x${spi.toString(16)}`;

/** A name server's domain may become part of a shell's command. */
const isPlainName = (domain: string): boolean => /^[\w.-]+$/.test(domain);

function clientVariables(whose: 'MY' | 'PEER', { address, prefixLength, protocol, port }: Client) {
  const mask = prefixRange(new Uint8Array(address.length).fill(0xff), prefixLength)?.start ?? address;
  return {
    [`PLUTO_${whose}_CLIENT`]: `${formatAddress(address)}/${prefixLength}`,
    [`PLUTO_${whose}_CLIENT_NET`]: formatAddress(address),
    [`PLUTO_${whose}_CLIENT_MASK`]: formatAddress(mask),
    [`PLUTO_${whose}_PORT`]: port,
    [`PLUTO_${whose}_PROTOCOL`]: protocol,
  };
}

const markText = ({ value, mask }: Mark): string => `${value}/0x${mask.toString(16).padStart(8, '0')}`;

function markVariables({ settings }: SpdEntry): Record<string, string> {
  const [inbound, outbound] = [settings?.markIn ?? settings?.mark, settings?.markOut ?? settings?.mark];
  return {
    ...(inbound && { CONNMARK_IN: markText(inbound) }),
    ...(outbound && { CONNMARK_OUT: markText(outbound) }),
  };
}

/** What pluto makes of a template for each peer, or of what may be narrowed. */
export const isInstance = ({ remote }: PadEntry, { narrowing }: SpdEntry): boolean =>
  remote.address === undefined || narrowing;

/** `IKEv2+PSK+ENCRYPT+TUNNEL+PFS+UP+IKE_FRAG_ALLOW+ESN_NO+ESN_YES`. */
function policyText({ entry, spd, wanted }: UpdownFacts): string {
  const kinds = new Set([...entry.local.auth, ...entry.remote.auth].map(({ kind }) => kind));
  const esn = new Set(spd.proposals.flatMap(({ esn: numbers }) => numbers));
  const { lifetime, fragmentation, remote } = entry;
  const words: readonly (string | false)[] = [
    'IKEv2',
    kinds.has('psk') && 'PSK',
    kinds.has('signature') && 'RSASIG+ECDSA+RSASIG_v1_5',
    kinds.has('null') && 'AUTHNULL',
    'ENCRYPT',
    spd.mode === 'tunnel' && 'TUNNEL',
    spd.pfs && 'PFS',
    spd.settings?.decapDscp === true && 'DECAP_DSCP',
    spd.settings?.noPmtuDiscovery === true && 'NOPMTUDISC',
    remote.keys?.identityInCertificate === false && 'ALLOW_NO_SAN',
    !lifetime.rekey && 'DONT_REKEY',
    lifetime.reauth !== false && 'REAUTH',
    wanted && 'UP',
    spd.narrowing && 'IKEV2_ALLOW_NARROWING',
    fragmentation !== 'no' && 'IKE_FRAG_ALLOW',
    fragmentation === 'force' && 'IKE_FRAG_FORCE',
    esn.has(false) && 'ESN_NO',
    esn.has(true) && 'ESN_YES',
    spd.negotiationShunt === 'passthrough' && 'NEGO_PASS',
    spd.failureShunt === 'passthrough' && 'failurePASS',
    spd.failureShunt === 'drop' && 'failureDROP',
  ];
  return words.filter((word) => word !== false).join('+');
}

/** Of an end that is known by its policy alone. */
export const identityText = (identity: PadEntry['remote']['identity']): string =>
  identity === undefined ? '(none)' : formatIdentity(identity);
