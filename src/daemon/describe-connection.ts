/** A connection as it was understood: for people, and as a plain object. */
import type { ResolvedConnection } from '../config/index.ts';
import { formatIdentity } from '../policy/identity.ts';
import type { PadEntry, SpdEntry } from '../policy/policy.ts';
import { formatEspProposal, formatIkeProposal } from '../policy/proposal-text.ts';
import { formatSelector } from '../policy/selector.ts';

/** The first line names it, the others are indented. */
export function connectionLines({ name, at, pad, shunts }: ResolvedConnection): string[] {
  const where = `${name} (${at.file}:${at.line})`;
  if (pad === undefined) return [where, ...shunts.map(shuntLine)];
  return [
    `${where} auto=${pad.start} encapsulation=${pad.encapsulation} fragmentation=${pad.fragmentation}`,
    `  local   ${endText(pad.local)}`,
    `  remote  ${endText(pad.remote)}`,
    ...pad.ike.map((proposal) => `  ike     ${formatIkeProposal(proposal, 'libreswan')}`),
    ...pad.children.flatMap(childLines),
  ];
}

/** What `check --json` writes for a connection. */
export function connectionObject({ name, at, ours, pad, shunts }: ResolvedConnection): object {
  const base = { type: 'connection', name, file: at.file, line: at.line };
  if (pad === undefined) return { ...base, shunts: shunts.map(childObject) };
  return {
    ...base,
    ours,
    start: pad.start,
    local: endObject(pad.local),
    remote: endObject(pad.remote),
    ike: pad.ike.map((proposal) => formatIkeProposal(proposal, 'libreswan')),
    encapsulation: pad.encapsulation,
    fragmentation: pad.fragmentation,
    dpdDelay: pad.dpdDelay,
    retransmit: pad.retransmit,
    children: pad.children.map(childObject),
  };
}

type End = PadEntry['local'] | PadEntry['remote'];

const endText = ({ address, port, identity, auth }: End): string =>
  `${address ?? '%any'} port ${port}, identity ${identity ? formatIdentity(identity) : '%any'}, ${auth}`;

const endObject = ({ address, port, identity, auth }: End): object => ({
  address: address ?? null,
  port,
  identity: identity ? formatIdentity(identity) : null,
  auth,
});

const childLines = (child: SpdEntry): string[] => [
  `  child   ${child.name}: ${child.mode}, ${traffic(child)}, pfs=${child.pfs ? 'yes' : 'no'}, replay window ${child.replayWindow}`,
  ...child.proposals.map((proposal) => `  esp     ${formatEspProposal(proposal, 'libreswan')}`),
];

const shuntLine = (shunt: SpdEntry): string => `  ${shunt.action}  ${traffic(shunt)}`;

const traffic = ({ local, remote }: SpdEntry): string =>
  `${local.map(formatSelector).join(' ')} === ${remote.map(formatSelector).join(' ')}`;

const childObject = (child: SpdEntry): object => ({
  name: child.name,
  mode: child.mode,
  action: child.action,
  local: child.local.map(formatSelector),
  remote: child.remote.map(formatSelector),
  esp: child.proposals.map((proposal) => formatEspProposal(proposal, 'libreswan')),
  pfs: child.pfs,
  replayWindow: child.replayWindow,
});
