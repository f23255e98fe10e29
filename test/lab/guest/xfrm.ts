/** What a kernel holds, as iproute2 tells it. */
import { run } from '../../interop/peers/process.ts';
import { type Host, other, type Places } from './namespaces.ts';

export interface Holding {
  /** `ip -s xfrm state`, an SA an entry. */
  readonly states: readonly string[];
  /** `ip -s xfrm policy` likewise. */
  readonly policies: readonly string[];
}

/** What a host's kernel holds of a case; of all of them unless given. */
export async function holding(host: Host, of?: Places): Promise<Holding> {
  const input = 'xfrm state\nxfrm policy\n';
  const { stdout } = await run(['ip', '-s', '-n', host, '-batch', '-'], { input });
  const entries = stdout.split(/\n(?=src )/).map((entry) => entry.trimEnd());
  const wanted = entries.filter((entry) => entry !== '' && (!of || concerns(entry, of)));
  const isState = (entry: string) => /^\s+proto \w+ spi /m.test(entry);
  return { states: wanted.filter(isState), policies: wanted.filter((entry) => !isState(entry)) };
}

function concerns(entry: string, { outer, inner }: Places): boolean {
  const behind = [inner.ours, inner.pluto].map((address) => address.replace(/1$/, ''));
  const names = [outer.ours, outer.pluto];
  return entry.split(/\s+/).some((word) => {
    const address = word.replace(/\/\d+$/, '');
    return names.includes(address) || behind.some((beginning) => address.startsWith(beginning));
  });
}

/**
 * As both ends must have it: the host's own addresses are `own` and `near`, the other's `peer` and `far`; numbers that are
 * each end's own (SPI, reqid, keys, counters, times, indices) are blotted out, and the order is alphabetic.
 */
export function comparable({ states, policies }: Holding, host: Host, all: Places): string[] {
  const names: [string, string][] = [
    [all.outer[host], 'own'],
    [all.outer[other(host)], 'peer'],
    [all.subnet[host], 'near'],
    [all.subnet[other(host)], 'far'],
  ];
  return [...states, ...policies]
    .map((entry) => {
      const lines = entry.split('\n').map((line) => blot(rename(line, names)));
      return withoutCounters(lines).join('\n');
    })
    .sort();
}

const rename = (line: string, names: readonly [string, string][]): string =>
  line
    .split(/( |\/)/)
    .join('')
    .split(' ')
    .map(
      (word) =>
        names.find(
          ([address]) => word === address || word === `${address}/32` || word === `${address}/128`,
        )?.[1] ?? word,
    )
    .join(' ');

const blot = (line: string): string =>
  line
    .replace(/\bspi 0x\w+\(\d+\)/, 'spi S')
    .replace(/\breqid \d+\(0x\w+\)/, 'reqid R')
    .replace(/\b(seq|oseq|seq-hi|oseq-hi|bitmap) 0x\w+/g, '$1 N')
    .replace(/\bindex \d+/, 'index N')
    .replace(/ 0x[0-9a-f]{16,}/g, ' KEY')
    .trimEnd();

/** Without `lifetime current`, `stats` and the bits of an anti-replay window. */
function withoutCounters(lines: readonly string[]): string[] {
  let skip = false;
  return lines.filter((line) => {
    if (/^\t\S/.test(line)) skip = /^\t(?:lifetime current|stats):/.test(line);
    return !skip && !/^\t ?[0-9a-f]{8}( [0-9a-f]{8})* ?$/.test(line) && !/^\tlastused/.test(line);
  });
}

/** Octets and packets of an SA so far. */
export function carried(state: string): { readonly octets: number; readonly packets: number } {
  const [, octets = '0', packets = '0'] =
    /lifetime current:\s+(\d+)\(bytes\), (\d+)\(packets\)/.exec(state) ?? [];
  return { octets: Number(octets), packets: Number(packets) };
}

export const spiOf = (state: string): string => /\bspi (0x\w+)/.exec(state)?.[1] ?? '';
export const sourceOf = (entry: string): string => /^src (\S+)/.exec(entry)?.[1] ?? '';
export const keyOf = (state: string): string =>
  [...state.matchAll(/ (0x[0-9a-f]{16,})/g)].map(([, key]) => key).join();
