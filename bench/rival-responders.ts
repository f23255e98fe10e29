/** Each responder of the comparison, about to be loaded: same machine, same suites, one namespace, as quiet as it can be. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ControlClient } from '../src/daemon/control-client.ts';
import { Charon } from '../test/interop/peers/charon.ts';
import { charonStore, type Holder, ourStore } from '../test/interop/peers/holders.ts';
import { ipsecConf, type Keywords } from '../test/interop/peers/ipsec-conf.ts';
import { scratch, writeFiles } from '../test/interop/peers/mounts.ts';
import { inNetwork, type Side } from '../test/interop/peers/namespaces.ts';
import { nssOf } from '../test/interop/peers/nss.ts';
import { ikev2 } from '../test/interop/peers/places.ts';
import { Pluto } from '../test/interop/peers/pluto.ts';
import { Background, until } from '../test/interop/peers/process.ts';

export type Mode = 'handshake' | 'half-open' | 'cookie';

/** What is compared. */
export interface Contest {
  readonly name: string;
  /** strongSwan's spelling, and pluto's. */
  readonly ike: string;
  readonly esp: string;
  readonly plutoIke: string;
  readonly plutoEsp: string;
  readonly mode: Mode;
  /** Both ends prove themselves by such certificates; by a shared key without. */
  readonly certificates?: Certificates;
  /** Where our daemon writes a profile of itself (`node --cpu-prof`), if anywhere. */
  readonly profile?: string;
}

export interface Certificates {
  readonly authority: Holder;
  readonly responder: Holder;
  readonly initiator: Holder;
}

export interface Responder {
  readonly pid: number;
  readonly log: string;
  stop(): Promise<void>;
}

export const rivals = ['charon', 'pluto', 'ours'] as const;
export type Rival = (typeof rivals)[number];

export const secret = 'correct horse battery staple';
export const ids = { responder: 'responder.example', initiator: 'initiator.example' };

export function startRival(rival: Rival, side: Side, contest: Contest): Promise<Responder> {
  if (rival === 'charon') return startCharon(side, contest);
  return rival === 'pluto' ? startPluto(side, contest) : startOurs(side, contest);
}

/** Its table of SAs as large as its manual advises for load, and no word in its log. */
function startCharon(side: Side, { ike, esp, mode, certificates }: Contest): Promise<Responder> {
  const auth = certificates ? 'pubkey' : 'psk';
  const store =
    certificates && charonStore({ holder: certificates.responder, trusts: [certificates.authority] });
  return Charon.start({
    side,
    kernel: 'fakexfrm',
    connections: {
      bench: {
        version: 2,
        local_addrs: side.address,
        remote_addrs: '%any',
        proposals: ike,
        unique: 'never',
        rekey_time: 0,
        local: { auth, id: ids.responder, ...(certificates && { certs: 'charon.pem' }) },
        remote: { auth, id: certificates ? ids.initiator : '%any' },
        children: {
          net: { local_ts: '0.0.0.0/0', remote_ts: '10.0.0.0/8', esp_proposals: esp, rekey_time: 0 },
        },
      },
    },
    secrets: certificates ? {} : { 'ike-1': { secret: `"${secret}"` } },
    ...(store && { files: store }),
    settings: {
      filelog: { stderr: { default: -1 } },
      ikesa_table_size: 16_384,
      ikesa_table_segments: 16,
      install_routes: false,
      half_open_timeout: 600,
      ...(mode === 'cookie' ? { cookie_threshold: 1, block_threshold: 0 } : { dos_protection: false }),
    },
  });
}

const conn = (side: Side, certificates: Certificates | undefined): Keywords => ({
  left: side.address,
  leftid: `@${ids.responder}`,
  leftsubnet: '0.0.0.0/0',
  right: '%any',
  rightsubnet: '10.0.0.0/8',
  narrowing: 'yes',
  pfs: 'no',
  rekey: 'no',
  ...(certificates && { leftsendcert: 'always' }),
  auto: 'add',
});

const setup = (mode: Mode): Keywords => ({
  uniqueids: 'no',
  'ddos-mode': mode === 'cookie' ? 'busy' : 'unlimited',
  'max-halfopen-ike': '1000000',
});

async function startPluto(side: Side, contest: Contest): Promise<Responder> {
  const { certificates, mode } = contest;
  const keywords = {
    ...conn(side, certificates),
    ikev2: 'insist',
    ike: contest.plutoIke,
    esp: contest.plutoEsp,
    authby: certificates ? (certificates.responder.kind === 'p256' ? 'ecdsa' : 'rsa-sha2') : 'secret',
    ...(certificates && { leftcert: 'pluto', rightid: '%fromcert', rightca: '%any', overlapip: 'yes' }),
  };
  const nss =
    certificates && (await nssOf({ holder: certificates.responder, trusts: [certificates.authority] }));
  return Pluto.start({
    side,
    config: ipsecConf({ setup: { ...setup(mode), 'ikev1-policy': 'drop' }, conns: { bench: keywords } }),
    conns: ['bench'],
    secrets: `: PSK "${secret}"\n`,
    ...(nss !== undefined && { nss }),
  });
}

/** As it is installed, without a data plane: the others have none either. */
async function startOurs(side: Side, { ike, esp, mode, certificates, profile }: Contest): Promise<Responder> {
  const place = scratch('ours');
  const at = (name: string): string => join(place.path, name);
  mkdirSync(at('run'), { mode: 0o700 });
  const keywords = {
    ...conn(side, certificates),
    rightid: certificates ? `@${ids.initiator}` : '%any',
    ike,
    esp,
    authby: certificates ? 'rsasig,ecdsa' : 'secret',
    ...(certificates && { leftcert: 'ours' }),
  };
  writeFileSync(at('ipsec.conf'), ipsecConf({ setup: setup(mode), conns: { bench: keywords } }));
  writeFileSync(at('ipsec.secrets'), `: PSK "${secret}"\n`, { mode: 0o600 });
  if (certificates)
    writeFiles(at('store'), ourStore({ holder: certificates.responder, trusts: [certificates.authority] }));
  const files = ['--config', at('ipsec.conf'), '--secrets', at('ipsec.secrets'), '--store', at('store')];
  const rest = ['--kernel', 'memory', '--log-level', 'warn', '--control', at('run/control')];
  const node = profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profile];
  const command = [process.execPath, ...node, ikev2, 'daemon', ...files, ...rest, '--listen', side.address];
  const daemon = new Background([...inNetwork(side.namespace), ...command]);
  const stop = async (): Promise<void> => {
    // The second does not wait for the peers; a profile is written on the way out.
    if (profile !== undefined) for (const _ of [1, 2]) daemon.signal('SIGTERM');
    else daemon.signal('SIGKILL');
    await daemon.exited;
    place.remove();
  };
  try {
    await until('our daemon answers', () => answers(daemon, at('run/control')), 15_000);
  } catch (error) {
    await stop();
    throw new Error(`${String(error)}\n${daemon.output}`);
  }
  return {
    pid: daemon.pid,
    get log() {
      return daemon.output;
    },
    stop,
  };
}

async function answers(daemon: Background, path: string): Promise<true | undefined> {
  if (!daemon.running) throw new Error('our daemon ended');
  const client = existsSync(path) ? await ControlClient.connect(path).catch(() => undefined) : undefined;
  client?.close();
  return client && true;
}
