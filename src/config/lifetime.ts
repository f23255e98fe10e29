/** How long SAs live: `ikelifetime=`, `ipsec-lifetime=` and what goes with them. RFC 7296 §2.8. */
import type { ChildLifetime, IkeLifetime } from '../policy/policy.ts';
import { placeOf } from './host.ts';
import { type Mistakes, quoted } from './mistake.ts';
import type { ConnSettings, Setting } from './settings.ts';
import { parseBinary, parseTime } from './values.ts';

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
  const ike = lifetime(settings.get('ikelifetime'), mistakes);
  const time = lifetime(settings.get('ipsec-lifetime'), mistakes);
  const rekey = settings.get('rekey')?.word !== 'no';
  const fuzz = Number.parseInt(settings.get('rekeyfuzz')?.text ?? String(defaults.fuzz), 10);
  const margin = rekey ? readMargin(conn, Math.min(ike, time), fuzz, mistakes) : 0;
  return {
    ike: { ike, margin, fuzz, rekey, reauth: settings.get('reauth')?.word === 'yes' },
    child: {
      time,
      octets: amount(settings.get('ipsec-max-bytes'), 'b'),
      packets: amount(settings.get('ipsec-max-packets'), ''),
    },
  };
}

function lifetime(setting: Setting | undefined, mistakes: Mistakes): number {
  const said = milliseconds(setting, defaults.lifetime);
  if (said > 0 && said <= longest) return said;
  if (setting !== undefined)
    mistakes.warning(
      setting.at,
      `${setting.name}=${quoted(setting.text)}: no SA lives longer than a day`,
      '24h',
    );
  return longest;
}

/** The rekey must begin while the SA lives. A default that does not fit is made to; a margin that was said is not. */
function readMargin(conn: ConnSettings, shortest: number, fuzz: number, mistakes: Mistakes): number {
  const setting = conn.settings.get('rekeymargin');
  const margin = milliseconds(setting, defaults.margin);
  const widest = margin * (1 + fuzz / 100);
  if (widest < shortest) return margin;
  const fitting = Math.floor(shortest / 2 / (1 + fuzz / 100));
  if (setting === undefined) return fitting;
  mistakes.error(
    placeOf(conn, 'rekeymargin'),
    `rekeymargin=${quoted(setting.text)} with rekeyfuzz=${fuzz}% begins up to ${widest / 1000}s before an end after ${shortest / 1000}s`,
    `rekeymargin= times ${1 + fuzz / 100} below both lifetimes, such as ${fitting / 1000}s`,
  );
  return fitting;
}

function milliseconds(setting: Setting | undefined, otherwise: number): number {
  const value = setting === undefined ? otherwise : parseTime(setting.text, 's');
  return typeof value === 'number' ? value : otherwise;
}

/** Octets or packets; 0: without limit. */
function amount(setting: Setting | undefined, unit: 'b' | ''): number {
  const value = setting === undefined ? 0n : parseBinary(setting.text, unit);
  return typeof value === 'bigint' ? Number(value) : 0;
}
