/** Two hosts whose traffic asks for its children: what they have in common, and packets. */
import type { KernelCommand, KernelNotice, PolicyCommand } from '../../src/kernel/port.ts';
import type { SpdEntry } from '../../src/policy/policy.ts';
import { formatSelector } from '../../src/policy/selector.ts';
import { type EndOptions, type Host, type Pair, type PairOptions, pair } from '../../src/testing/index.ts';
import { parseAddress } from '../../src/wire/address.ts';
import type { RangeSelector } from '../../src/wire/payloads/ts.ts';

export type Acquire = Extract<KernelNotice, { kind: 'acquire' }>;

/** 10.1.0.0/16 behind the initiator and 10.2.0.0/16 behind the responder, which only waits unless said. */
export function onDemand(
  child: Partial<Omit<SpdEntry, 'name'>> = {},
  { initiator, responder, ...both }: PairOptions = {},
): Pair {
  return pair({
    ...both,
    initiator: {
      subnet: '10.1.0.0/16',
      child,
      ...initiator,
      entry: { start: 'ondemand', ...initiator?.entry },
    },
    responder: { subnet: '10.2.0.0/16', child, ...responder },
  });
}

/** As `onDemand`, and both ends ask. */
export const bothOnDemand = (child: Partial<Omit<SpdEntry, 'name'>> = {}): Pair =>
  onDemand(child, { responder: { entry: { start: 'ondemand' } } });

export const host = (address: string, protocol = 0, port?: number): RangeSelector => {
  const octets = parseAddress(address) ?? new Uint8Array(0);
  const ports = port === undefined ? { startPort: 0, endPort: 0xffff } : { startPort: port, endPort: port };
  return { kind: 'range', protocol, ...ports, start: octets, end: octets };
};

/** The on-demand policies' reqid. */
export const reqidOf = (at: Host): number => at.status.routes[0]?.reqid ?? -1;

let sequence = 100;

/** A packet the data plane has no SA for. */
export function packet(at: Host, from: string, to: string, more: Partial<Acquire> = {}): Acquire {
  const notice: Acquire = {
    kind: 'acquire',
    reqid: reqidOf(at),
    sequence: ++sequence,
    local: host(from, 6, 40_000),
    remote: host(to, 6, 80),
    ...more,
  };
  at.feed({ type: 'kernel', notice });
  return notice;
}

/** `out 1 10.1.0.0/16 10.2.0.0/16`, and what it does beside protecting. */
export const policyText = ({ direction, reqid, local, remote, action, rank }: PolicyCommand): string =>
  [direction, reqid, formatSelector(local), formatSelector(remote), action, rank]
    .filter((part) => part !== undefined)
    .join(' ');

/** Commands in short: `addSa in`, `addPolicy out 1 …`. */
export const commandText = (command: KernelCommand): string => {
  switch (command.kind) {
    case 'addSa':
      return `addSa ${command.sa.direction}`;
    case 'addPolicy':
    case 'deletePolicy':
      return `${command.kind} ${command.policy.direction}${command.policy.action ? ` ${command.policy.action}` : ''}`;
    default:
      return command.kind;
  }
};

/** What is commanded from here on. */
export function watching(at: Host): () => string[] {
  const from = at.memory.applied.length;
  return () => at.memory.applied.slice(from).map(commandText);
}

/** What became of packets, in order. */
export const flowStates = (at: Host): string[] => at.told('flow').map(({ state }) => state);

/** The policy of an end, on demand or not, whatever else. */
export const entryOf = (start: 'ondemand' | 'add', more: EndOptions = {}): EndOptions => ({
  ...more,
  entry: { start, ...more.entry },
});
