/** Traffic Selector payloads, TSi and TSr. RFC 7296 §3.13; security labels of RFC 9478. */
import { type Codec, codec } from '../codec.ts';
import { PayloadType, TsType } from '../numbers.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';

interface TrafficSelectors<K extends string> {
  readonly kind: K;
  readonly selectors: readonly TrafficSelector[];
}

export interface TrafficSelectorsInitiator extends TrafficSelectors<'tsi'> {}
export interface TrafficSelectorsResponder extends TrafficSelectors<'tsr'> {}

export type TrafficSelector = RangeSelector | LabelSelector | UnknownSelector;

/** TS_IPV4_ADDR_RANGE or TS_IPV6_ADDR_RANGE, by the length of its addresses. RFC 7296 §3.13.1. */
export interface RangeSelector {
  readonly kind: 'range';
  /** IpProtocol; 0 is any. */
  readonly protocol: number;
  /**
   * Any port is 0 to 65535, OPAQUE is 65535 to 0. Of ICMP and MH: the type in the upper octet, the code in the lower.
   */
  readonly startPort: number;
  readonly endPort: number;
  /** 4 or 16 octets; both ends included. */
  readonly start: Uint8Array;
  readonly end: Uint8Array;
}

/** TS_SECLABEL. RFC 9478 §2. */
export interface LabelSelector {
  readonly kind: 'label';
  readonly label: Uint8Array;
}

/** A TS type not known to us, TS_FC_ADDR_RANGE included. */
export interface UnknownSelector {
  readonly kind: 'unknown';
  readonly type: number;
  /** The octet that is the IP Protocol ID in address ranges. */
  readonly protocol: number;
  /** What follows Selector Length. */
  readonly data: Uint8Array;
}

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Number of TSs |                 RESERVED                      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                       <Traffic Selectors>                     ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
const trafficSelectors = <K extends 'tsi' | 'tsr'>(
  kind: K,
  notation: string,
): Codec<K, TrafficSelectors<K>> =>
  codec<K, TrafficSelectors<K>>({
    kind,
    type: PayloadType[kind],
    notation,

    parse(reader) {
      const count = reader.u8('Number of TSs');
      reader.skip(3);
      const selectors: TrafficSelector[] = [];
      for (let i = 0; i < count; i++) selectors.push(parseSelector(reader));
      reader.end('Traffic Selectors');
      return { kind, selectors };
    },

    encode(writer, { selectors }) {
      writer.u8(selectors.length);
      writer.reserve(3);
      for (const selector of selectors) encodeSelector(writer, selector);
    },
  });

export const tsi: Codec<'tsi', TrafficSelectorsInitiator> = trafficSelectors('tsi', 'TSi');
export const tsr: Codec<'tsr', TrafficSelectorsResponder> = trafficSelectors('tsr', 'TSr');

/*
 *                      1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   TS Type     |IP Protocol ID*|       Selector Length         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |           Start Port*         |           End Port*           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                         Starting Address*                     ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                         Ending Address*                       ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   * of TS_SECLABEL: RESERVED, and the Security Label in place of ports and addresses.
 */
function parseSelector(outer: Reader): TrafficSelector {
  const type = outer.u8('TS Type');
  const protocol = outer.u8('IP Protocol ID');
  const at = outer.at;
  const length = outer.u16('Selector Length');
  if (length < 4) outer.fail('Selector Length', `${length} is less than 4`, at);
  const reader = outer.sub(length - 4, 'Selector Length');
  switch (type) {
    case TsType.IPV4_ADDR_RANGE:
      return parseRange(reader, protocol, 4);
    case TsType.IPV6_ADDR_RANGE:
      return parseRange(reader, protocol, 16);
    case TsType.SECLABEL:
      return { kind: 'label', label: reader.rest() };
    default:
      return { kind: 'unknown', type, protocol, data: reader.rest() };
  }
}

function parseRange(reader: Reader, protocol: number, addressLength: 4 | 16): RangeSelector {
  const startPort = reader.u16('Start Port');
  const endPort = reader.u16('End Port');
  const start = reader.bytes(addressLength, 'Starting Address');
  const end = reader.bytes(addressLength, 'Ending Address');
  reader.end('Traffic Selector');
  return { kind: 'range', protocol, startPort, endPort, start, end };
}

function encodeSelector(writer: Writer, selector: TrafficSelector): void {
  const at = writer.length;
  writer.u8(selectorType(selector));
  writer.u8(selector.kind === 'label' ? 0 : selector.protocol);
  writer.reserve(2);
  switch (selector.kind) {
    case 'range':
      writer.u16(selector.startPort);
      writer.u16(selector.endPort);
      writer.bytes(selector.start);
      writer.bytes(selector.end);
      break;
    case 'label':
      writer.bytes(selector.label);
      break;
    case 'unknown':
      writer.bytes(selector.data);
      break;
  }
  writer.patch16(at + 2, writer.length - at);
}

/** TsType of a selector. Throws RangeError when its addresses are of no or of two families. */
export function selectorType(selector: TrafficSelector): number {
  if (selector.kind === 'label') return TsType.SECLABEL;
  if (selector.kind === 'unknown') return selector.type;
  const { start, end } = selector;
  if (start.length === end.length) {
    if (start.length === 4) return TsType.IPV4_ADDR_RANGE;
    if (start.length === 16) return TsType.IPV6_ADDR_RANGE;
  }
  throw new RangeError(`addresses of ${start.length} and ${end.length} octets in a traffic selector`);
}
