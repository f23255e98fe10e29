/** What is up, as plain values for people and programs. */
import { formatIdentity } from '../policy/identity.ts';
import { formatRange } from '../policy/range.ts';
import type { ChildName, Path, SaName } from './actions.ts';
import { childName, describeSelectors } from './child-sa.ts';
import type { IkeSa } from './ike-sa.ts';
import { isKeyed, type PhaseName } from './phase.ts';
import { describeEspSuite, describeIkeSuite } from './suite-text.ts';

export interface ChildSaStatus extends ChildName {
  readonly mode: 'tunnel' | 'transport';
  readonly suite: string;
  readonly local: string;
  readonly remote: string;
  readonly reqid: number;
  readonly encapsulated: boolean;
}

export interface IkeSaStatus extends SaName {
  readonly phase: PhaseName;
  readonly path: Path;
  readonly suite: string | undefined;
  readonly localId: string | undefined;
  readonly remoteId: string | undefined;
  readonly nat: { readonly here: boolean; readonly peer: boolean };
  /** Internal addresses: ours from the peer, and the peer's from our pools. */
  readonly internal: { readonly local: readonly string[]; readonly remote: readonly string[] };
  readonly children: readonly ChildSaStatus[];
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
    nat: { ...sa.nat },
    internal: {
      local: sa.internal.assigned.map(formatRange),
      remote: sa.internal.leases.map(formatRange),
    },
    children: [...sa.children.values()].map((child) => ({
      ...childName(child),
      mode: child.mode,
      suite: describeEspSuite(child.suite),
      local: describeSelectors(child.local),
      remote: describeSelectors(child.remote),
      reqid: child.reqid,
      encapsulated: child.encapsulated,
    })),
  };
}
