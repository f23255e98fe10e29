/** Which SPD entry of a connection a peer's traffic selectors are for, and what they are narrowed to. RFC 7296 §2.9. */
import type { LabelAccess } from '../policy/label.ts';
import type { PadEntry, SpdEntry } from '../policy/policy.ts';
import { holdsEach, narrow, sameSelectors, toWire, within } from '../policy/selector.ts';
import { NotifyType } from '../wire/numbers.ts';
import type { RangeSelector } from '../wire/payloads/ts.ts';
import type { LabelRefusal } from './actions.ts';
import type { ChildSa } from './child-sa.ts';
import { NotifyError } from './errors.ts';
import type { IkeSa } from './ike-sa.ts';
import { ownSelectors, peerSelectors } from './internal-addresses.ts';
import { askedOnce, chooseLabel, describeBoth, mostBesideLabel, type OfferedLabels } from './labels.ts';

export interface Match {
  readonly spd: SpdEntry;
  readonly local: readonly RangeSelector[];
  readonly remote: readonly RangeSelector[];
  /** One of those offered, as it was. */
  readonly label?: Uint8Array;
  /** Traffic the peer asked for that another child of ours would take. */
  readonly more: boolean;
}

/** Selectors of addresses, and the labels beside them. */
export interface Offered {
  readonly mode: SpdEntry['mode'];
  readonly tsi: readonly RangeSelector[];
  readonly tsr: readonly RangeSelector[];
  readonly labels: OfferedLabels;
}

/** An entry that fits: what is agreed on, and all that it would take. */
interface Fit extends Omit<Match, 'more'> {
  readonly whole: { readonly local: readonly RangeSelector[]; readonly remote: readonly RangeSelector[] };
  /** Its label is the entry's own. */
  readonly exact?: boolean;
}

/** Selectors of one end of a child: each pair of both ends costs policies. */
const mostSelectors = 16;
/** Selectors are resolved: no address has to stand for a dynamic one. */
const nothing = new Uint8Array(0);

/**
 * An entry equal to the offer, else the narrowest that holds all of it, else the first that holds some; of labelled ones
 * those first that are of a label offered. A rekey keeps the entry and the label of the child it `replaces`. Throws
 * NotifyError TS_UNACCEPTABLE, or NO_PROPOSAL_CHOSEN for the other mode.
 */
export function matchSpd(
  sa: IkeSa,
  entry: PadEntry,
  offered: Offered,
  access: LabelAccess,
  replaces?: ChildSa,
): Match {
  const entries = (replaces ? [replaces.spd] : entry.children).filter(({ action }) => action === 'protect');
  const fitting = entries.flatMap((spd) => fitOf(sa, spd, offered) ?? []);
  const ofMode = labelled(
    fitting.filter(({ spd }) => spd.mode === offered.mode),
    offered,
    access,
    replaces?.label,
  );
  const exact = ofMode.filter((fit) => fit.exact);
  const best = bestOf(exact.length > 0 ? exact : ofMode, offered);
  if (best) {
    const { spd, label } = best;
    const most = label ? mostBesideLabel : mostSelectors;
    const [local, remote] = spd.narrowing
      ? [best.local.slice(0, most), best.remote.slice(0, most)]
      : [best.local, best.remote];
    const cut = local.length < best.local.length || remote.length < best.remote.length;
    const more = ofMode.some((other) => !within(other.local, local) || !within(other.remote, remote));
    return { spd, local, remote, more: cut || more, ...(label && { label }) };
  }
  if (fitting.length > 0)
    throw refuse(NotifyType.NO_PROPOSAL_CHOSEN, `the peer wants ${offered.mode} mode, our policy does not`);
  const wanted = describeBoth(offered);
  if (offered.tsi.length === 0 && offered.labels.labels.length > 0)
    throw refuseLabel({ check: 'alone', said: 'a label is never alone', selectors: wanted });
  const near = entries.find((spd) => fitOf(sa, { ...spd, narrowing: true }, offered));
  throw refuse(
    NotifyType.TS_UNACCEPTABLE,
    near
      ? `${wanted} is not just what child ${near.name} protects, and narrowing=no`
      : `${wanted} fits no child of ${entry.name}`,
  );
}

/** Those whose label is among the offered ones, or that have none as none is. Throws when that is none of them. */
function labelled(
  fitting: readonly Fit[],
  offered: Offered,
  access: LabelAccess,
  replaces: Uint8Array | undefined,
): Fit[] {
  const once = askedOnce(access);
  let refusal: Omit<LabelRefusal, 'selectors'> | undefined;
  const kept = fitting.flatMap((fit) => {
    const choice = chooseLabel(fit.spd, offered.labels, once, replaces);
    if (!('check' in choice)) return [{ ...fit, ...choice }];
    refusal ??= choice;
    return [];
  });
  if (kept.length === 0 && refusal) throw refuseLabel({ ...refusal, selectors: describeBoth(offered) });
  return kept;
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

function refuseLabel(label: LabelRefusal): NotifyError {
  const named = label.label === undefined ? 'label' : `label ${label.label}`;
  const why = `${named} beside ${label.selectors}: ${label.said}`;
  return new NotifyError(NotifyType.TS_UNACCEPTABLE, why, { scope: 'child', label });
}
