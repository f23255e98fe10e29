/** Two hosts with one connection between them. */
import type { Policy } from '../policy/policy.ts';
import { connection, type EndOptions } from './connection.ts';
import type { Host, HostOptions } from './host.ts';
import { type NetworkOptions, VirtualNetwork } from './network.ts';

type HostPart = Omit<HostOptions, 'name' | 'addresses' | 'policy'>;

/** One end: its connection, and the host it is on. */
export interface PairEnd extends EndOptions, HostPart {
  readonly address?: string;
}

/** What both ends have in common, and where one differs. */
export interface PairOptions extends PairEnd, NetworkOptions {
  readonly initiator?: PairEnd;
  readonly responder?: PairEnd;
  /** Hosts are added to this network instead of a new one. */
  readonly network?: VirtualNetwork;
}

export interface Pair {
  readonly network: VirtualNetwork;
  readonly initiator: Host;
  readonly responder: Host;
  /** The connection's name, at both ends: `pair`. */
  readonly name: string;
  /** The policies both began with; `change` makes others for `setPolicy`. */
  readonly policies: { readonly initiator: Policy; readonly responder: Policy };
  /** An end's policy with other options. */
  change(end: 'initiator' | 'responder', options: EndOptions): Policy;
  /** The initiator brings the connection up, and all goes on until no datagram is in flight. */
  up(): Pair;
}

const name = 'pair';

/**
 * Two hosts that can talk: `pair().up()` has an IKE SA and a Child SA. The initiator is 10.0.0.1, the responder 10.0.0.2,
 * unless said.
 */
export function pair(options: PairOptions = {}): Pair {
  const {
    initiator: own = {},
    responder: theirs = {},
    network: given,
    seed,
    latency,
    history,
    ...both
  } = options;
  const network =
    given ??
    new VirtualNetwork({
      ...(seed !== undefined && { seed }),
      ...(latency !== undefined && { latency }),
      ...(history !== undefined && { history }),
    });
  const ends = {
    initiator: { address: '10.0.0.1', ...both, ...own },
    responder: { address: '10.0.0.2', ...both, ...theirs },
  };
  const policyOf = (end: 'initiator' | 'responder', more: EndOptions = {}): Policy => {
    const peer = ends[end === 'initiator' ? 'responder' : 'initiator'];
    return connection({ name, ...ends[end], ...more, peer });
  };
  const policies = { initiator: policyOf('initiator'), responder: policyOf('responder') };
  const host = (end: 'initiator' | 'responder'): Host =>
    network.host({ ...ends[end], name: end, addresses: [ends[end].address], policy: policies[end] });
  const made: Pair = {
    network,
    name,
    policies,
    initiator: host('initiator'),
    responder: host('responder'),
    change: policyOf,
    up() {
      made.initiator.up(name);
      network.settle();
      return made;
    },
  };
  return made;
}
