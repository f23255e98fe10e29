/** strongSwan's charon 5.9.8 in a namespace of its own, configured by values, driven through swanctl. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bind, beside, type Files, privately, scratch, writeFiles } from './mounts.ts';
import type { Side } from './namespaces.ts';
import { cache } from './places.ts';
import { Background, type Finished, must, run, until } from './process.ts';
import { shim } from './shims.ts';

/** A section of strongswan.conf or swanctl.conf. */
export type Section = { readonly [key: string]: string | number | boolean | Section };

export interface CharonOptions {
  readonly side: Side;
  /** `libipsec`: ESP in user space, ping works. `fakexfrm`: SAs without a data plane. */
  readonly kernel: 'libipsec' | 'fakexfrm';
  readonly connections: Section;
  readonly secrets: Section;
  /** Of virtual addresses. */
  readonly pools?: Section;
  /** In swanctl's directory: x509/ x509ca/ x509crl/ private/ */
  readonly files?: Files;
  readonly authorities?: Section;
  /** Loaded besides the usual ones. */
  readonly plugins?: string;
  /** Added to the `charon` section of strongswan.conf. */
  readonly settings?: Section;
}

/** One IKE SA of `swanctl --list-sas`. */
export interface CharonSa {
  readonly name: string;
  readonly state: string;
  /** What `swanctl --raw` says of it: `encr-alg`, `remote-port`, `nat-remote` ... */
  readonly fields: Readonly<Record<string, string>>;
  readonly children: readonly { name: string; state: string; fields: Readonly<Record<string, string>> }[];
}

const installed = '/usr/lib/ipsec/charon';
/** Where `fetch-strongswan.sh` unpacks it when it is not installed. */
export const unpacked = join(cache, 'strongswan');
export const haveCharon = (): boolean => existsSync(installed) || existsSync(join(unpacked, installed));

const plugins =
  'random nonce aes sha1 sha2 hmac kdf xcbc cmac ctr ccm gcm chapoly drbg openssl curve25519 pem pkcs1 pkcs8 ' +
  'x509 pubkey constraints KERNEL kernel-netlink socket-default vici updown';

export class Charon {
  readonly #daemon: Background;
  readonly #scratch: ReturnType<typeof scratch>;
  readonly #swanctl: string;

  private constructor(daemon: Background, place: ReturnType<typeof scratch>, swanctl: string) {
    this.#daemon = daemon;
    this.#scratch = place;
    this.#swanctl = swanctl;
  }

  /** Starts it and loads everything. Throws with its log when that fails. */
  static async start(options: CharonOptions): Promise<Charon> {
    const place = scratch('charon');
    const file = (name: string, section: Section) => {
      const path = join(place.path, name);
      writeFileSync(path, render(section), { mode: 0o600 });
      return path;
    };
    const env = [`STRONGSWAN_CONF=${file('strongswan.conf', settingsOf(options))}`];
    const connections = file('swanctl.conf', {
      connections: options.connections,
      secrets: options.secrets,
      ...(options.pools && { pools: options.pools }),
      ...(options.authorities && { authorities: options.authorities }),
    });
    writeFiles(place.path, options.files ?? {});
    if (options.kernel === 'fakexfrm') env.push(`LD_PRELOAD=${await shim('fakexfrm')}`);
    const binds: Bind[] = [];
    if (!existsSync(installed)) binds.push([join(unpacked, 'usr/lib/ipsec'), '/usr/lib/ipsec']);
    const command = ['env', ...env, installed];
    const daemon = new Background(privately(options.side.namespace, [], binds, command));
    const swanctl = existsSync(installed) ? '/usr/sbin/swanctl' : join(unpacked, 'usr/sbin/swanctl');
    const charon = new Charon(daemon, place, swanctl);
    try {
      await until(
        'charon answers',
        () => charon.#ready(),
        10_000,
        () => daemon.output,
      );
      await charon.#must('--load-all', '--noprompt', '--file', connections);
    } catch (error) {
      await charon.stop();
      throw new Error(`${String(error)}\n${daemon.output}`);
    }
    return charon;
  }

  get pid(): number {
    return this.#daemon.pid;
  }

  get log(): string {
    return this.#daemon.output;
  }

  /** `swanctl --initiate`; exit code 0 when the child is up. */
  initiate(child: string, within = 20_000): Promise<Finished> {
    return this.#run(
      ['--initiate', '--child', child, '--timeout', String(Math.ceil(within / 1000))],
      within + 2_000,
    );
  }

  /** Deletes an IKE SA, or one of its children, at the peer. */
  async terminate(what: { ike: string } | { child: string }): Promise<void> {
    const [kind, name] = 'ike' in what ? ['--ike', what.ike] : ['--child', what.child];
    await this.#must('--terminate', kind, name, '--timeout', '10');
  }

  async rekey(what: { ike: string } | { child: string }): Promise<void> {
    const [kind, name] = 'ike' in what ? ['--ike', what.ike] : ['--child', what.child];
    await this.#must('--rekey', kind, name);
  }

  /** A new IKE SA in the place of the old one. */
  async reauthenticate(ike: string): Promise<void> {
    await this.#must('--rekey', '--ike', ike, '--reauth');
  }

  async list(): Promise<CharonSa[]> {
    return parseSas(await this.#must('--list-sas', '--raw'));
  }

  /** Waits until the SAs are as wanted. */
  async when<T>(what: string, probe: (sas: CharonSa[]) => T | undefined, within = 10_000): Promise<T> {
    return until(
      `charon: ${what}`,
      async () => probe(await this.list()),
      within,
      () => this.log,
    );
  }

  /** An established IKE SA with an installed child. */
  established(within = 10_000): Promise<CharonSa> {
    const up = (sa: CharonSa) =>
      sa.state === 'ESTABLISHED' && sa.children.some((child) => child.state === 'INSTALLED');
    return this.when('IKE SA and child up', (sas) => sas.find(up), within);
  }

  /** No SA of any state. */
  async empty(within = 10_000): Promise<void> {
    await this.when('no SA left', (sas) => (sas.length === 0 ? true : undefined), within);
  }

  /** Runs a command beside the daemon: same network. */
  beside(...command: string[]): Promise<Finished> {
    return run([...beside(this.#daemon.pid), ...command]);
  }

  /** SIGKILL: no Delete goes out. */
  async kill(): Promise<void> {
    this.#daemon.signal('SIGKILL');
    await this.#daemon.exited;
  }

  async stop(): Promise<void> {
    await this.#daemon.stop();
    this.#scratch.remove();
  }

  async #ready(): Promise<true | undefined> {
    if (!this.#daemon.running) throw new Error('charon ended');
    return (await this.#run(['--stats'], 2_000)).code === 0 ? true : undefined;
  }

  #command(args: readonly string[]): string[] {
    const settings = `STRONGSWAN_CONF=${join(this.#scratch.path, 'strongswan.conf')}`;
    const directory = `SWANCTL_DIR=${this.#scratch.path}`;
    return [...beside(this.#daemon.pid), 'env', settings, directory, this.#swanctl, ...args];
  }

  #run(args: readonly string[], within: number): Promise<Finished> {
    return run(this.#command(args), { within });
  }

  #must(...args: string[]): Promise<string> {
    return must(this.#command(args), { within: 15_000 });
  }
}

function settingsOf(options: CharonOptions): Section {
  const kernel = options.kernel === 'libipsec' ? 'kernel-libipsec' : '';
  return {
    charon: {
      load_modular: false,
      retransmit_tries: 2,
      retransmit_timeout: '1.0',
      install_virtual_ip: false,
      load: `${plugins.replace('KERNEL', kernel)} ${options.plugins ?? ''}`,
      filelog: { stderr: { default: 1, ike: 2, cfg: 2, knl: 1, flush_line: true } },
      ...options.settings,
    },
  };
}

/** One `key = value` a line: anything else becomes part of the value. */
function render(section: Section, indent = ''): string {
  return Object.entries(section)
    .map(([key, value]) => {
      if (typeof value === 'object') return `${indent}${key} {\n${render(value, `${indent}  `)}${indent}}\n`;
      return `${indent}${key} = ${typeof value === 'boolean' ? (value ? 'yes' : 'no') : value}\n`;
    })
    .join('');
}

type Raw = { [key: string]: string | Raw };

/** `list-sa event {name {key=value list=[a b] child-sas {net-1 {...}}}}`, a line an SA. */
function parseSas(text: string): CharonSa[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('list-sa event'))
    .flatMap((line) => Object.entries(parseRaw(line.slice('list-sa event'.length))))
    .map(([name, raw]) => ({ name, ...saOf(raw), children: childrenOf(raw) }));
}

function saOf(raw: string | Raw): { state: string; fields: Record<string, string> } {
  const entries = typeof raw === 'string' ? [] : Object.entries(raw);
  const fields: Record<string, string> = {};
  for (const [key, value] of entries) if (typeof value === 'string') fields[key] = value;
  return { state: fields.state ?? '', fields };
}

function childrenOf(raw: string | Raw): CharonSa['children'] {
  const children = typeof raw === 'string' ? undefined : raw['child-sas'];
  if (children === undefined || typeof children === 'string') return [];
  return Object.values(children).map((child) => {
    const sa = saOf(child);
    return { name: sa.fields.name ?? '', ...sa };
  });
}

function parseRaw(text: string): Raw {
  const root: Raw = {};
  const stack = [root];
  for (const found of text.matchAll(/([^\s={}]+)\s*\{|([^\s={}]+)=(\[[^\]]*\]|[^\s{}]*)|\{|\}/g)) {
    const top = stack.at(-1) ?? root;
    const [all, section, key, value] = found;
    if (section !== undefined) {
      const inner: Raw = {};
      top[section] = inner;
      stack.push(inner);
    } else if (key !== undefined) top[key] = value ?? '';
    else if (all === '{') stack.push(top);
    else stack.pop();
  }
  return root;
}
