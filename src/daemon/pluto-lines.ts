/** SAs and shunts in the lines of `ipsec trafficstatus`, `showstates` and `shuntstatus`: Libreswan 4.10's, without its numbers. */
import { plutoIdentity, readableLimit, readableOctets, terminalText } from './pluto-text.ts';
import type { DaemonStatus, NumberedChildSa, NumberedIkeSa, ShuntStatus } from './status.ts';

/** A child with its IKE SA and what it carried. */
export interface ChildTraffic {
  readonly sa: NumberedIkeSa;
  readonly child: NumberedChildSa;
  readonly inOctets: number;
  readonly outOctets: number;
  /** The internal address that the child is for. */
  readonly lease: string | undefined;
}

/** The children there are, by their numbers. */
export function childTraffic({ ikeSas, traffic }: DaemonStatus): ChildTraffic[] {
  return ikeSas
    .flatMap((sa) =>
      sa.children.map((child): ChildTraffic => {
        const { in: inbound, out: outbound } = traffic[child.inboundSpi] ?? {};
        return {
          sa,
          child,
          inOctets: inbound?.octets ?? 0,
          outOctets: outbound?.octets ?? 0,
          lease: sa.internal.remote[0] ?? sa.internal.local[0],
        };
      }),
    )
    .sort((one, other) => one.child.number - other.child.number);
}

/** `#2: "net", type=ESP, add_time=1700000000, inBytes=84, outBytes=84, maxBytes=2^63B, id='@b'`. */
export function trafficLine({ sa, child, inOctets, outOctets, lease }: ChildTraffic, any: boolean): string {
  const id = sa.remoteId === undefined ? '' : terminalText(plutoIdentity(sa.remoteId));
  return [
    `#${child.number}: ${nameOf(child.child, sa, any)}`,
    'type=ESP',
    `add_time=${child.addTime}`,
    `inBytes=${inOctets}`,
    `outBytes=${outOctets}`,
    `maxBytes=${readableLimit(child.maxOctets)}`,
    `id='${id}'`,
    ...(lease === undefined ? [] : [`lease=${lease}`]),
    ...(child.label === undefined ? [] : [`sec_label=${child.label}`]),
  ].join(', ');
}

/** The lines of an IKE SA and of its children. */
export function stateLines(sa: NumberedIkeSa, status: DaemonStatus, any: boolean): string[] {
  const { now, ikeSas } = status;
  const name = sa.connection ?? '?';
  const isNewest = ikeSas.every(
    ({ connection, number }) => connection !== sa.connection || number <= sa.number,
  );
  const { state, story } = ikeState(sa);
  const words = [...dues(sa, now), ...(isNewest ? ['newest'] : []), 'idle'];
  const { port } = sa.path.remote;
  return [
    `#${sa.number}: ${nameOf(name, sa, any)}:${port} ${state} (${story}); ${words.join('; ')};`,
    ...sa.children.flatMap((child) => childLines(sa, child, status, any)),
  ];
}

function childLines(
  sa: NumberedIkeSa,
  child: NumberedChildSa,
  { now, traffic }: DaemonStatus,
  any: boolean,
): string[] {
  const { local, remote } = sa.path;
  const head = `#${child.number}: ${nameOf(child.child, sa, any)}`;
  const isOwner = child.state === 'installed';
  const words = [
    ...dues(child, now),
    ...(isOwner ? ['newest', 'eroute owner'] : []),
    `IKE SA #${sa.number}`,
    'idle',
  ];
  const said = (protocol: string, spi: number, address: string): string =>
    `${protocol}${address.includes(':') ? ':' : '.'}${spi.toString(16)}@${address}`;
  const ends = [
    said('esp', child.outboundSpi, remote.address),
    said('esp', child.inboundSpi, local.address),
    ...(child.mode === 'tunnel' ? [said('tun', 0, remote.address), said('tun', 0, local.address)] : []),
  ];
  const { in: inbound, out: outbound } = traffic[child.inboundSpi] ?? {};
  const amounts = `ESPin=${readableOctets(inbound?.octets ?? 0)} ESPout=${readableOctets(outbound?.octets ?? 0)} ESPmax=${readableLimit(child.maxOctets)}`;
  return [
    `${head}:${remote.port} STATE_V2_ESTABLISHED_CHILD_SA (established Child SA); ${words.join('; ')};`,
    `${head} ${ends.join(' ')} Traffic: ${amounts}`,
  ];
}

/** `10.0.0.1/32:0 -0-> 10.0.0.2/32:0 => %pass 0    failure`. */
export function shuntLine({ local, remote, what, why }: ShuntStatus): string {
  const [own, peers] = [local, remote].map(endOf);
  const action = what === 'bypass' ? '%pass' : why === 'negotiation' ? '%hold' : '%drop';
  const protocol = own?.protocol || peers?.protocol || 0;
  return `${own?.network}:${own?.port} -${protocol}-> ${peers?.network}:${peers?.port} => ${action} 0    ${why}`;
}

const protocols: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, 'ipv6-icmp': 58 };

/** Of a selector's text: `10.1.0.1/32[tcp/80]`. */
function endOf(text: string): { network: string; protocol: number; port: number } {
  const [, network = text, protocol = '0', port = '0'] =
    /^([^[ ]+)(?:\[([^/\]]+)(?:\/([^\]]+))?\])?/.exec(text) ?? [];
  return {
    network,
    protocol: protocols[protocol] ?? (Number.parseInt(protocol, 10) || 0),
    port: /^\d+(\(|$)/.test(port) ? Number.parseInt(port, 10) : 0,
  };
}

/** `"net"`; of a connection for any peer `"net"[1] 192.0.2.2`. */
const nameOf = (name: string, { instance, path }: NumberedIkeSa, any: boolean): string =>
  any ? `"${name}"[${instance}] ${path.remote.address}` : `"${name}"`;

function ikeState({ phase, role }: NumberedIkeSa): { state: string; story: string } {
  if (phase === 'established' || phase === 'replaced')
    return { state: 'STATE_V2_ESTABLISHED_IKE_SA', story: 'established IKE SA' };
  if (phase === 'init' && role === 'initiator')
    return { state: 'STATE_V2_PARENT_I1', story: 'sent IKE_SA_INIT request' };
  if (phase === 'authenticating' && role === 'initiator')
    return { state: 'STATE_V2_PARENT_I2', story: 'sent IKE_AUTH request' };
  if (phase === 'init' || phase === 'authenticating')
    return { state: 'STATE_V2_PARENT_R1', story: 'sent IKE_SA_INIT reply' };
  return { state: 'STATE_V2_IKE_SA_DELETE', story: 'IKE SA deleted' };
}

/** `REKEY in 27854s`, `REPLACE in 28799s`; `EXPIRE` where no rekey of ours is due. */
function dues({ rekeyAt, endsAt }: NumberedChildSa | NumberedIkeSa, now: number): string[] {
  const seconds = (at: number): number => Math.max(0, Math.floor((at - now) / 1000));
  const end = rekeyAt === undefined ? 'EXPIRE' : 'REPLACE';
  return [
    ...(rekeyAt === undefined ? [] : [`REKEY in ${seconds(rekeyAt)}s`]),
    ...(endsAt === undefined ? [] : [`${end} in ${seconds(endsAt)}s`]),
  ];
}
