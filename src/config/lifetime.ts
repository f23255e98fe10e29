/** How long SAs live: `ikelifetime=`, `ipsec-lifetime=` and what goes with them. RFC 7296 §2.8. */
import type { ChildLifetime, IkeLifetime } from '../policy/policy.ts';
import { placeOf } from './host.ts';
import { type Mistakes, quoted } from './mistake.ts';
import { type ConnSettings, timeOf, wordOf } from './settings.ts';
import { parseBinary } from './values.ts';

export interface Lifetimes {
  readonly ike: IkeLifetime;
  readonly child: ChildLifetime;
}

const hour = 3_600_000;
const defaults = { lifetime: 8 * hour, margin: 9 * 60_000, fuzz: 100 };
/** What pluto limits both lifetimes to, and what it takes 0 for. */
const longest = 24 * hour;

/** Both lifetimes of a conn, with pluto's defaults and limits. */
export function lifetimes(conn: ConnSettings, mistakes: Mistakes): Lifetimes {
  const { settings } = conn;
  const ike = lifetime(conn, 'ikelifetime', mistakes);
  const time = lifetime(conn, 'ipsec-lifetime', mistakes);
  const rekey = wordOf<'yes' | 'no'>(settings, 'rekey', 'yes') === 'yes';
  const reauth = wordOf<'yes' | 'no'>(settings, 'reauth', 'no') === 'yes' && 'make-before-break';
  const fuzz = Number.parseInt(settings.get('rekeyfuzz')?.text ?? String(defaults.fuzz), 10);
  const shortest = ike < time ? { name: 'ikelifetime', time: ike } : { name: 'ipsec-lifetime', time };
  const margin = rekey ? readMargin(conn, shortest, fuzz, mistakes) : 0;
  const octets = amount(conn, 'ipsec-max-bytes', 'b');
  const packets = amount(conn, 'ipsec-max-packets', '');
  return { ike: { ike, margin, fuzz, rekey, reauth }, child: { time, octets, packets } };
}

function lifetime(conn: ConnSettings, name: string, mistakes: Mistakes): number {
  const said = timeOf(conn.settings, name, 's', defaults.lifetime);
  if (said > 0 && said <= longest) return said;
  const shown = quoted(conn.settings.get(name)?.text ?? '');
  mistakes.warning(
    placeOf(conn, name),
    `${name}=${shown}: an SA lives a day at most, and so this one does`,
    '24h',
  );
  return longest;
}

/**
 * The rekey must begin while the SA lives, however the fuzz falls. The default margin yields to a short lifetime; one
 * that was said and does not fit is a mistake (pluto halves it, or lets the SA expire).
 */
function readMargin(
  conn: ConnSettings,
  shortest: { readonly name: string; readonly time: number },
  fuzz: number,
  mistakes: Mistakes,
): number {
  const setting = conn.settings.get('rekeymargin');
  const margin = timeOf(conn.settings, 'rekeymargin', 's', defaults.margin);
  const widest = margin * (1 + fuzz / 100);
  if (widest < shortest.time) return margin;
  const fitting = Math.floor(shortest.time / 2 / (1 + fuzz / 100));
  if (setting === undefined)
    mistakes.note(
      placeOf(conn, shortest.name),
      `${shortest.name}= is too short for the usual rekeymargin=9m: it is ${fitting / 1000}s`,
    );
  else
    mistakes.error(
      setting.at,
      `rekeymargin=${quoted(setting.text)} grows to ${widest / 1000}s with rekeyfuzz=${fuzz}%, and ${shortest.name}= is ${shortest.time / 1000}s`,
      `rekeymargin= and its fuzz below the lifetimes, such as ${fitting / 1000}s`,
    );
  return fitting;
}

/** Octets or packets; 0: without limit. */
function amount(conn: ConnSettings, name: string, unit: 'b' | ''): number {
  const text = conn.settings.get(name)?.text;
  const value = text === undefined ? 0n : parseBinary(text, unit);
  return typeof value === 'bigint' ? Number(value) : 0;
}
