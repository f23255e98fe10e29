/** The responder `ikev2 bench --self` loads: a daemon of ours in another process, which tells what it costs. */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LoadPlan, type Probe, parseSuite, type Reading } from '../load/index.ts';
import type { BenchOptions } from './bench-options.ts';
import type { FromResponder, ResponderSettings } from './bench-responder.ts';
import { CommandError } from './failure.ts';

export interface OwnResponder {
  readonly target: LoadPlan['target'];
  readonly secret: Uint8Array;
  readonly probe: Probe;
  stop(): Promise<void>;
}

const address = '127.0.0.1';

/** On free ports of loopback, with the same secret or the same certificate as the load. Throws CommandError. */
export async function startResponder(options: BenchOptions): Promise<OwnResponder> {
  const directory = mkdtempSync(join(tmpdir(), 'ikev2-bench-'));
  const secret = options.psk ?? new Uint8Array(randomBytes(32));
  const settings: ResponderSettings = {
    config: join(directory, 'ipsec.conf'),
    secrets: join(directory, 'ipsec.secrets'),
    store: join(directory, 'store'),
    address,
    provider: options.provider,
  };
  mkdirSync(join(settings.store, 'certs'), { recursive: true, mode: 0o700 });
  mkdirSync(join(settings.store, 'cacerts'), { mode: 0o700 });
  if (options.cert) {
    write(join(settings.store, 'certs/own.pem'), options.cert.join('\n'));
    write(join(settings.store, 'cacerts/ca.pem'), (options.ca ?? []).join('\n'));
  }
  write(settings.secrets, `: PSK 0x${Buffer.from(secret).toString('hex')}\n`);
  write(settings.config, configOf(options));
  const file = fileURLToPath(new URL('./bench-responder.js', import.meta.url));
  const child = fork(file, [JSON.stringify(settings)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const { port } = await said(child, 'ready');
    const read = async (): Promise<Reading> => {
      child.send({ kind: 'read' });
      return (await said(child, 'reading')).reading;
    };
    return { target: { address, port }, secret, probe: { pid: child.pid ?? 0, read }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const write = (path: string, text: string): void => writeFileSync(path, text, { mode: 0o600 });

function configOf({ cert, suite, mode, subnet, peerSubnet }: BenchOptions): string {
  const proposals = (suite ?? []).map((each) => each.split('/', 2));
  const forwardSecret = (suite ?? []).some((each) =>
    parseSuite(each).esp.some(({ ke }) => ke.some((group) => group !== 0)),
  );
  const ike = [...new Set(proposals.map(([of = '']) => of))];
  const esp = proposals.flatMap(([, of]) => (of === undefined ? [] : [of]));
  const lines = [
    'config setup',
    '\tuniqueids=no',
    `\tddos-mode=${mode === 'cookie' ? 'busy' : 'unlimited'}`,
    '\tmax-halfopen-ike=4000000',
    'conn bench',
    `\tleft=${address}`,
    cert ? '\tleftid=%fromcert\n\tleftcert=own\n\tleftsendcert=always' : '\tleftid=@responder.example',
    `\tleftsubnet=${cidr(peerSubnet)}`,
    '\tright=%any',
    '\trightid=%any',
    `\trightsubnet=${cidr(subnet)}`,
    '\tnarrowing=yes',
    `\tauthby=${cert ? 'rsasig,ecdsa' : 'secret'}`,
    `\tpfs=${forwardSecret ? 'yes' : 'no'}`,
    '\trekey=no',
    '\tauto=add',
    ...(ike.length > 0 ? [`\tike=${ike.join(',')}`] : []),
    ...(esp.length > 0 && esp.length === proposals.length ? [`\tesp=${esp.join(',')}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

const cidr = (networks: string): string =>
  networks === 'dynamic' ? '0.0.0.0/0' : networks.replaceAll('+n', '');

type Said<K extends FromResponder['kind']> = Extract<FromResponder, { kind: K }>;

function said<K extends FromResponder['kind']>(child: ChildProcess, kind: K): Promise<Said<K>> {
  return new Promise((resolve, reject) => {
    const hear = (message: FromResponder): void => {
      child.removeListener('exit', gone);
      if (message.kind === 'failed') reject(new CommandError(`the responder did not start: ${message.text}`));
      else if (message.kind === kind) resolve(message as Said<K>);
    };
    const gone = (code: number | null): void =>
      reject(new CommandError(`the responder ended, exit code ${code}`));
    child.once('message', hear);
    child.once('exit', gone);
  });
}
