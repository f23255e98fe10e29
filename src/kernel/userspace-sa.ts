/** Kernel commands as SAs and policies of `esp/`. */
import type { Crypto } from '../crypto/provider.ts';
import { espSuite } from '../crypto/suite.ts';
import type { IpHeader, Port, Selector } from '../esp/ip.ts';
import { type Protection, protection } from '../esp/packet.ts';
import { type EspSa, inboundSa, type Mode, outboundSa, type SaPath, type SaTerms } from '../esp/sa.ts';
import type { SpdPolicy } from '../esp/spd.ts';
import { parseAddress } from '../wire/address.ts';
import { toHex } from '../wire/hex.ts';
import type { TrafficSelector } from '../wire/payloads/ts.ts';
import { type KernelCommand, KernelError, type PolicyCommand, type SaCommand } from './port.ts';
import { libreswanPriority, PriorityBase } from './xfrm/priority.ts';

type Kind = KernelCommand['kind'];

/**
 * An SA with its own copy of the keys. Throws KernelError: ENOSYS (unknown transform), EINVAL (key length,
 * address, selectors), EOPNOTSUPP (no UDP encapsulation).
 */
export function saFrom(crypto: Crypto, command: SaCommand): EspSa {
  const path = saPath('addSa', {
    source: command.source,
    destination: command.id.destination,
    ...(command.encapsulation && { encapsulation: command.encapsulation }),
  });
  const [local, remote] = [ranges('addSa', command.local), ranges('addSa', command.remote)];
  const terms: SaTerms = {
    spi: command.id.spi,
    mode: modeOf(command, path, local, remote),
    reqid: command.reqid,
    protection: protectionOf(crypto, command),
    local,
    remote,
    ...(command.label && { label: toHex(command.label) }),
  };
  if (command.direction === 'out') return outboundSa(terms, path);
  return inboundSa(terms, path, command.replayWindow);
}

/** Throws KernelError EOPNOTSUPP without encapsulation: there is no IP protocol 50 here. */
export function saPath(
  kind: Kind,
  to: {
    readonly source: string;
    readonly destination: string;
    readonly encapsulation?: SaCommand['encapsulation'];
  },
): SaPath {
  if (to.encapsulation === undefined) throw new KernelError(kind, 'EOPNOTSUPP', 'ESP without UDP');
  const { sourcePort, destinationPort } = to.encapsulation;
  return {
    source: { address: to.source, port: sourcePort },
    destination: { address: to.destination, port: destinationPort },
  };
}

/** Throws KernelError EINVAL: selectors of no addresses. */
export function policyOf(kind: Kind, command: PolicyCommand): SpdPolicy {
  const { reqid, local, remote, label, action = 'protect', rank = 'connection', settings } = command;
  const priority = settings?.priority ?? libreswanPriority({ local, remote, base: bases[rank] });
  const ends = { local: range(kind, local), remote: range(kind, remote) };
  return { action, reqid, priority, ...ends, ...(label && { label: toHex(label) }) };
}

const bases: Readonly<Record<NonNullable<PolicyCommand['rank']>, number>> = {
  shunt: PriorityBase.SHUNT,
  connection: PriorityBase.STATIC,
  opportunistic: PriorityBase.OPPORTUNISTIC,
  anonymous: PriorityBase.ANONYMOUS,
};

/** Selectors of nothing but one packet's kind, for an acquire. */
export const exactSelectors = (header: IpHeader) => ({
  local: exact(header.source, header.protocol, header.sourcePort),
  remote: exact(header.destination, header.protocol, header.destinationPort),
});

function exact(address: Uint8Array, protocol: number, port: Port): TrafficSelector {
  const [startPort, endPort] = typeof port === 'number' ? [port, port] : [0, 65535];
  return { kind: 'range', protocol, startPort, endPort, start: address.slice(), end: address.slice() };
}

function protectionOf(crypto: Crypto, { encryption, integrity, esn }: SaCommand): Protection {
  const suite = espSuite(crypto, {
    encr: encryption.transform,
    keyBits: encryption.keyBits,
    integ: integrity?.transform ?? 0,
    esn,
  });
  if (suite === undefined) {
    const detail = `ENCR ${encryption.transform}/${encryption.keyBits} INTEG ${integrity?.transform ?? 0}`;
    throw new KernelError('addSa', 'ENOSYS', detail);
  }
  try {
    return protection(crypto, suite, encryption.key, integrity?.key);
  } catch (error) {
    if (error instanceof RangeError) throw new KernelError('addSa', 'EINVAL', error.message);
    throw error;
  }
}

/** Transport mode's ends: a selector's only address, as the peers know it; else the SA's own. */
function modeOf(
  { mode, direction }: SaCommand,
  path: SaPath,
  ours: readonly Selector[],
  peers: readonly Selector[],
): Mode {
  if (mode === 'tunnel') return { kind: 'tunnel' };
  const [here, there] =
    direction === 'in' ? [path.destination, path.source] : [path.source, path.destination];
  const local = only(ours) ?? address(here.address);
  const remote = only(peers) ?? address(there.address);
  if (local.length !== remote.length) throw new KernelError('addSa', 'EINVAL', 'two IP versions');
  return { kind: 'transport', local, remote };
}

function only(selectors: readonly Selector[]): Uint8Array | undefined {
  const [first, ...others] = selectors;
  if (first === undefined) return undefined;
  const all = [first.end, ...others.flatMap(({ start, end }) => [start, end])];
  return all.every((octets) => equal(octets, first.start)) ? first.start : undefined;
}

function address(text: string): Uint8Array {
  const octets = parseAddress(text);
  if (octets === undefined) throw new KernelError('addSa', 'EINVAL', `address ${text}`);
  return octets;
}

const ranges = (kind: Kind, selectors: readonly TrafficSelector[]): Selector[] =>
  selectors.map((selector) => range(kind, selector));

/** Copied: a command's octets may be of a datagram's buffer. */
function range(kind: Kind, selector: TrafficSelector): Selector {
  if (selector.kind !== 'range') throw new KernelError(kind, 'EINVAL', `selector ${selector.kind}`);
  const { protocol, startPort, endPort, start, end } = selector;
  return { protocol, startPort, endPort, start: start.slice(), end: end.slice() };
}

const equal = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((octet, i) => octet === b[i]);
