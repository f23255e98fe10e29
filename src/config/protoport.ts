/** Protocol and ports as `leftprotoport=` and the selectors of `leftsubnet=` have them. RFC 7296 §3.13.1. */
import type { PortRange } from '../policy/selector.ts';
import { IpProtocol } from '../wire/numbers.ts';
import { quoted } from './mistake.ts';
import { portByName, protocolByName } from './services.ts';

export const anyPorts: PortRange = { protocol: 0, startPort: 0, endPort: 0xffff };

/** What `parseProtoport` reads, for an operator. */
export const protoportForms =
  'PROTOCOL or PROTOCOL/PORT, such as tcp/22, udp/%any, tcp/1024-2047, icmp/2048 or icmp/8/0';

type Ports = Pick<PortRange, 'startPort' | 'endPort'>;

const opaque: Ports = { startPort: 0xffff, endPort: 0 };
const typed: readonly number[] = [IpProtocol.ICMP, IpProtocol.ICMPV6];

/**
 * Reads `tcp`, `17/1701`, `tcp/smtp`, `udp/%any`, `icmp/2048` as pluto does (port 0 is any; numbers may be octal or
 * hexadecimal), and beside those port ranges, `%opaque`, and ICMP by type and code: `icmp/8/0`, `icmp/3/%any`,
 * `icmp/3/0-5`. What is wrong with it, when it is none of these.
 */
export function parseProtoport(text: string): PortRange | { readonly wrong: string } {
  const [first = '', second, third, ...more] = text.split('/');
  const protocol = protocolByName(first) ?? number(first, 0xff);
  if (protocol === undefined) return { wrong: `${quoted(first)} is no protocol` };
  if (more.length > 0 || (third !== undefined && !typed.includes(protocol)))
    return { wrong: `${quoted(text)} has too many parts` };
  const ports = third === undefined ? portRange(second ?? '') : typeAndCode(second ?? '', third);
  if (ports === undefined) {
    const port = [second, third].filter((part) => part !== undefined).join('/');
    return { wrong: `${quoted(port)} is no ${third === undefined ? 'port' : 'ICMP type and code'}` };
  }
  const any = ports.startPort === 0 && ports.endPort === 0xffff;
  return protocol === 0 && !any ? { wrong: 'a port needs a protocol' } : { protocol, ...ports };
}

function portRange(text: string): Ports | undefined {
  if (text === '' || text === '%any') return anyPort;
  if (text === '%opaque') return opaque;
  const port = portByName(text) ?? number(text, 0xffff);
  if (port !== undefined) return port === 0 ? anyPort : { startPort: port, endPort: port };
  return range(text, 0xffff);
}

const anyPort: Ports = { startPort: 0, endPort: 0xffff };

/** The type is the upper octet of the port, the code the lower one. */
function typeAndCode(typeText: string, codeText: string): Ports | undefined {
  const type = number(typeText, 0xff);
  const codes = codeText === '%any' ? { startPort: 0, endPort: 0xff } : range(codeText, 0xff);
  return type === undefined || codes === undefined
    ? undefined
    : { startPort: type * 0x100 + codes.startPort, endPort: type * 0x100 + codes.endPort };
}

/** `5` or `5-9`. */
function range(text: string, most: number): Ports | undefined {
  const [first = '', last = first, ...more] = text.split('-');
  const [startPort, endPort] = [number(first, most), number(last, most)];
  if (startPort === undefined || endPort === undefined || more.length > 0) return undefined;
  return startPort <= endPort ? { startPort, endPort } : undefined;
}

/** Decimal, `0x` hexadecimal or `0` octal, as strtol reads them. */
function number(text: string, most: number): number | undefined {
  if (!/^(0x[0-9a-f]{1,8}|0[0-7]{0,10}|[1-9]\d{0,9})$/i.test(text)) return undefined;
  const octal = /^0[0-7]+$/.test(text);
  const value = octal ? Number.parseInt(text, 8) : Number(text);
  return value <= most ? value : undefined;
}
