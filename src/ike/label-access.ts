/** Whether what we ask for by ourselves may still be had: the host's policy may be another than when it was first asked. */
import { formatLabel, type LabelAccess, withNul } from '../policy/label.ts';
import type { SpdEntry } from '../policy/policy.ts';
import type { ChildSa } from './child-sa.ts';
import type { Demand } from './demand.ts';
import { LabelDenied } from './errors.ts';
import { describeBoth } from './labels.ts';

interface Asked {
  readonly label?: Uint8Array;
  readonly demand?: Pick<Demand, 'label' | 'packet'>;
  readonly replaces?: Pick<ChildSa, 'label' | 'local' | 'remote'>;
}

/** Throws LabelDenied when a packet of the label might not use the entry. RFC 9478 §2.2 leaves the check to each end. */
export function requireAccess(
  { label: template, template: isTemplate }: SpdEntry,
  { replaces, demand, label: said }: Asked,
  access: LabelAccess,
): void {
  const label = replaces?.label ?? demand?.label ?? said;
  if (!isTemplate || template === undefined || label === undefined) return;
  const denial = access.denial(withNul(label), template);
  if (denial === undefined) return;
  const of = replaces ?? (demand && { local: [demand.packet.local], remote: [demand.packet.remote] });
  throw new LabelDenied({
    ...denial,
    selectors: of ? describeBoth({ tsi: of.local, tsr: of.remote }) : '',
    label: formatLabel(label),
    template: formatLabel(template),
  });
}
