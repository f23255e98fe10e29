/** What a kernel holds, as iproute2 tells it. */
import { must } from '../../interop/peers/process.ts';
import { type Host, inside, other, type Places } from './namespaces.ts';

export interface Holding {
  /** `ip -s xfrm state`, an SA an entry. */
  readonly states: readonly string[];
  /** `ip -s xfrm policy` likewise. */
  readonly policies: readonly string[];
}

export type Kind = 'state' | 'policy';

/**
 * What a host's kernel holds of a case; of all of them unless given. Each process costs its 50 ms: who wants SAs alone asks
 * for them alone.
 */
export async function holding(
  host: Host,
  of?: Places,
  kinds: readonly Kind[] = ['state', 'policy'],
): Promise<Holding> {
  const told = async (kind: Kind): Promise<string[]> => {
    if (!kinds.includes(kind)) return [];
    // In one batch of ip's the second would print nothing.
    const text = await must(['ip', '-s', '-n', host, 'xfrm', kind]);
    const entries = text.split(/\n(?=src )/).map((entry) => entry.trimEnd());
    return entries.filter((entry) => entry !== '' && (!of || concerns(entry, of)));
  };
  const states = await told('state');
  // Pluto leaves what waited for its SA to expire by itself.
  const isOwn = (state: string) => host === 'ours' || Number(spiOf(state)) !== 0;
  return { states: states.filter(isOwn), policies: await told('policy') };
}

/** SAs alone. */
export const statesOf = async (host: Host, of: Places): Promise<readonly string[]> =>
  (await holding(host, of, ['state'])).states;

function concerns(entry: string, all: Places): boolean {
  const addresses = (['ours', 'pluto'] as const).flatMap((host) => [all.outer[host], behind(all, host)]);
  return entry
    .split(/\s+/)
    .some((word) => addresses.some((address) => replaced(word, address, '?') !== word));
}

/**
 * As both ends must have it: the host's own addresses are `own` and `near`, the other's `peer` and `far`; numbers that are
 * each end's own (SPI, reqid, keys, counters, times, indices) are blotted out, and the order is alphabetic.
 */
export function comparable({ states, policies }: Holding, host: Host, all: Places): string[] {
  const names: [string, string][] = [
    [all.outer[host], 'own'],
    [all.outer[other(host)], 'peer'],
    [behind(all, host), 'near '],
    [behind(all, other(host)), 'far '],
  ];
  const named = (word: string) =>
    names.reduce((text, [address, name]) => replaced(text, address, name), word);
  return [...states, ...policies]
    .map((entry) =>
      withoutCounters(entry.split('\n').map((line) => blot(line.split(' ').map(named).join(' ')))),
    )
    .map((lines) => lines.join('\n'))
    .sort();
}

/** What the addresses behind a host begin with. */
const behind = ({ inner }: Places, host: Host): string => inner[host].replace(/1$/, '');

/** An address alone or with its length of prefix; one that ends as a prefix does is a beginning. */
function replaced(word: string, address: string, name: string): string {
  const isBeginning = /[.:]$/.test(address);
  if (isBeginning) return word.startsWith(address) ? name + word.slice(address.length) : word;
  return word === address || word.startsWith(`${address}/`) ? name + word.slice(address.length) : word;
}

const blot = (line: string): string =>
  line
    .replace(/\bspi 0x\w+\(\d+\)/, 'spi S')
    .replace(/\breqid \d+\(0x\w+\)/, 'reqid R')
    .replace(/\b(seq|oseq|seq-hi|oseq-hi|bitmap) 0x\w+/g, '$1 N')
    .replace(/\bindex \d+/, 'index N')
    // Pluto has a limit that no one reaches, and rekeys at some of it.
    .replace(/soft \d+(\(\w+\)), hard 9223372036854775808\(\w+\)/, 'soft (INF)$1, hard (INF)$1')
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

/** Packets that came by an SA the host did not have, so far. */
export async function strangers(host: Host): Promise<number> {
  const text = await must(inside(host, ['cat', '/proc/net/xfrm_stat']));
  return Number(/^XfrmInNoStates\s+(\d+)/m.exec(text)?.[1]);
}

export const spiOf = (state: string): string => /\bspi (0x\w+)/.exec(state)?.[1] ?? '';
export const keyOf = (state: string): string =>
  [...state.matchAll(/ (0x[0-9a-f]{16,})/g)].map(([, key]) => key).join();
