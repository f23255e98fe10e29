/** Configuration: ipsec.conf and ipsec.secrets as Libreswan reads them. */

import { resolve } from 'node:path';
import type { Crypto } from '../crypto/provider.ts';
import { type ConfigResult, type ConfigText, namedSecretsFile, parseConfig } from './config.ts';
import { readSources } from './files.ts';
import type { HostFacts } from './host.ts';

export {
  type Config,
  type ConfigResult,
  type ConfigText,
  certificateFiles,
  configOrThrow,
  hostsToResolve,
  keyFilePassphrases,
  parseConfig,
} from './config.ts';
export type { ResolvedConnection } from './conn.ts';
export type { StoredCredentials } from './credentials.ts';
export type { HostFacts } from './host.ts';
export { ConfigError, formatMistake, type Mistake, type Place, type Severity } from './mistake.ts';
export type { DaemonSettings } from './setup.ts';
export { type SourceFile, type Sources, sourcesOf } from './sources.ts';

export interface ConfigPaths {
  readonly config: string;
  readonly secrets: readonly string[];
}

/**
 * Reads the texts of a configuration; what cannot be read becomes a mistake in `parseConfig`. Without `secrets` the file
 * of `secretsfile=` is taken.
 */
export function readConfigText({ config, secrets }: ConfigPaths): ConfigText {
  const configFile = resolve(config);
  const sources = readSources([configFile], 'utf-8');
  const named = secrets.length > 0 ? undefined : namedSecretsFile(sources, configFile);
  const secretsFiles = (named === undefined ? secrets : [named]).map((path) => resolve(path));
  return { config: sources, configFile, secrets: readSources(secretsFiles, 'octets'), secretsFiles };
}

/** Reads and understands a configuration. Names are taken from `facts.resolved`; see `hostsToResolve`. */
export function readConfig(paths: ConfigPaths & HostFacts & { readonly crypto: Crypto }): ConfigResult {
  return parseConfig(readConfigText(paths), paths, paths.crypto);
}
