/** What stands behind `left=` and `right=`, and which of the two is this host. */
import type { LabelMode } from '../policy/label.ts';
import { compareAddresses } from '../policy/range.ts';
import { formatAddress, parseAddress } from '../wire/address.ts';
import type { StoredCredentials } from './credentials.ts';
import type { End } from './lookup.ts';
import { type Mistakes, type Place, quoted } from './mistake.ts';
import type { ConnSettings } from './settings.ts';

/** What a host makes of security labels. */
export interface HostLabels {
  readonly mode: LabelMode;
  /** What is wrong with one. */
  readonly fault?: (label: Uint8Array) => string | undefined;
}

/** What only the host knows, gathered before the configuration is understood. */
export interface HostFacts {
  /** Addresses of this host. */
  readonly addresses: readonly string[];
  /** Addresses listened on, when given elsewhere than by `listen=`; they win over it. */
  readonly listen?: readonly string[];
  /** Source addresses of the default routes, for `left=%defaultroute`. */
  readonly defaultRoute?: { readonly ipv4?: string; readonly ipv6?: string };
  /** Addresses of the names of `hostsToResolve`; a name without one waits. */
  readonly resolved?: ReadonlyMap<string, readonly string[]>;
  /** The port of the IKE socket; tells two ends on one address apart. 500 unless given. */
  readonly ikePort?: number;
  /** Certificates and keys at hand; none unless given. */
  readonly credentials?: StoredCredentials;
  /** Unix seconds; without it no certificate is too old. */
  readonly unixTime?: number;
  /** Who decides on security labels; without it they are but names. */
  readonly labels?: HostLabels;
}

/** The value of `left=` or `right=`. */
export type HostSpec =
  | { readonly kind: 'address'; readonly address: Uint8Array }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'defaultRoute' };

/** Both ends of a conn, seen from this host. */
export interface Oriented {
  readonly ours: End;
  readonly theirs: End;
  readonly local: Uint8Array;
  /** Undefined: any address. */
  readonly remote: Uint8Array | undefined;
}

/** The address a name has for a conn, a name that has none yet, or a reported mistake. */
export type Orientation = Oriented | { readonly waitingFor: string } | undefined;

const hostName =
  /^(?=.{1,253}$)[\p{L}\p{N}_]([\p{L}\p{N}_-]*[\p{L}\p{N}_])?(\.[\p{L}\p{N}_]([\p{L}\p{N}_-]*[\p{L}\p{N}_])?)*\.?$/u;

/** True for what can be asked of DNS; `10.0.0.300` cannot. */
export function isHostName(text: string): boolean {
  return hostName.test(text) && !/^[\d.]+$/.test(text);
}

const groups = ['%group', '%opportunisticgroup', '%oppogroup', '%opportunistic', '%oppo'];

/** Reads `left=` or `right=`; undefined when it is missing or was reported. */
export function hostSpec(
  { name, at, settings }: ConnSettings,
  end: End,
  mistakes: Mistakes,
): HostSpec | undefined {
  const setting = settings.get(end);
  if (setting === undefined) {
    mistakes.error(
      at,
      `conn ${quoted(name)} has no ${end}=`,
      `${end}=ADDRESS, a host name, %defaultroute or %any`,
    );
    return undefined;
  }
  const text = setting.text.toLowerCase();
  const address = parseAddress(text);
  if (address !== undefined)
    return address.every((octet) => octet === 0) ? { kind: 'any' } : { kind: 'address', address };
  if (text === '%any' || text === '%any4' || text === '%any6') return { kind: 'any' };
  if (text === '%defaultroute') return { kind: 'defaultRoute' };
  if (isHostName(text)) return { kind: 'name', name: text };
  if (groups.includes(text)) {
    mistakes.warning(
      setting.at,
      `conn ${quoted(name)}: ${end}=${text} stands for any peer, as policy groups are not read yet`,
      `ikev2 up ${name} --peer ADDRESS, or a peer that begins`,
    );
    return { kind: 'any' };
  }
  if (/^%[a-z]/.test(text))
    mistakes.error(setting.at, `${end}=${quoted(text)}: interfaces are not supported yet`, 'an address');
  else
    mistakes.error(
      setting.at,
      `${end}=${quoted(setting.text)} is no address`,
      'an IPv4 or IPv6 address, a host name, %defaultroute or %any',
    );
  return undefined;
}

/** One end, as far as it is known. */
interface Candidate {
  readonly end: End;
  readonly found: Located;
  /** Whether its address is one of this host. */
  readonly here: boolean;
  /** `leftikeport=`, when it is said. */
  readonly port: number | undefined;
}

type Located = { readonly address: Uint8Array } | { readonly any: true } | { readonly waitingFor: string };

/**
 * Finds our end: the one whose address is in `listen`, or is %defaultroute. When both addresses are of this host, ours
 * is the end whose port (`leftikeport=`, or 500) is that of our socket.
 */
export function orient(
  conn: ConnSettings,
  facts: HostFacts,
  listen: readonly string[],
  mistakes: Mistakes,
): Orientation {
  const specs = { left: hostSpec(conn, 'left', mistakes), right: hostSpec(conn, 'right', mistakes) };
  if (specs.left === undefined || specs.right === undefined) return undefined;
  const left = candidate(conn, 'left', specs.left, specs.right, facts, listen, mistakes);
  const right = candidate(conn, 'right', specs.right, specs.left, facts, listen, mistakes);
  if (left === undefined || right === undefined) return undefined;
  const here = [left, right].filter((each) => each.here);
  const named = here.some((each) => each.port !== undefined);
  const ours =
    here.length === 2 && named ? here.filter((each) => (each.port ?? 500) === (facts.ikePort ?? 500)) : here;
  const [own] = ours;
  if (own !== undefined && ours.length === 1)
    return oriented(own, own === left ? right : left, conn, mistakes);
  const waiting = [left, right].map((each) => each.found).find((each) => 'waitingFor' in each);
  if (waiting !== undefined && 'waitingFor' in waiting) return waiting;
  undecided(conn, ours.length === 2, mistakes);
  return undefined;
}

function candidate(
  conn: ConnSettings,
  end: End,
  spec: HostSpec,
  other: HostSpec,
  facts: HostFacts,
  listen: readonly string[],
  mistakes: Mistakes,
): Candidate | undefined {
  const family = familyWanted(conn, other.kind === 'address' ? other.address : undefined);
  const found = locate(spec, family, facts, placeOf(conn, end), mistakes);
  if (found === undefined) return undefined;
  const here =
    'address' in found && (spec.kind === 'defaultRoute' || listen.includes(formatAddress(found.address)));
  const port = conn.settings.get(`${end}ikeport`)?.text;
  return { end, found, here, port: port === undefined ? undefined : Number(port) };
}

function oriented(own: Candidate, peer: Candidate, conn: ConnSettings, mistakes: Mistakes): Orientation {
  if (!('address' in own.found)) return undefined;
  if ('waitingFor' in peer.found) return peer.found;
  const local = own.found.address;
  const remote = 'address' in peer.found ? peer.found.address : undefined;
  if (remote !== undefined && remote.length !== local.length) {
    mistakes.error(placeOf(conn, peer.end), 'one end is IPv4 and the other IPv6', 'addresses of one family');
    return undefined;
  }
  return { ours: own.end, theirs: peer.end, local, remote };
}

function undecided(conn: ConnSettings, both: boolean, mistakes: Mistakes): void {
  const shown = quoted(
    `left=${conn.settings.get('left')?.text} right=${conn.settings.get('right')?.text}`,
  ).slice(1, -1);
  const what = both ? 'both ends are this host' : 'neither end is this host';
  const expected = both
    ? 'one end elsewhere, or at another leftikeport= or rightikeport='
    : 'one of them an address of this host (or of listen=), or %defaultroute';
  mistakes.error(conn.at, `conn ${quoted(conn.name)}: ${what} (${shown})`, expected);
}

function locate(
  spec: HostSpec,
  family: 4 | 16 | undefined,
  facts: HostFacts,
  at: Place,
  mistakes: Mistakes,
): Located | undefined {
  if (spec.kind === 'address') return { address: spec.address };
  if (spec.kind === 'any') return { any: true };
  return spec.kind === 'name' ? resolve(spec.name, family, facts) : defaultRoute(family, facts, at, mistakes);
}

function familyWanted(conn: ConnSettings, other: Uint8Array | undefined): 4 | 16 | undefined {
  const said = conn.settings.get('hostaddrfamily')?.word;
  if (said !== undefined) return said === 'ipv4' ? 4 : 16;
  if (other !== undefined) return other.length === 4 ? 4 : 16;
  return conn.settings.get('left')?.text === '%any6' || conn.settings.get('right')?.text === '%any6'
    ? 16
    : undefined;
}

function resolve(name: string, family: 4 | 16 | undefined, facts: HostFacts): Located {
  const address = (facts.resolved?.get(name) ?? [])
    .map(parseAddress)
    .find((each) => each !== undefined && (family === undefined || each.length === family));
  return address === undefined ? { waitingFor: name } : { address };
}

function defaultRoute(
  family: 4 | 16 | undefined,
  facts: HostFacts,
  at: Place,
  mistakes: Mistakes,
): Located | undefined {
  const { ipv4, ipv6 } = facts.defaultRoute ?? {};
  const text = family === undefined ? (ipv4 ?? ipv6) : family === 4 ? ipv4 : ipv6;
  const address = text === undefined ? undefined : parseAddress(text);
  if (address !== undefined) return { address };
  mistakes.error(
    at,
    `%defaultroute: this host has no${family === undefined ? '' : family === 4 ? ' IPv4' : ' IPv6'} default route`,
    'an address',
  );
  return undefined;
}

/** Where `left=` or `right=` stands. */
export function placeOf(conn: ConnSettings, name: string): Place {
  return conn.settings.get(name)?.at ?? conn.at;
}

/** Texts of addresses in canonical form; what is no address is left out. */
export function canonical(addresses: readonly string[]): string[] {
  const octets = addresses.map(parseAddress).filter((address) => address !== undefined);
  return octets.sort((a, b) => a.length - b.length || compareAddresses(a, b)).map(formatAddress);
}
