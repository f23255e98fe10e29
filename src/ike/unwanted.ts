/** What becomes of an IKE SA that was begun for a packet. */
import type { SpdEntry } from '../policy/policy.ts';
import type { Failure } from './actions.ts';
import type { Context } from './context.ts';
import type { Demand } from './demand.ts';
import type { IkeSa } from './ike-sa.ts';

/** Its child came to nothing. An IKE SA without children that nobody but packets wanted goes, if none of them waits. */
export function failDemand(
  sa: IkeSa,
  { spd, demand }: { readonly spd: SpdEntry; readonly demand?: Demand | undefined },
  reason: Failure,
  { flows }: Pick<Context, 'flows'>,
): void {
  if (demand === undefined) return;
  demand.end(reason);
  const forPackets = sa.first !== undefined && !sa.first.isUp && spd.template === true;
  if (forPackets && sa.children.size === 0 && !flows.isWaitedFor(sa.children)) sa.leaveSoon(reason);
}
