/**
 * charon, pluto and our daemon side by side, one after the other on one core of this machine, loaded from the other core by
 * `ikev2 bench`: processor time of the responder for each handshake, memory for each SA, and the ratios. Needs root, for
 * namespaces of their own. Markdown on standard output.
 *
 *   npm run bench:rivals [-- --quick] [--only NAME] [--rivals charon,ours] [--count N] [--warm-up N] [--rounds N] [--profile DIR] [--json]
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import type { Result } from '../src/load/index.ts';
import { haveCharon, unpacked } from '../test/interop/peers/charon.ts';
import { certify, type KeyKind, once, root } from '../test/interop/peers/holders.ts';
import { scratch } from '../test/interop/peers/mounts.ts';
import { inNetwork, type Link, link } from '../test/interop/peers/namespaces.ts';
import { ikev2, project } from '../test/interop/peers/places.ts';
import { havePluto } from '../test/interop/peers/pluto.ts';
import { must, run } from '../test/interop/peers/process.ts';
import { haveShim, shimSource } from '../test/interop/peers/shims.ts';
import { altNames, dns } from '../test/pki/issue.ts';
import {
  type Certificates,
  type Contest,
  ids,
  type Rival,
  rivals,
  secret,
  startRival,
} from './rival-responders.ts';

const args = process.argv.slice(2);
const has = (flag: string): boolean => args.includes(flag);
const valueAfter = (flag: string): string | undefined =>
  has(flag) ? args[args.indexOf(flag) + 1] : undefined;
const isQuick = has('--quick');
/** Handshakes that are measured, and how often; the quietest counts. */
const count = Number(valueAfter('--count') ?? (isQuick ? 500 : 1500));
/** IKE_SA_INIT alone is short: more of them, or a tick of the clock is seen in the mean. */
const times = { handshake: 1, 'half-open': 4, cookie: 10 } as const;
/** Ours is compiled while it runs: by then most of it is. The others are as they are from the start. */
const warmUps = { ours: Number(valueAfter('--warm-up') ?? 2500), charon: 300, pluto: 300 } as const;
const rounds = Number(valueAfter('--rounds') ?? (isQuick ? 1 : 3));
const only = valueAfter('--only') ?? '';
const profile = valueAfter('--profile');
const asked = valueAfter('--rivals')?.split(',') ?? rivals;

const x25519 = {
  ike: 'aes128gcm16-prfsha256-x25519',
  esp: 'aes128gcm16',
  plutoIke: 'aes_gcm128-sha2_256-dh31',
  plutoEsp: 'aes_gcm128',
} as const;

const certificates = (kind: KeyKind) =>
  once((): Certificates => {
    const authority = root('bench', { kind });
    const holder = (who: 'responder' | 'initiator', serial: number) =>
      certify({
        subject: `C=CA, O=Bench, CN=${who}`,
        kind,
        issuer: authority,
        serial,
        extensions: [altNames(dns(ids[who]))],
      });
    return { authority, responder: holder('responder', 16), initiator: holder('initiator', 17) };
  });

interface Entry extends Omit<Contest, 'certificates'> {
  readonly certificates?: () => Certificates;
  /** Ours at most, of charon's. */
  readonly goal: number;
}

const contests: readonly Entry[] = [
  { name: 'PSK aes128gcm16-prfsha256-x25519', ...x25519, mode: 'handshake', goal: 0.45 },
  {
    name: 'PSK aes128gcm16-prfsha256-ecp256',
    ...x25519,
    ike: 'aes128gcm16-prfsha256-ecp256',
    plutoIke: 'aes_gcm128-sha2_256-dh19',
    mode: 'handshake',
    goal: 0.45,
  },
  {
    name: 'PSK aes128-sha256-modp2048',
    ike: 'aes128-sha256-modp2048',
    esp: 'aes128-sha256',
    plutoIke: 'aes128-sha2_256-dh14',
    plutoEsp: 'aes128-sha2_256',
    mode: 'handshake',
    goal: 0.4,
  },
  {
    name: 'ECDSA-P256 certificate, x25519',
    ...x25519,
    mode: 'handshake',
    certificates: certificates('p256'),
    goal: 0.5,
  },
  {
    name: 'RSA-2048 certificate, x25519',
    ...x25519,
    mode: 'handshake',
    certificates: certificates('rsa2048'),
    goal: 0.7,
  },
  { name: 'half-open, x25519', ...x25519, mode: 'half-open', goal: 0.7 },
  { name: 'cookie reply', ...x25519, mode: 'cookie', goal: 0.8 },
];

/** What a rival needs that is not there. */
async function missing(rival: Rival): Promise<string | undefined> {
  if (rival === 'ours') return existsSync(ikev2) ? undefined : 'dist/ is not built: npm run build';
  if (!haveShim('fakexfrm')) return `${shimSource('fakexfrm')} is absent`;
  if (rival === 'pluto') return havePluto() ? undefined : 'libreswan is not installed';
  if (!haveCharon())
    await run([join(project, 'test/interop/peers/fetch-strongswan.sh'), unpacked], { within: 120_000 });
  return haveCharon() ? undefined : 'strongSwan is neither installed nor to be had by apt-get download';
}

const loadCore = 0;
const responderCore = Math.min(1, availableParallelism() - 1);

/** One responder, started for this, under load. */
async function measured(rival: Rival, wire: Link, contest: Contest): Promise<Result> {
  const responder = await startRival(rival, wire.right, contest);
  try {
    await must(['taskset', '-a', '-c', '-p', String(responderCore), String(responder.pid)]);
    const whole = count * times[contest.mode];
    const warmUp = warmUps[rival] * times[contest.mode];
    const limits = ['--count', String(whole), '--warm-up', String(warmUp), '--concurrency', '16'];
    // Who proves one identity again and again has one connection of pluto's and its network, which overlapip=yes lets it share.
    const subnet = rival === 'pluto' && contest.certificates ? '10.0.0.0/8' : '10.0.0.0/8+n';
    const handshake =
      contest.mode === 'handshake'
        ? ['--leave', '--subnet', subnet, '--timeout', '30s', ...proof(contest.certificates)]
        : ['--timeout', '30s'];
    const suite = ['--mode', contest.mode, '--suite', `${contest.ike}/${contest.esp}`];
    const target = ['--target', wire.right.address, '--target-pid', String(responder.pid)];
    const pinned = ['taskset', '-c', String(loadCore), process.execPath, ikev2, 'bench', '--json'];
    const done = await run(
      [...inNetwork(wire.left.namespace), ...pinned, ...target, ...suite, ...limits, ...handshake],
      { within: 300_000 },
    );
    const lines = done.stdout.split('\n').filter((line) => line.startsWith('{"kind":"result"'));
    const [result] = lines.map((line) => JSON.parse(line) as Result);
    if (result === undefined || result.done < whole * 0.98)
      throw new Error(
        `${rival}, ${contest.name}: ${done.stdout}${done.stderr}\n${responder.log.slice(-4000)}`,
      );
    return result;
  } finally {
    await responder.stop();
  }
}

function proof(certified: Certificates | undefined): string[] {
  if (certified === undefined) return ['--psk', secret];
  const { path } = scratch('initiator');
  const [own, ca] = [join(path, 'own.pem'), join(path, 'ca.pem')];
  writeFileSync(own, certified.initiator.pem + certified.initiator.keyPem, { mode: 0o600 });
  writeFileSync(ca, certified.authority.pem);
  return ['--cert', own, '--ca', ca, '--id', `@${ids.initiator}`];
}

/** The quietest round of each. */
interface Cost {
  readonly cpu: number;
  readonly memory: number | undefined;
  readonly rate: number;
}

const costs = new Map<string, Cost>();
const note = (text: string): boolean => process.stderr.write(`${text}\n`);

const entered: Rival[] = [];
for (const rival of rivals) {
  if (!asked.includes(rival)) continue;
  const reason = await missing(rival);
  if (reason === undefined) entered.push(rival);
  else note(`left out: ${rival}: ${reason}`);
}
if (process.getuid?.() !== 0) throw new Error('needs root, for network namespaces');

const chosen = contests.filter(({ name }) => name.includes(only));
const wire = await link();
try {
  for (let round = 1; round <= rounds; round++) {
    for (const { certificates: make, goal: _, ...contest } of chosen) {
      for (const rival of entered) {
        const key = `${rival} ${contest.name}`;
        try {
          const result = await measured(rival, wire, {
            ...contest,
            ...(make && { certificates: make() }),
            ...(profile !== undefined && { profile }),
          });
          take(key, result);
          if (has('--json'))
            process.stdout.write(`${JSON.stringify({ rival, contest: contest.name, round, ...result })}\n`);
          note(`${round}/${rounds} ${key}: ${result.target?.cpuPerHandshake} ms, ${result.rate}/s`);
        } catch (error) {
          note(`${round}/${rounds} ${key}: ${error instanceof Error ? error.message : error}`);
        }
      }
    }
  }
} finally {
  wire.close();
}
for (const line of table()) process.stdout.write(`${line}\n`);

function take(key: string, { target, rate }: Result): void {
  const before = costs.get(key);
  const cpu = target?.cpuPerHandshake ?? Number.NaN;
  if (before && before.cpu <= cpu) return;
  costs.set(key, { cpu, memory: target?.rssPerSa, rate });
}

function table(): string[] {
  const [cpu] = cpus();
  const date = new Date().toISOString().slice(0, 10);
  const head = ['suite', ...entered.map((rival) => `${rival} ms`), 'ours / charon', 'goal', 'ours / pluto'];
  head.push(...entered.map((rival) => `${rival} kB an SA`));
  const rows = chosen.map(({ name, goal, mode }) => {
    const of = (rival: Rival): Cost | undefined => costs.get(`${rival} ${name}`);
    const ratio = (to: Rival): string => {
      const [a, b] = [of('ours'), of(to)];
      return a && b ? (a.cpu / b.cpu).toFixed(2) : '-';
    };
    const cells = [name, ...entered.map((rival) => of(rival)?.cpu.toFixed(3) ?? '-')];
    cells.push(ratio('charon'), goal.toFixed(2), ratio('pluto'));
    const memory = (cost: Cost | undefined): string =>
      mode === 'cookie' || cost?.memory === undefined ? '-' : (cost.memory / 1000).toFixed(1);
    cells.push(...entered.map((rival) => memory(of(rival))));
    return `| ${cells.join(' | ')} |`;
  });
  const versions = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { version: string };
  return [
    `Processor time of the responder (user and system, all threads) for each handshake, ${date}, ${cpu?.model.trim()}, Node ${process.versions.node}, ikev2 ${versions.version};`,
    `${count} handshakes (half-open four, cookies ten times as many) after ${warmUps.charon} of warm-up, ours after ${warmUps.ours}${rounds > 1 ? `, the quietest of ${rounds} rounds` : ''}, 16 at once; the responder alone on one core, the load (\`ikev2 bench\`) on another. SAs are kept.`,
    'charon and pluto run with a shim that lets them believe their SAs were installed, for this kernel has no ESP; ours has `--kernel memory`. charon and ours log nothing, pluto logs as it always does.',
    '',
    `| ${head.join(' | ')} |`,
    `|${head.map(() => '---').join('|')}|`,
    ...rows,
  ];
}
