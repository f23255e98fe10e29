/** `leftupdown=`: the command that hears of a child's comings and goings, and what only such a command is told. */
import type { UpdownPolicy } from '../policy/policy.ts';
import { formatAddress, parseAddress } from '../wire/address.ts';
import type { End } from './lookup.ts';
import { type Mistakes, quoted } from './mistake.ts';
import type { ConnSettings, Setting } from './settings.ts';

/** Values of `updown=` that say: nothing. */
const nothing = new Set(['', 'none', '%none', '%disabled']);

/** `leftsourceip=` of the end that is this host. */
export function sourceAddress(conn: ConnSettings, ours: End, mistakes: Mistakes): string | undefined {
  const source = conn.settings.get(`${ours}sourceip`);
  return source && readSource(source, mistakes);
}

/** Of the end that is this host; undefined when there is no command. */
export function updown(conn: ConnSettings, ours: End, mistakes: Mistakes): UpdownPolicy | undefined {
  const setting = conn.settings.get(`${ours}updown`);
  const command = setting && !nothing.has(setting.text.trim().toLowerCase()) ? setting.text : undefined;
  const told = ['metric', 'mtu', 'nflog'].map((name) => conn.settings.get(name));
  if (command === undefined) {
    for (const each of told) if (each && each.text !== '0') warnUntold(each, ours, mistakes);
    const source = conn.settings.get(`${ours}sourceip`);
    if (source)
      mistakes.note(source.at, `${source.name}= without ${ours}updown= is for a TUN device alone (--tun)`);
    return undefined;
  }
  const count = (name: string): number => Number(conn.settings.get(name)?.text ?? 0);
  const [metric, mtu, nflog] = [count('metric'), count('mtu'), count('nflog')];
  return {
    command,
    ...(metric > 0 && { metric }),
    ...(mtu > 0 && { mtu }),
    ...(nflog > 0 && { nflog }),
  };
}

function readSource({ name, text, at }: Setting, mistakes: Mistakes): string | undefined {
  const address = parseAddress(text.trim());
  if (address !== undefined) return formatAddress(address);
  mistakes.error(at, `${name}=: ${quoted(text)} is no address`, 'one address of this host');
  return undefined;
}

const warnUntold = ({ name, at }: Setting, ours: End, mistakes: Mistakes): void =>
  mistakes.warning(at, `${name}= is told to an updown command alone, and there is none`, `${ours}updown=`);
