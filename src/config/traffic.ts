/** `leftsubnet=`, `leftsubnets=` and `leftprotoport=` as selectors. */
import { type AddressRange, parseCidr } from '../policy/range.ts';
import type { PortRange, SelectorPolicy } from '../policy/selector.ts';
import { placeOf } from './host.ts';
import type { End } from './lookup.ts';
import { type Mistakes, quoted } from './mistake.ts';
import { anyPorts, parseProtoport, protoportForms } from './protoport.ts';
import type { ConnSettings, Setting } from './settings.ts';

/** The traffic of one end: one list of selectors per child. */
export interface EndTraffic {
  /** Said with `leftsubnets=`: every list is a child of its own. */
  readonly plural: boolean;
  readonly lists: readonly (readonly SelectorPolicy[])[];
}

export interface BothTraffic {
  readonly left: EndTraffic;
  readonly right: EndTraffic;
  /** The end whose dynamic selectors stand for internal addresses of these many octets, not for its own. */
  readonly assigned?: { readonly end: End; readonly lengths: readonly number[] };
}

/** Both ends' traffic; undefined when a mistake was reported. An end that names no protocol takes the other's one. */
export function bothTraffic(conn: ConnSettings, mistakes: Mistakes): BothTraffic | undefined {
  const left = endTraffic(conn, 'left', mistakes);
  const right = endTraffic(conn, 'right', mistakes);
  if (left === undefined || right === undefined) return undefined;
  const [ofLeft, ofRight] = [protocolsOf(left), protocolsOf(right)];
  if (!meet(ofLeft, ofRight) || !meet(ofRight, ofLeft)) {
    const at = placeOf(conn, conn.settings.has('rightprotoport') ? 'rightprotoport' : 'rightsubnet');
    mistakes.error(at, "the two ends' traffic is of different protocols", 'one protocol');
    return undefined;
  }
  return { left: withProtocol(left, ofRight), right: withProtocol(right, ofLeft) };
}

const protocolsOf = ({ lists }: EndTraffic): number[] => [
  ...new Set(lists.flat().map(({ protocol }) => protocol)),
];

/** Whether each protocol of one end has traffic at the other; 0 is any. */
const meet = (some: readonly number[], others: readonly number[]): boolean =>
  some.every((each) => each === 0 || others.includes(0) || others.includes(each));

function withProtocol(traffic: EndTraffic, others: readonly number[]): EndTraffic {
  const [protocol = 0, ...more] = others;
  if (protocol === 0 || more.length > 0) return traffic;
  const lists = traffic.lists.map((list) =>
    list.map((each) => (each.protocol === 0 ? { ...each, protocol } : each)),
  );
  return { ...traffic, lists };
}

function endTraffic(conn: ConnSettings, end: End, mistakes: Mistakes): EndTraffic | undefined {
  const one = conn.settings.get(`${end}subnet`);
  const many = conn.settings.get(`${end}subnets`);
  if (one !== undefined && many !== undefined) {
    mistakes.error(many.at, `${end}subnet= and ${end}subnets= exclude each other`, 'one of them');
    return undefined;
  }
  const protoport = conn.settings.get(`${end}protoport`);
  const ports = protoport === undefined ? anyPorts : readProtoport(protoport, mistakes);
  const setting = one ?? many;
  const selectors = setting && readSelectors(setting, many !== undefined, protoport, mistakes);
  if (ports === undefined) return undefined;
  if (setting === undefined) return { plural: false, lists: [[{ dynamic: true, ...ports }]] };
  if (selectors === undefined) return undefined;
  const all = selectors.map(({ start, end: last, ...own }) => ({
    start,
    end: last,
    ...(own.ports ?? ports),
  }));
  return many === undefined
    ? { plural: false, lists: [all] }
    : { plural: true, lists: all.map((each) => [each]) };
}

function readProtoport(setting: Setting, mistakes: Mistakes): PortRange | undefined {
  const ports = setting.text === '%any' ? anyPorts : parseProtoport(setting.text);
  if (!('wrong' in ports)) return ports;
  mistakes.error(setting.at, `${setting.name}=: ${ports.wrong}`, protoportForms);
  return undefined;
}

/** A network, and its ports when it names them. */
interface Selector extends AddressRange {
  readonly ports?: PortRange;
}

/** The networks of `leftsubnet=` or, without protocols, of `leftsubnets=`; undefined when one is wrong. */
function readSelectors(
  { text, name, at }: Setting,
  plural: boolean,
  protoport: Setting | undefined,
  mistakes: Mistakes,
): Selector[] | undefined {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  const expected = plural ? 'ADDRESS/PREFIX' : 'ADDRESS/PREFIX, and /PROTOCOL/PORT if need be';
  if (words.length === 0) mistakes.error(at, `${name}= names no subnet`, expected);
  const selectors: Selector[] = [];
  for (const word of words) {
    const selector = parseSelector(word);
    if ('wrong' in selector) {
      mistakes.error(at, `${name}=: ${selector.wrong}`, expected);
    } else if (selector.ports !== undefined && plural) {
      mistakes.error(
        at,
        `${name}=: ${quoted(word)}: a protocol belongs into ${name.slice(0, -1)}=`,
        expected,
      );
    } else if (selector.ports !== undefined && protoport !== undefined) {
      mistakes.error(
        protoport.at,
        `${protoport.name}= and the protocol of ${quoted(word)} exclude each other`,
        'one of them',
      );
    } else {
      selectors.push(selector);
    }
  }
  return selectors.length === words.length && words.length > 0 ? selectors : undefined;
}

/** `NET/PREFIX`, `NET/MASK`, `ADDRESS` or `FIRST-LAST`; then, as Libreswan 5 has it, `/PROTOCOL` and `/PORT`. */
function parseSelector(word: string): Selector | { readonly wrong: string } {
  if (/^v(host|net):/i.test(word)) return { wrong: 'vhost: and vnet: are for IKEv1 only' };
  const [address = '', prefix = '', ...rest] = word.split('/');
  // A range has no prefix: `10.0.0.1-10.0.0.9//tcp` and `10.0.0.1-10.0.0.9/tcp` are the same.
  const named = address.includes('-') && /^[a-z]/i.test(prefix);
  const network = prefix === '' || named ? address : `${address}/${prefix}`;
  const range = parseCidr(network) ?? netmask(address, prefix);
  if (range === undefined) return { wrong: `${quoted(word)} is no subnet` };
  const ports = named ? [prefix, ...rest] : rest;
  if (ports.length === 0)
    return prefix === '' && word.includes('/') ? { wrong: `${quoted(word)} is no subnet` } : range;
  const read = parseProtoport(ports.join('/'));
  return 'wrong' in read ? { wrong: `${quoted(word)}: ${read.wrong}` } : { ...range, ports: read };
}

/** `10.0.0.0/255.0.0.0`. */
function netmask(host: string, mask: string): AddressRange | undefined {
  const octets = mask.split('.').map(Number);
  if (octets.length !== 4 || !octets.every((octet) => octet >= 0 && octet <= 255)) return undefined;
  const bits = octets.map((octet) => octet.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits)
    ? parseCidr(`${host}/${bits.indexOf('0') < 0 ? 32 : bits.indexOf('0')}`)
    : undefined;
}
