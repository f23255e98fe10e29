/** A connection as it was understood: for people, and as a plain object. */
import type { ResolvedConnection } from '../config/index.ts';
import { formatDn } from '../pki/index.ts';
import { formatIdentity, type Identity } from '../policy/identity.ts';
import { formatLabel, mostLabelOctets } from '../policy/label.ts';
import type { PadEntry, SpdEntry } from '../policy/policy.ts';
import { formatEspProposal, formatIkeProposal } from '../policy/proposal-text.ts';
import { formatSelector } from '../policy/selector.ts';
import { IdType } from '../wire/numbers.ts';
import { authObject, authText } from './describe-auth.ts';
import { duration } from './duration.ts';

/** The first line names it, the others are indented. */
export function connectionLines({ name, at, pad, shunts }: ResolvedConnection): string[] {
  const where = `${name} (${at.file}:${at.line})`;
  if (pad === undefined) return [`${where} auto=${shunts[0]?.start}`, ...shunts.map(shuntLine)];
  return [
    `${where} auto=${pad.start} encapsulation=${pad.encapsulation} fragmentation=${pad.fragmentation}`,
    `  local   ${endText(pad.local)}`,
    `  remote  ${endText(pad.remote)}`,
    `  auth    ${authText(pad)}`,
    `  life    ${lifeText(pad)}`,
    `  peer    ${livenessText(pad)}`,
    ...pad.ike.map((proposal) => `  ike     ${formatIkeProposal(proposal, 'libreswan')}`),
    ...pad.children.flatMap(childLines),
  ];
}

/** What `check --json` writes for a connection. */
export function connectionObject({ name, at, ours, pad, shunts }: ResolvedConnection): object {
  const base = { type: 'connection', name, file: at.file, line: at.line };
  if (pad === undefined) return { ...base, start: shunts[0]?.start, shunts: shunts.map(childObject) };
  return {
    ...base,
    ours,
    start: pad.start,
    local: endObject(pad.local),
    remote: endObject(pad.remote),
    ike: pad.ike.map((proposal) => formatIkeProposal(proposal, 'libreswan')),
    encapsulation: pad.encapsulation,
    fragmentation: pad.fragmentation,
    lifetime: pad.lifetime,
    keyingTries: pad.keyingTries,
    dpdDelay: pad.dpdDelay,
    dpdAction: pad.dpdAction,
    retransmit: pad.retransmit,
    children: pad.children.map(childObject),
  };
}

type End = PadEntry['local'] | PadEntry['remote'];

const endText = ({ address, port, identity }: End): string =>
  `${address ?? '%any'} port ${port}, identity ${identity ? identityText(identity) : '%any'}`;

const endObject = (end: End): object => ({
  address: end.address ?? null,
  port: end.port,
  identity: end.identity ? identityText(end.identity) : null,
  ...authObject(end),
});

/** As a configuration has it, distinguished names included. */
const identityText = (identity: Identity): string =>
  identity.type === IdType.DER_ASN1_DN ? formatDn(identity.data) : formatIdentity(identity);

/** `IKE SA 8 h, rekey 9 min and up to 100% more before an end`. */
function lifeText({ lifetime }: PadEntry): string {
  const { ike, margin, fuzz, rekey, reauth } = lifetime;
  const what = reauth ? 'reauthentication' : 'rekey';
  const when = rekey
    ? `${what} ${duration(margin)} and up to ${fuzz}% more before an end`
    : 'no rekey of ours';
  return `IKE SA ${ike === 0 ? 'for ever' : duration(ike)}, ${when}`;
}

function livenessText({ dpdDelay, dpdAction, keyingTries }: PadEntry): string {
  const check = dpdDelay === 0 ? 'not checked' : `checked after ${duration(dpdDelay)} of silence`;
  const tries = keyingTries === 0 ? 'for ever' : `${keyingTries} ${keyingTries === 1 ? 'time' : 'times'}`;
  return `${check}, when dead ${dpdAction}; tried ${tries}`;
}

/** `1 h or 1000 packets`. */
function childLife({ time, octets, packets }: SpdEntry['lifetime']): string {
  const ends = [
    ...(time > 0 ? [duration(time)] : []),
    ...(octets > 0 ? [`${octets} octets`] : []),
    ...(packets > 0 ? [`${packets} packets`] : []),
  ];
  return ends.join(' or ') || 'for ever';
}

const childLines = (child: SpdEntry): string[] => [
  `  child   ${child.name}: ${child.mode}, ${traffic(child)}, pfs=${child.pfs ? 'yes' : 'no'}, replay window ${child.replayWindow}, lives ${childLife(child.lifetime)}`,
  ...child.proposals.map((proposal) => `  esp     ${formatEspProposal(proposal, 'libreswan')}`),
];

const shuntLine = (shunt: SpdEntry): string => `  ${shunt.action}  ${traffic(shunt)}`;

const traffic = ({ local, remote, label }: SpdEntry): string =>
  `${local.map(formatSelector).join(' ')} === ${remote.map(formatSelector).join(' ')}${label ? ` label ${formatLabel(label)}` : ''}`;

const childObject = (child: SpdEntry): object => ({
  name: child.name,
  mode: child.mode,
  action: child.action,
  local: child.local.map(formatSelector),
  remote: child.remote.map(formatSelector),
  ...(child.label && { label: formatLabel(child.label, mostLabelOctets) }),
  esp: child.proposals.map((proposal) => formatEspProposal(proposal, 'libreswan')),
  pfs: child.pfs,
  replayWindow: child.replayWindow,
  lifetime: child.lifetime,
});
