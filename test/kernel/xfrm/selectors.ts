/** Traffic selectors to write tests with. */
import { parseCidr } from '../../../src/policy/range.ts';
import type { RangeSelector } from '../../../src/wire/payloads/ts.ts';

/** All ports unless one is said. */
export function net(cidr: string, protocol = 0, startPort = 0, endPort = startPort || 65535): RangeSelector {
  const range = parseCidr(cidr);
  if (!range) throw new Error(`no range: ${cidr}`);
  return { kind: 'range', protocol, startPort, endPort, ...range };
}
