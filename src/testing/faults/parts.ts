/** A payload as octets, with whatever its generic header says: RFC 7296 §3.2. */

import { toJson } from '../../ike/run-json.ts';
import { toHex } from '../../wire/hex.ts';
import { NotifyType, nameOf, PayloadType } from '../../wire/numbers.ts';
import { codecOfType, codecs } from '../../wire/payloads/index.ts';
import { Reader } from '../../wire/reader.ts';
import { FaultError, namedNumber } from './fields.ts';
import { joined } from './octets.ts';

export interface Part {
  readonly type: number;
  /** The critical bit and the seven reserved ones. */
  readonly flags: number;
  readonly body: Uint8Array;
  /** Instead of the true ones. */
  readonly next?: number;
  readonly length?: number;
}

const genericHeader = 4;
export const criticalBit = 0x80;

/** The parts of a chain; what cannot be cut into payloads is undefined. SK and SKF, which end it, are not among them. */
export function cut(
  first: number,
  octets: Uint8Array,
): { parts: Part[]; rest: Uint8Array; type: number } | undefined {
  const parts: Part[] = [];
  let [type, at] = [first, 0];
  while (type !== PayloadType.none && type !== PayloadType.encrypted && type !== PayloadType.fragment) {
    if (octets.length - at < genericHeader) return undefined;
    const [next = 0, flags = 0, high = 0, low = 0] = octets.subarray(at, at + genericHeader);
    const length = (high << 8) | low;
    if (length < genericHeader || at + length > octets.length) return undefined;
    parts.push({ type, flags, body: octets.slice(at + genericHeader, at + length) });
    at += length;
    type = next;
  }
  return { parts, rest: octets.slice(at), type };
}

/** The chain again; `then` is the type of what follows it. */
export function chained(parts: readonly Part[], then: number = PayloadType.none): Uint8Array {
  return joined(
    ...parts.map((part, i) => {
      const length = part.length ?? part.body.length + genericHeader;
      const next = part.next ?? parts[i + 1]?.type ?? then;
      return joined(Uint8Array.of(next, part.flags, (length >> 8) & 0xff, length & 0xff), part.body);
    }),
  );
}

/** Tells which payloads a script means. */
export type Selector = (part: Pick<Part, 'type' | 'body'>) => boolean;

/** What RFC 7296 §1.2 and `describe` write, and our payload kinds. */
const notations = new Map<string, number>([
  ...codecs.map(({ notation, type }) => [notation.toUpperCase(), type] as const),
  ...Object.entries(PayloadType).map(([kind, type]) => [kind.toUpperCase(), type] as const),
  ['NI', PayloadType.nonce],
  ['NR', PayloadType.nonce],
  ['N', PayloadType.notify],
]);

const words = [...codecs.map(({ notation }) => notation), 'Ni', 'Nr', 'all'];

/** The type a notation means, and the notify type with it. */
export function payloadNumbers(text: unknown, where: string): { type: number; notify?: number } {
  if (typeof text === 'number' && Number.isInteger(text) && text >= 0 && text < 256) return { type: text };
  if (typeof text !== 'string')
    throw new FaultError(where, `expected a payload, such as ${words.join(', ')} or N(COOKIE)`);
  const notify = /^N\((.*)\)$/i.exec(text)?.[1];
  if (notify !== undefined) {
    const value = /^\d+$/.test(notify) ? Number(notify) : notify;
    return { type: PayloadType.notify, notify: namedNumber(value, NotifyType, where) };
  }
  const type = notations.get(text.toUpperCase());
  if (type !== undefined) return { type };
  throw new FaultError(
    where,
    `there is no payload '${text}'; payloads are ${words.join(', ')}, N(COOKIE) and numbers`,
  );
}

export function readSelector(text: unknown, where: string): Selector {
  if (text === 'all') return () => true;
  const { type, notify } = payloadNumbers(text, where);
  return (part) => part.type === type && (notify === undefined || notifyType(part) === notify);
}

/** Any of several. */
export function readSelectors(list: readonly unknown[], where: string): Selector[] {
  return list.map((text, i) => readSelector(text, list.length > 1 ? `${where}[${i}]` : where));
}

const notifyType = ({ body: [, , high = 0, low = 0] }: Pick<Part, 'body'>): number => (high << 8) | low;

/** As `describe` names it. */
export function partName(part: Part): string {
  if (part.type === PayloadType.notify) return `N(${nameOf(NotifyType, notifyType(part))})`;
  return codecOfType(part.type)?.notation ?? String(part.type);
}

/** Its fields, as `toJson` writes them, or its octets. */
export function partText({ type, body }: Part): string {
  const codec = codecOfType(type);
  if (codec === undefined) return toHex(body);
  try {
    const { kind: _, ...fields } = codec.parse(new Reader(body), 0);
    return toJson(fields);
  } catch {
    return toHex(body);
  }
}
