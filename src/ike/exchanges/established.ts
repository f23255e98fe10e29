/** What CREATE_CHILD_SA stands on. RFC 7296 §2.17, §2.25. */
import type { PadEntry } from '../../policy/policy.ts';
import { NotifyType } from '../../wire/numbers.ts';
import type { KeySource } from '../child-negotiation.ts';
import { Bug, NotifyError } from '../errors.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { Established } from '../phase.ts';

/** §2.25: no child is made while the IKE SA itself changes. */
export function busyWithIke(sa: IkeSa): void {
  const { what } = sa.doing;
  if (what === 'rekey-ike' || what === 'close-ike')
    throw temporary('the IKE SA is being replaced or deleted');
  if (sa.children.owner !== sa) throw temporary('another IKE SA is in charge');
}

export const temporary = (why: string): NotifyError =>
  new NotifyError(NotifyType.TEMPORARY_FAILURE, why, { scope: 'child' });

export function established(sa: IkeSa): Established {
  if (sa.phase.name !== 'established') throw new Bug(`CREATE_CHILD_SA while ${sa.phase.name}`);
  return sa.phase;
}

export const sourceOf = ({ suite, keys }: Established): Pick<KeySource, 'prf' | 'd'> => ({
  prf: suite.prf,
  d: keys.d,
});

export function entryOf(sa: IkeSa): PadEntry {
  if (sa.entry === undefined) throw new Bug('an established SA without a connection');
  return sa.entry;
}
