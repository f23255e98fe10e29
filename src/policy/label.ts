/** Security labels of traffic. RFC 9478. Octets are as on the wire: a security context with the NUL behind it. */
import { toHex } from '../wire/hex.ts';

/**
 * What a label is. `selinux`: a security context, which the host's policy decides on. `simple`: a name, as strongSwan's
 * `label_mode = simple` has it; it is used by whom it is equal to.
 */
export type LabelMode = 'selinux' | 'simple';

/** Why a label may not be used. */
export interface LabelDenial {
  /** The permission of SELinux's class `association`; `match`: it is not equal; `form`: it is no label. */
  readonly check: 'form' | 'match' | 'polmatch' | 'setcontext';
  /** By whoever was asked, in one line. */
  readonly said: string;
}

/** Whether a flow of one label may use what a policy protects by another. Answers at once, without waiting. */
export interface LabelAccess {
  readonly mode: LabelMode;
  /** Why not; undefined when it may. */
  denial(flow: Uint8Array, template: Uint8Array): LabelDenial | undefined;
}

/** Octets a label has at most, its NUL included. */
export const mostLabelOctets = 4096;

/** A label of a configuration: its text, and the NUL that every peer takes. */
export const labelFrom = (text: string): Uint8Array => withNul(new TextEncoder().encode(text));

/** What is wrong with a label, in a few words; undefined when nothing is. */
export function labelFault(label: Uint8Array, mode: LabelMode): string | undefined {
  if (label.length === 0 || (label.length === 1 && label[0] === 0)) return 'it is empty';
  if (label.length > mostLabelOctets) return `it has ${label.length} octets, more than ${mostLabelOctets}`;
  const end = label.indexOf(0);
  if (end >= 0 && end < label.length - 1) return 'it has a NUL inside';
  if (mode === 'simple') return undefined;
  if (end < 0) return 'it has no NUL at its end';
  // A context has neither; whoever is asked about it takes a blank for its end.
  const octets = label.subarray(0, -1);
  if (octets.some((octet) => octet <= 0x20 || octet === 0x7f)) return 'it has blanks or control characters';
  return octets.some((octet) => octet > 0x7f) ? 'it has octets that are not ASCII' : undefined;
}

/** Whether two labels are the same; a NUL at the end that one of them lacks is none the less there. */
export const sameLabel = (a: Uint8Array, b: Uint8Array): boolean => toHex(withNul(a)) === toHex(withNul(b));

/** With the NUL at its end. */
export function withNul(label: Uint8Array): Uint8Array {
  if (label.at(-1) === 0) return label;
  const ended = new Uint8Array(label.length + 1);
  ended.set(label);
  return ended;
}

/**
 * For people: without the NUL at its end, and whatever is not printable ASCII as `\xff`. After `most` octets `...` and how
 * many there are.
 */
export function formatLabel(label: Uint8Array, most = 256): string {
  const octets = label.at(-1) === 0 ? label.subarray(0, -1) : label;
  const shown = Array.from(octets.subarray(0, most), (octet) =>
    octet > 0x20 && octet < 0x7f && octet !== 0x22 && octet !== 0x5c
      ? String.fromCharCode(octet)
      : `\\x${octet.toString(16).padStart(2, '0')}`,
  ).join('');
  return octets.length > most ? `${shown}... (${label.length} octets)` : shown;
}

/** `simple`: equal or not, and no more. */
export const simpleLabels: LabelAccess = {
  mode: 'simple',
  denial: (flow, template) =>
    sameLabel(flow, template)
      ? undefined
      : { check: 'match', said: `${formatLabel(flow)} is not ${formatLabel(template)}` },
};
