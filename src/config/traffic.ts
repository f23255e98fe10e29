/** `leftsubnet=`, `leftsubnets=` and `leftprotoport=` as selectors. */
import { type AddressRange, parseCidr } from '../policy/range.ts';
import type { PortRange, SelectorPolicy } from '../policy/selector.ts';
import type { End } from './lookup.ts';
import { type Mistakes, type Place, quoted } from './mistake.ts';
import { portByName, protocolByName } from './services.ts';
import type { ConnSettings } from './settings.ts';
import { parseCount } from './values.ts';

/** The traffic of one end: one list of selectors per child. */
export interface EndTraffic {
  /** Said with `leftsubnets=`: every list is a child of its own. */
  readonly plural: boolean;
  readonly lists: readonly (readonly SelectorPolicy[])[];
}

const anyPorts: PortRange = { protocol: 0, startPort: 0, endPort: 0xffff };

/** Reads one end's traffic. `protocol` is what the other end's protoport says, for an end that says nothing. */
export function endTraffic(conn: ConnSettings, end: End, mistakes: Mistakes): EndTraffic | undefined {
  const ports = endPorts(conn, end, mistakes);
  const one = conn.settings.get(`${end}subnet`);
  const many = conn.settings.get(`${end}subnets`);
  if (ports === undefined) return undefined;
  if (one !== undefined && many !== undefined) {
    mistakes.error(many.at, `${end}subnet= and ${end}subnets= exclude each other`, 'one of them');
    return undefined;
  }
  const setting = one ?? many;
  if (setting === undefined) return { plural: false, lists: [[{ dynamic: true, ...ports }]] };
  const ranges = subnets(setting.text, `${end}subnet${many === undefined ? '' : 's'}`, setting.at, mistakes);
  if (ranges === undefined) return undefined;
  const selectors = ranges.map((range) => ({ ...range, ...ports }));
  return many === undefined
    ? { plural: false, lists: [selectors] }
    : { plural: true, lists: selectors.map((each) => [each]) };
}

function subnets(text: string, name: string, at: Place, mistakes: Mistakes): AddressRange[] | undefined {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  const ranges: AddressRange[] = [];
  for (const word of words) {
    const range = parseCidr(word) ?? netmask(word);
    if (range !== undefined) ranges.push(range);
    else if (/^v(host|net):/i.test(word))
      mistakes.error(at, `${name}=: vhost: and vnet: are for IKEv1 only`, 'ADDRESS/PREFIX');
    else mistakes.error(at, `${name}=: ${quoted(word)} is no subnet`, 'ADDRESS/PREFIX');
  }
  if (words.length === 0) mistakes.error(at, `${name}= names no subnet`, 'ADDRESS/PREFIX');
  return ranges.length === words.length && ranges.length > 0 ? ranges : undefined;
}

/** `10.0.0.0/255.0.0.0`. */
function netmask(word: string): AddressRange | undefined {
  const [host, mask = ''] = word.split('/', 2);
  const octets = mask.split('.').map(Number);
  if (octets.length !== 4 || !octets.every((octet) => octet >= 0 && octet <= 255)) return undefined;
  const bits = octets.map((octet) => octet.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits)
    ? parseCidr(`${host}/${bits.indexOf('0') < 0 ? 32 : bits.indexOf('0')}`)
    : undefined;
}

/** Both ends' protocol is one: an end that names none takes the other's. */
function endPorts(conn: ConnSettings, end: End, mistakes: Mistakes): PortRange | undefined {
  const own = protoport(conn, end, mistakes);
  const other = protoport(conn, end === 'left' ? 'right' : 'left', mistakes);
  if (own === undefined || other === undefined) return undefined;
  if (own.protocol !== 0 && other.protocol !== 0 && own.protocol !== other.protocol) {
    const at = conn.settings.get('rightprotoport')?.at ?? conn.at;
    mistakes.error(at, 'leftprotoport= and rightprotoport= name different protocols', 'one protocol');
    return undefined;
  }
  return own.protocol === 0 ? { ...anyPorts, protocol: other.protocol } : own;
}

/** `tcp`, `17/1701`, `tcp/smtp`, `17/%any`, `icmp/2048`, `%any`. */
function protoport(conn: ConnSettings, end: End, mistakes: Mistakes): PortRange | undefined {
  const setting = conn.settings.get(`${end}protoport`);
  if (setting === undefined || setting.text === '%any') return anyPorts;
  const [first = '', second, ...more] = setting.text.split('/');
  const protocol = protocolByName(first) ?? parseCount(first, 0, 255);
  const fail = (wrong: string): undefined => {
    mistakes.error(
      setting.at,
      `${end}protoport=: ${wrong}`,
      'PROTOCOL or PROTOCOL/PORT, such as tcp/22, udp/%any or icmp/2048',
    );
    return undefined;
  };
  if (typeof protocol !== 'number') return fail(`${quoted(first)} is no protocol`);
  if (more.length > 0) return fail(`${quoted(setting.text)} has too many parts`);
  if (second === undefined || second === '%any' || second === '0' || second === '')
    return { ...anyPorts, protocol };
  if (protocol === 0) return fail('a port needs a protocol');
  const port = portByName(second) ?? parseCount(second, 0, 0xffff);
  return typeof port === 'number'
    ? { protocol, startPort: port, endPort: port }
    : fail(`${quoted(second)} is no port`);
}
