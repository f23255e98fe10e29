/** What is up, as plain values for people and programs. */
import { formatIdentity } from '../policy/identity.ts';
import { formatLabel, mostLabelOctets } from '../policy/label.ts';
import { formatRange } from '../policy/range.ts';
import type { ChildName, Millis, Path, Proofs, SaName } from './actions.ts';
import { type ChildSa, childName, describeSelectors } from './child-sa.ts';
import type { IkeSa } from './ike-sa.ts';
import { isKeyed, type PhaseName } from './phase.ts';
import { describeEspSuite, describeIkeSuite } from './suite-text.ts';
import type { Ends } from './upkeep.ts';

/** On the engine's clock; absent: never, or a rekey that has begun already. */
export interface Due {
  readonly rekeyAt?: Millis;
  readonly endsAt?: Millis;
}

export interface ChildSaStatus extends ChildName, Due {
  /** `replaced`: another took over by a rekey, and it goes; `new`: by the peer's, who has yet to move to it. */
  readonly state: 'installed' | 'new' | 'replaced';
  readonly mode: 'tunnel' | 'transport';
  readonly suite: string;
  readonly local: string;
  readonly remote: string;
  /** Of its packets, as text. */
  readonly label?: string;
  readonly reqid: number;
  readonly encapsulated: boolean;
  readonly since: Millis;
}

export interface IkeSaStatus extends SaName, Due {
  readonly phase: PhaseName;
  readonly path: Path;
  readonly suite: string | undefined;
  readonly localId: string | undefined;
  readonly remoteId: string | undefined;
  readonly proofs: Proofs | undefined;
  readonly nat: { readonly here: boolean; readonly peer: boolean };
  /** Internal addresses: ours from the peer, and the peer's from our pools. */
  readonly internal: { readonly local: readonly string[]; readonly remote: readonly string[] };
  readonly children: readonly ChildSaStatus[];
}

/** All there is. */
export interface EngineStatus {
  readonly ikeSas: readonly IkeSaStatus[];
  readonly routes: readonly RouteStatus[];
  readonly shunts: readonly ShuntStatus[];
}

/** An on-demand policy: a packet it selects asks for a child, unless one is there. */
export interface RouteStatus {
  readonly connection: string;
  readonly child: string;
  readonly local: string;
  readonly remote: string;
  readonly what: 'protect';
  /** Of its policies, as text. */
  readonly label?: string;
  readonly mode: 'tunnel' | 'transport';
  readonly reqid: number;
  readonly since: Millis;
  /** Flows whose child is negotiated. */
  readonly negotiating: number;
}

/** What goes in clear, or not at all. */
export interface ShuntStatus {
  readonly connection: string;
  readonly child: string;
  readonly local: string;
  readonly remote: string;
  readonly what: 'bypass' | 'discard';
  /** A connection that says so; or a flow whose child is negotiated, or could not be. */
  readonly why: 'policy' | 'negotiation' | 'failure';
  readonly reqid: number;
  readonly since: Millis;
  /** When a flow may ask again. */
  readonly until?: Millis;
}

export function statusOf(sa: IkeSa): IkeSaStatus {
  const { phase } = sa;
  const known = phase.name === 'established' ? phase : undefined;
  return {
    ...sa.name,
    phase: phase.name,
    path: sa.path,
    suite: isKeyed(phase) ? describeIkeSuite(phase.suite) : undefined,
    localId: known && formatIdentity(known.localId),
    remoteId: known && formatIdentity(known.remoteId),
    proofs: known?.proofs,
    nat: { ...sa.nat },
    internal: {
      local: sa.internal.assigned.map(formatRange),
      remote: sa.internal.leases.map(formatRange),
    },
    ...due(sa.upkeep.ends),
    // A replaced SA has passed them on.
    children: sa.children.owner === sa ? [...sa.children.values()].map(childStatus) : [],
  };
}

const childStatus = (child: ChildSa): ChildSaStatus => ({
  ...childName(child),
  state: child.heir ? 'replaced' : child.outboundHeld ? 'new' : 'installed',
  mode: child.mode,
  suite: describeEspSuite(child.suite),
  local: describeSelectors(child.local),
  remote: describeSelectors(child.remote),
  ...(child.label && { label: formatLabel(child.label, mostLabelOctets) }),
  reqid: child.reqid,
  encapsulated: child.encapsulated,
  since: child.since,
  ...due(child.ends),
});

const due = ({ soft, hard }: Readonly<Ends> = never): Due => ({
  ...(Number.isFinite(soft) && { rekeyAt: soft }),
  ...(Number.isFinite(hard) && { endsAt: hard }),
});

const never: Ends = { soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY };
