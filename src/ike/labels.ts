/** Security labels beside the addresses of TSi and TSr: offered, chosen, answered. RFC 9478 §2, §3. */
import {
  formatLabel,
  type LabelAccess,
  type LabelDenial,
  labelFault,
  sameLabel,
  withNul,
} from '../policy/label.ts';
import type { SpdEntry } from '../policy/policy.ts';
import { networks } from '../policy/range.ts';
import { ranges } from '../policy/selector.ts';
import { toHex } from '../wire/hex.ts';
import { NotifyType } from '../wire/numbers.ts';
import type { Payload } from '../wire/payloads/index.ts';
import type { LabelSelector, RangeSelector, TrafficSelector } from '../wire/payloads/ts.ts';
import type { LabelRefusal } from './actions.ts';
import { describeSelectors } from './child-sa.ts';
import { BadResponse } from './errors.ts';

/** The selectors of both ends, as the wire has them. */
export interface BothSelectors {
  readonly tsi: readonly TrafficSelector[];
  readonly tsr: readonly TrafficSelector[];
}

/** What is said of labels, addresses aside. */
export interface OfferedLabels {
  /** Each of them in TSi and in TSr, in the order of TSi; no more than `mostLabels`. */
  readonly labels: readonly Uint8Array[];
  /** There are some, but none that both have. */
  readonly uneven: boolean;
}

/** The label an entry would take; none for what has no labels. */
export interface ChosenLabel {
  readonly label?: Uint8Array;
  /** It is the entry's own. */
  readonly exact: boolean;
}

/** Selectors of addresses beside a label: no more of them are taken by every peer. */
export const mostBesideLabel = 15;

/** Labels of one TS that are considered, the same one again aside: a request may not cost any number of questions. */
export const mostLabels = 16;

/** Whether a child of it can be asked for without a packet. */
export const isAskable = ({ action, template }: SpdEntry): boolean => action === 'protect' && !template;

/** The label of a packet: where they are but names, no data plane need know them. */
export const labelFor = (spd: SpdEntry, said: Uint8Array | undefined): Uint8Array | undefined =>
  spd.label && (said ?? (spd.template ? undefined : spd.label));

/** Why a packet of the label gets no child of the entry; undefined when it does. */
export function refusalOf(
  { name, label: template }: SpdEntry,
  label: Uint8Array | undefined,
  packet: { readonly local: TrafficSelector; readonly remote: TrafficSelector },
  access: LabelAccess,
): LabelRefusal | undefined {
  if (template === undefined) return undefined;
  const selectors = describeBoth({ tsi: [packet.local], tsr: [packet.remote] });
  if (label === undefined)
    return { check: 'missing', said: `${name} is for packets with a label`, selectors, ...asText(template) };
  const denial = denialOf(label, template, access, undefined);
  return denial && { ...denial, selectors, label: formatLabel(label), ...asText(template) };
}

/** A label of no octets is none. */
const labelsOf = (selectors: readonly TrafficSelector[]): Uint8Array[] =>
  selectors.flatMap((each) => (each.kind === 'label' && each.label.length > 0 ? [each.label] : []));

export function offeredLabels({ tsi, tsr }: BothSelectors): OfferedLabels {
  const [ofTsi, ofTsr] = [labelsOf(tsi), labelsOf(tsr)];
  const there = new Set(ofTsr.map(toHex));
  const both = new Map(ofTsi.map((label) => [toHex(label), label]));
  const labels = [...both].flatMap(([hex, label]) => (there.has(hex) ? [label] : [])).slice(0, mostLabels);
  return { labels, uneven: labels.length === 0 && ofTsi.length + ofTsr.length > 0 };
}

/**
 * The first that is the entry's own, else the first that may use it, or why there is none. A rekey keeps the label of the
 * child it `replaces`, octet for octet.
 */
export function chooseLabel(
  spd: SpdEntry,
  { labels, uneven }: OfferedLabels,
  access: LabelAccess,
  replaces?: Uint8Array,
): ChosenLabel | Omit<LabelRefusal, 'selectors'> {
  const template = spd.label;
  if (uneven) return { check: 'ends', said: 'TSi has another label than TSr', ...asText(template) };
  if (template === undefined) {
    const [label] = labels;
    if (label === undefined) return { exact: true };
    return { check: 'unwanted', said: `${spd.name} has no label`, label: formatLabel(label) };
  }
  if (labels.length === 0)
    return { check: 'missing', said: `${spd.name} wants a label`, ...asText(template) };
  const own = labels.filter((label) => sameLabel(label, template));
  let first: Omit<LabelRefusal, 'selectors'> | undefined;
  for (const label of [...own, ...labels.filter((each) => !own.includes(each))]) {
    const denial = denialOf(label, template, access, replaces);
    if (denial === undefined) return { label, exact: own.includes(label) };
    first ??= { ...denial, label: formatLabel(label), ...asText(template) };
  }
  return first ?? { check: 'missing', said: 'no label', ...asText(template) };
}

/** What labels a message has, each once; of very many the first. */
export function labelTexts(payloads: readonly Payload[]): string[] {
  const all = payloads.flatMap((each) =>
    each.kind === 'tsi' || each.kind === 'tsr' ? labelsOf(each.selectors) : [],
  );
  return [...new Set(all.map((label) => formatLabel(label)))].slice(0, mostBesideLabel);
}

/** What has been asked is not asked again: for one request, however many entries it might be for. */
export function askedOnce(access: LabelAccess): LabelAccess {
  const answers = new Map<string, LabelDenial | undefined>();
  return {
    mode: access.mode,
    denial(flow, template) {
      const question = `${toHex(flow)} ${toHex(template)}`;
      if (!answers.has(question)) answers.set(question, access.denial(flow, template));
      return answers.get(question);
    },
  };
}

const asText = (template: Uint8Array | undefined) => template && { template: formatLabel(template) };

function denialOf(
  label: Uint8Array,
  template: Uint8Array,
  access: LabelAccess,
  replaces: Uint8Array | undefined,
): LabelDenial | undefined {
  const fault = labelFault(label, access.mode);
  if (fault !== undefined) return { check: 'form', said: fault };
  if (replaces && toHex(label) !== toHex(replaces))
    return { check: 'match', said: `the child to rekey has ${formatLabel(replaces)}${endOf(replaces)}` };
  return access.denial(withNul(label), template);
}

const endOf = (label: Uint8Array): string => (label.at(-1) === 0 ? ' and a NUL' : ' without a NUL');

/** As they go out: networks first, for a peer that takes nothing else, and the label behind them. Without a label as they are. */
export function besideLabel(
  selectors: readonly RangeSelector[],
  label: Uint8Array | undefined,
): TrafficSelector[] {
  if (label === undefined) return [...selectors];
  const prefixes = selectors.flatMap((each) => networks(each).map((network) => ({ ...each, ...network })));
  return [...prefixes.slice(0, mostBesideLabel), labelSelector(label)];
}

/** Without labels; what else there is stays. */
export const unlabelled = (selectors: readonly TrafficSelector[]): TrafficSelector[] =>
  selectors.filter(({ kind }) => kind !== 'label');

export const labelSelector = (label: Uint8Array): LabelSelector => ({ kind: 'label', label });

/**
 * Throws BadResponse unless an answer has the label that was offered, octet for octet and alone, in TSi and in TSr; or none,
 * when none was offered. A label is not narrowed.
 */
export function checkAnswer(offered: Uint8Array | undefined, answer: BothSelectors): void {
  const [tsi, tsr] = [labelsOf(answer.tsi), labelsOf(answer.tsr)];
  const wanted = offered ? [toHex(offered)] : [];
  const said = [tsi, tsr].map((labels) => labels.map(toHex).join(' '));
  if (said.every((each) => each === wanted.join(' '))) return;
  const other = [...tsi, ...tsr].find((label) => toHex(label) !== wanted[0]);
  const check = offered === undefined ? 'unwanted' : other ? 'match' : 'missing';
  const text = {
    unwanted: 'the peer answered with a security label, and none was offered',
    match: 'the peer answered with another security label than was offered',
    missing: 'the peer left out the security label, or said it twice',
  }[check];
  throw new BadResponse(text, {
    check,
    said: text,
    selectors: describeBoth({ tsi: ranges(answer.tsi), tsr: ranges(answer.tsr) }),
    ...(other && { label: formatLabel(other) }),
    ...asText(offered),
  });
}

/** TS_UNACCEPTABLE to an offer with a label: most likely that is what the peer does not take. */
export function peersRefusal(
  notify: number,
  offer: {
    readonly local: readonly RangeSelector[];
    readonly remote: readonly RangeSelector[];
    readonly label?: Uint8Array;
  },
): LabelRefusal | undefined {
  if (notify !== NotifyType.TS_UNACCEPTABLE || offer.label === undefined) return undefined;
  const selectors = describeBoth({ tsi: offer.local, tsr: offer.remote });
  return { check: 'peer', selectors, label: formatLabel(offer.label), said: 'TS_UNACCEPTABLE' };
}

export const describeBoth = ({ tsi, tsr }: BothSelectors): string =>
  `TSi ${describeSelectors(tsi)} TSr ${describeSelectors(tsr)}`;
