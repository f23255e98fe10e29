/** `config setup`: what the daemon as a whole needs. */

import type { RevocationPolicy } from '../policy/policy.ts';
import { parseAddress } from '../wire/address.ts';
import { canonical, type HostFacts } from './host.ts';
import { nearest } from './lookup.ts';
import { type Mistakes, quoted } from './mistake.ts';
import { type Setting, timeOf } from './settings.ts';
import { parseTime } from './values.ts';

export interface DaemonSettings {
  /** `listen=`, in canonical text; empty: every address of the host. */
  readonly listen: readonly string[];
  /** The addresses that are ours for orientation: those listened on. */
  readonly localAddresses: readonly string[];
  readonly ikePort: number | undefined;
  readonly natPort: number | undefined;
  readonly logFile: string | undefined;
  readonly logAppend: boolean;
  /** `plutodebug=` asks for more than nothing. */
  readonly debug: boolean;
  readonly secretsFile: string | undefined;
  readonly uniqueIds: boolean;
  /** Milliseconds what comes of a failed negotiation lasts, where it was said. */
  readonly shuntLifetime: number | undefined;
  /** Seconds after which another packet of a flow that waits for an SA asks for it again, where it was said. */
  readonly acquireLifetime: number | undefined;
  /** Milliseconds between NAT keepalives. */
  readonly natKeepalive: number;
  /** Half-open SAs from which on cookies are asked for. 0: always. */
  readonly cookieThreshold: number;
  readonly halfOpenLimit: number;
  readonly revocation: RevocationPolicy;
  /** The text of the vendor ID of conns with `send-vendorid=yes`. */
  readonly vendorId: string;
}

/** pluto's defaults: 25000 half-open SAs until cookies, 50000 at most, keepalives every 20 s. */
export function daemonSettings(
  settings: ReadonlyMap<string, Setting>,
  facts: HostFacts,
  mistakes: Mistakes,
): DaemonSettings {
  const text = (name: string): string | undefined => settings.get(name)?.text;
  const count = (name: string, otherwise: number): number => Number(text(name) ?? otherwise);
  const listen = readListen(settings.get('listen'), mistakes);
  const keepAlive = parseTime(text('keep-alive') ?? '20', 's');
  return {
    listen,
    localAddresses: canonical(facts.listen ?? (listen.length > 0 ? listen : facts.addresses)),
    ikePort: port(text('ikeport')),
    natPort: port(text('nat-ikeport')),
    logFile: text('logfile'),
    logAppend: settings.get('logappend')?.word !== 'no',
    debug: readDebug(settings.get('plutodebug'), mistakes),
    secretsFile: text('secretsfile'),
    uniqueIds: settings.get('uniqueids')?.word !== 'no',
    shuntLifetime: settings.has('shuntlifetime') ? timeOf(settings, 'shuntlifetime', 's', 0) : undefined,
    acquireLifetime: acquireLifetime(settings, mistakes),
    natKeepalive: typeof keepAlive === 'number' && keepAlive > 0 ? keepAlive : 20_000,
    cookieThreshold: cookieThreshold(settings.get('ddos-mode')?.word, count('ddos-ike-threshold', 25_000)),
    halfOpenLimit: count('max-halfopen-ike', 50_000),
    revocation: revocation(settings),
    vendorId: text('myvendorid') ?? 'ikev2 (TypeScript)',
  };
}

/** pluto's defaults: CRLs are not fetched, nothing is strict, a fetch takes 5 s, an OCSP answer 2 s, by GET. */
function revocation(settings: ReadonlyMap<string, Setting>): RevocationPolicy {
  const yes = (name: string): boolean => settings.get(name)?.word === 'yes';
  const uri = settings.get('ocsp-uri')?.text;
  const fetched = timeOf(settings, 'crlcheckinterval', 's', 0) > 0;
  return {
    crlStrict: yes('crl-strict'),
    crlTimeout: fetched ? timeOf(settings, 'crl-timeout', 's', 5_000) : 0,
    ocsp: !yes('ocsp-enable') ? 'off' : yes('ocsp-strict') ? 'strict' : 'on',
    ...(uri !== undefined && { ocspUri: uri }),
    ocspTimeout: timeOf(settings, 'ocsp-timeout', 's', 2_000),
    ocspMethod: settings.get('ocsp-method')?.word === 'post' ? 'post' : 'get',
  };
}

/** The kernel has 0 for states that never go; its counter is of 31 bits. */
function acquireLifetime(settings: ReadonlyMap<string, Setting>, mistakes: Mistakes): number | undefined {
  const setting = settings.get('xfrmlifetime');
  if (setting === undefined) return undefined;
  const seconds = timeOf(settings, 'xfrmlifetime', 's', 0) / 1000;
  if (Number.isInteger(seconds) && seconds > 0 && seconds <= 0x7fff_ffff) return seconds;
  mistakes.error(
    setting.at,
    `xfrmlifetime=: ${quoted(setting.text)} is no whole number of seconds above 0`,
    '30s',
  );
  return undefined;
}

function port(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function cookieThreshold(mode: string | undefined, threshold: number): number {
  if (mode === 'busy') return 0;
  return mode === 'unlimited' ? Number.MAX_SAFE_INTEGER : threshold;
}

/** Addresses separated by commas or blanks; pluto takes one. */
function readListen(setting: Setting | undefined, mistakes: Mistakes): string[] {
  if (setting === undefined || setting.text.toLowerCase() === '%any') return [];
  const words = setting.text.split(/[\s,]+/).filter((word) => word !== '');
  for (const word of words.filter((each) => parseAddress(each) === undefined)) {
    mistakes.error(setting.at, `listen=: ${quoted(word)} is no address`, 'IPv4 or IPv6 addresses');
  }
  return canonical(words);
}

const current = [
  'none',
  'base',
  'cpu-usage',
  'refcnt',
  'crypt',
  'crypt-low',
  'private',
  'tmi',
  'routing',
  'whackwatch',
  'add-prefix',
];
const former = (
  'all raw parsing emitting control lifecycle kernel dns oppo oppoinfo controlmore x509 dpd xauth retransmits pfkey natt ' +
  'nattraversal klips netkey enum_names refcnt'
).split(' ');

/** `plutodebug=`: any debugging turns on ours; words of older versions get a note. */
function readDebug(setting: Setting | undefined, mistakes: Mistakes): boolean {
  if (setting === undefined) return false;
  const words = setting.text
    .toLowerCase()
    .split(/[\s,:]+/)
    .filter((word) => word !== '');
  for (const word of words) {
    const plain = word.replace(/^(?:no-)?(?:debug-)?/, '');
    if (current.includes(plain)) continue;
    if (former.includes(plain))
      mistakes.note(
        setting.at,
        `plutodebug=${plain} is obsolete and turns on debug logging`,
        'plutodebug=base',
      );
    else
      mistakes.warning(
        setting.at,
        `plutodebug=: ${quoted(word)} is unknown`,
        nearest(plain, current) ?? current.join(', '),
      );
  }
  return words.some((word) => word !== 'none' && !word.startsWith('no-'));
}
