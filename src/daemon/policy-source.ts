/** Configuration files as a policy source: read, resolve names, understand, as often as asked. */
import { accessSync, constants } from 'node:fs';
import {
  type ConfigResult,
  certificateFiles,
  type DaemonSettings,
  formatMistake,
  hostsToResolve,
  parseConfig,
  readConfigText,
} from '../config/index.ts';
import { type Crypto, defaultCrypto, nodePrivateKey } from '../crypto/index.ts';
import type { Policy } from '../policy/policy.ts';
import type { DaemonSecrets } from './answers.ts';
import { ControlError } from './control-protocol.ts';
import { defaultRoutes, localAddresses, resolveNames } from './host.ts';
import { KeyPassphrases } from './key-passphrases.ts';
import { credentialsOf, type KeyStore, loadStore } from './key-store.ts';
import { decideLabels, hostLabels, type LabelDecision } from './labels.ts';
import { defaultStore } from './paths.ts';

/** What a configuration was found to say. */
export interface Loaded {
  readonly policy: Policy;
  /** Kept from the engine; none unless given. */
  readonly secrets?: DaemonSecrets;
  /** Warnings and notes, a line each. */
  readonly remarks: readonly string[];
  /** Host names that have no address yet; their connections are left out. */
  readonly waitingFor: readonly string[];
  readonly settings?: Pick<
    DaemonSettings,
    'listen' | 'ikePort' | 'natPort' | 'logFile' | 'logAppend' | 'debug' | 'acquireLifetime'
  >;
}

/** Reads the configuration anew. Throws ControlError CONFIG with every mistake when there is an error in it. */
export type PolicySource = () => Promise<Loaded>;

export interface ConfigFiles {
  readonly config: string;
  /** Undefined: the file `secretsfile=` names. */
  readonly secrets: string | undefined;
  /** Our addresses, when not all of the host's. */
  readonly listen?: readonly string[] | undefined;
  /**
   * The nat socket's port, when it was chosen: the one a peer's `rightikeport=` names, because the marker goes with it.
   * Tells two ends on one address apart.
   */
  readonly natPort?: number | undefined;
  /** The directory of keys and certificates; the default one unless said. */
  readonly store?: string | undefined;
  /** Who decides on security labels; found out, once for a source, unless said. */
  readonly labels?: LabelDecision | undefined;
  /** Whose algorithms the default proposals name; the default providers unless said. */
  readonly crypto?: Crypto | undefined;
}

/** The configuration with what this host knows, or all its mistakes. Throws ControlError CONFIG when a file is missing. */
export async function readConfiguration(
  files: ConfigFiles,
): Promise<{ readonly result: ConfigResult; readonly store: KeyStore }> {
  const { config, secrets, listen, natPort, crypto = defaultCrypto, store: directory = defaultStore } = files;
  mustBeReadable(config, 'write your connections there, or name another file with --config');
  if (secrets !== undefined) {
    mustBeReadable(
      secrets,
      'put your keys there, as in  : PSK "key"  and mode 600, or name another file with --secrets',
    );
  }
  const text = readConfigText({ config, secrets: secrets === undefined ? [] : [secrets] });
  const names = hostsToResolve(text);
  const [defaultRoute, resolved] = await Promise.all([defaultRoutes(), resolveNames(names)]);
  const passphrases = new KeyPassphrases(text);
  const loaded = loadStore(directory, {
    files: certificateFiles(text.config, text.configFile),
    passphrases: passphrases.of,
    whence: passphrases.whence,
  });
  const store = { ...loaded, mistakes: [...loaded.mistakes, ...passphrases.unused(directory)] };
  const facts = {
    addresses: localAddresses(),
    defaultRoute,
    resolved,
    credentials: credentialsOf(store),
    unixTime: Date.now() / 1000,
  };
  const { access, fault } = hostLabels(files.labels ?? decideLabels('auto'));
  const labels = { mode: access.mode, ...(fault && { fault }) };
  const result = parseConfig(
    text,
    {
      ...facts,
      labels,
      ...(listen && { listen }),
      ...(natPort && { ikePort: natPort }),
    },
    crypto,
  );
  return { result, store };
}

/** What may be behind a mistake: `--listen` says an address that is nobody's here. */
function notOurs({ listen = [] }: ConfigFiles): string[] {
  const own = localAddresses();
  const foreign = listen.filter((address) => !address.startsWith('127.') && !own.includes(address));
  return foreign.map((address) => `--listen ${address}: no address of this host, which has ${own.join(' ')}`);
}

function mustBeReadable(path: string, advice: string): void {
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const what = missing
      ? `there is no ${path}: ${advice}`
      : `no right to read ${path}: run as its owner or as root`;
    throw new ControlError('CONFIG', what);
  }
}

export function fileSource(given: ConfigFiles): PolicySource {
  const files = { ...given, labels: given.labels ?? decideLabels('auto') };
  return async () => {
    const { result, store } = await readConfiguration(files);
    if ('mistakes' in result)
      throw new ControlError(
        'CONFIG',
        [...store.mistakes, ...result.mistakes.map(formatMistake), ...notOurs(files)].join('\n'),
      );
    const { policy, eapPasswords, settings, notes, waiting } = result;
    const waitingFor = [...new Set(waiting.map(({ name }) => name))];
    const keys = store.keys.map(({ pkcs8 }) => ({ pkcs8, key: nodePrivateKey(pkcs8.octets) }));
    const remarks = [...store.mistakes, ...notes.map(formatMistake)];
    return { policy, secrets: { keys, eapPasswords }, settings, remarks, waitingFor };
  };
}
