/** Which SPD entry of a connection a peer's traffic selectors are for, and what they are narrowed to. RFC 7296 §2.9. */
import type { PadEntry, SpdEntry } from '../policy/policy.ts';
import { holdsEach, narrow, sameSelectors, toWire, within } from '../policy/selector.ts';
import { NotifyType } from '../wire/numbers.ts';
import type { RangeSelector, TrafficSelector } from '../wire/payloads/ts.ts';
import { describeSelectors } from './child-sa.ts';
import { NotifyError } from './errors.ts';
import type { IkeSa } from './ike-sa.ts';
import { ownSelectors, peerSelectors } from './internal-addresses.ts';

export interface Match {
  readonly spd: SpdEntry;
  readonly local: readonly RangeSelector[];
  readonly remote: readonly RangeSelector[];
  /** Traffic the peer asked for that another child of ours would take. */
  readonly more: boolean;
}

interface Offered {
  readonly mode: SpdEntry['mode'];
  readonly tsi: readonly TrafficSelector[];
  readonly tsr: readonly TrafficSelector[];
}

/** An entry that fits: what is agreed on, and all that it would take. */
interface Fit extends Omit<Match, 'more'> {
  readonly whole: { readonly local: readonly RangeSelector[]; readonly remote: readonly RangeSelector[] };
}

/** Selectors of one end of a child: each pair of both ends costs policies. */
const mostSelectors = 16;
/** Selectors are resolved: no address has to stand for a dynamic one. */
const nothing = new Uint8Array(0);

/**
 * An entry equal to the offer, else the narrowest that holds all of it, else the first that holds some. A rekey keeps the
 * entry of the child it `replaces`. Throws NotifyError TS_UNACCEPTABLE, or NO_PROPOSAL_CHOSEN for the other mode.
 */
export function matchSpd(sa: IkeSa, entry: PadEntry, offered: Offered, replaces?: SpdEntry): Match {
  const entries = (replaces ? [replaces] : entry.children).filter(({ action }) => action === 'protect');
  const fitting = entries.flatMap((spd) => fitOf(sa, spd, offered) ?? []);
  const ofMode = fitting.filter(({ spd }) => spd.mode === offered.mode);
  const best = bestOf(ofMode, offered);
  if (best) {
    const { spd } = best;
    const [local, remote] = spd.narrowing
      ? [best.local.slice(0, mostSelectors), best.remote.slice(0, mostSelectors)]
      : [best.local, best.remote];
    const cut = local.length < best.local.length || remote.length < best.remote.length;
    const more = ofMode.some((other) => !within(other.local, local) || !within(other.remote, remote));
    return { spd, local, remote, more: cut || more };
  }
  if (fitting.length > 0)
    throw refuse(NotifyType.NO_PROPOSAL_CHOSEN, `the peer wants ${offered.mode} mode, our policy does not`);
  const wanted = `TSi ${describeSelectors(offered.tsi)} TSr ${describeSelectors(offered.tsr)}`;
  const near = entries.find((spd) => fitOf(sa, { ...spd, narrowing: true }, offered));
  throw refuse(
    NotifyType.TS_UNACCEPTABLE,
    near
      ? `${wanted} is not just what child ${near.name} protects, and narrowing=no`
      : `${wanted} fits no child of ${entry.name}`,
  );
}

/** With `narrowing=no` each selector of ours must be among those offered, but for addresses that we gave the peer. */
function fitOf(sa: IkeSa, spd: SpdEntry, { tsi, tsr }: Offered): Fit | undefined {
  const [own, peers] = [ownSelectors(sa, spd.local), peerSelectors(sa, spd.remote)];
  const onWire = (each: (typeof own)[number]): RangeSelector => toWire(each, nothing);
  const whole = { local: own.map(onWire), remote: peers.map(onWire) };
  const [local, remote] = [narrow(tsr, own, nothing), narrow(tsi, peers, nothing)];
  if (local.length === 0 || remote.length === 0) return undefined;
  if (spd.narrowing) return { spd, local, remote, whole };
  const leased = sa.internal.leases.length > 0;
  if (!holdsEach(tsr, whole.local) || !(leased || holdsEach(tsi, whole.remote))) return undefined;
  return { spd, local: whole.local, remote: leased ? remote : whole.remote, whole };
}

function bestOf(fitting: readonly Fit[], { tsi, tsr }: Offered): Fit | undefined {
  const equal = ({ whole }: Fit): boolean =>
    sameSelectors(whole.local, tsr) && sameSelectors(whole.remote, tsi);
  const holding = fitting.filter(({ whole }) => within(tsr, whole.local) && within(tsi, whole.remote));
  const narrowest = holding.find(
    (one) => !holding.some((other) => inside(other, one) && !inside(one, other)),
  );
  return holding.find(equal) ?? narrowest ?? fitting[0];
}

const inside = ({ whole: inner }: Fit, { whole: outer }: Fit): boolean =>
  within(inner.local, outer.local) && within(inner.remote, outer.remote);

const refuse = (notify: number, why: string): NotifyError => new NotifyError(notify, why, { scope: 'child' });
