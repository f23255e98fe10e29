/** What the data plane cannot do of what the connections propose for ESP: it is not offered, and not chosen. */
import type { Crypto } from '../crypto/provider.ts';
import type { Kernel } from '../kernel/port.ts';
import type { PadEntry, Policy, SpdEntry } from '../policy/policy.ts';
import { type EncrChoice, type EspProposal, isAead } from '../policy/proposal.ts';

export type Lacks = NonNullable<Kernel['lacks']>;
type Transforms = Parameters<Lacks>[0];

export interface Suited {
  readonly policy: Policy;
  /** What is lacking, each once, and the children that lose everything by it. */
  readonly remarks: readonly string[];
}

/**
 * The policy with the proposals the data plane can do. A child that would have none keeps its own: each try then fails
 * with the data plane's reason.
 */
export function suited(policy: Policy, lacks: Lacks, crypto: Crypto): Suited {
  const remarks = new Set<string>();
  const child = (entry: PadEntry, own: SpdEntry): SpdEntry => {
    if (own.action !== 'protect') return own;
    const proposals = own.proposals.flatMap((each) => able(each, (of) => lacks(of), remarks, crypto));
    if (proposals.length > 0) return { ...own, proposals };
    remarks.add(`"${entry.name}": the data plane can do none of the ESP proposals of ${own.name}`);
    return own;
  };
  const pad = policy.pad.map((entry) => ({
    ...entry,
    children: entry.children.map((own) => child(entry, own)),
  }));
  return { policy: { ...policy, pad }, remarks: [...remarks] };
}

/** Every pair of transforms there is among proposals. */
export const transformsOf = (proposals: readonly EspProposal[], crypto: Crypto): Transforms[] =>
  proposals.flatMap(({ encr, integ }) => encr.flatMap((choice) => pairs(choice, integ, crypto)));

/** A cipher stays with those INTEG transforms it can be had with. */
function able(
  proposal: EspProposal,
  lacks: Lacks,
  remarks: Set<string>,
  crypto: Crypto,
): readonly EspProposal[] {
  const able = new Map<string, { readonly integ: readonly number[]; readonly encr: EncrChoice[] }>();
  for (const choice of proposal.encr) {
    const can = pairs(choice, proposal.integ, crypto).filter((of) => {
      const lack = lacks(of);
      if (lack !== undefined) remarks.add(lack);
      return lack === undefined;
    });
    if (can.length === 0) continue;
    const integ = isAead(choice.id) ? proposal.integ : can.map((of) => of.integ);
    const key = integ.join(' ');
    const group = able.get(key) ?? { integ, encr: [] };
    group.encr.push(choice);
    able.set(key, group);
  }
  return [...able.values()].map(({ integ, encr }) => ({ ...proposal, integ, encr }));
}

function pairs({ id, keyBits }: EncrChoice, integ: readonly number[], crypto: Crypto): Transforms[] {
  const bits = keyBits ?? crypto.ciphers.get(id)?.keyBits[0] ?? 0;
  const integs = isAead(id) || integ.length === 0 ? [0] : integ;
  return integs.map((each) => ({ encr: id, keyBits: bits, integ: each }));
}
