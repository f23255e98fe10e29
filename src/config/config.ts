/** ipsec.conf and ipsec.secrets to policy: all of it, or all the mistakes. */
import type { Crypto } from '../crypto/provider.ts';
import type { Secret } from '../crypto/secret.ts';
import { type EapPasswords, parseEapSecrets } from '../eap/index.ts';
import { formatIdentity } from '../policy/identity.ts';
import type { AuthPolicy, PadEntry, Policy, PreSharedKey } from '../policy/policy.ts';
import { pskFor } from '../policy/secrets.ts';
import { type ConnContext, type ResolvedConnection, resolveConn } from './conn.ts';
import { Credentials, isCertificateFile, noCredentials } from './credentials.ts';
import { identityName } from './end-identity.ts';
import { type HostFacts, hostSpec } from './host.ts';
import { ConfigError, type Mistake, Mistakes, quoted } from './mistake.ts';
import { checkPools } from './modecfg.ts';
import { parseSections } from './parser.ts';
import { namesOf, parseSecrets, preSharedKeys, type SecretsFile } from './secrets.ts';
import { type ConnSettings, connSettings, setupSettings } from './settings.ts';
import { type DaemonSettings, daemonSettings } from './setup.ts';
import type { Sources } from './sources.ts';

/** A configuration as text. */
export interface ConfigText {
  /** ipsec.conf and what it includes. */
  readonly config: Sources;
  readonly configFile: string;
  /** ipsec.secrets and what it includes: one character an octet. */
  readonly secrets: Sources;
  readonly secretsFiles: readonly string[];
}

export interface Config {
  readonly policy: Policy;
  /** Kept from the engine. */
  readonly eapPasswords: EapPasswords;
  /** What each conn came to, for an operator to look at. */
  readonly connections: readonly ResolvedConnection[];
  readonly settings: DaemonSettings;
  /** Conns left out because a host name has no address yet. */
  readonly waiting: readonly { readonly connection: string; readonly name: string }[];
  /** Warnings and notes. */
  readonly notes: readonly Mistake[];
}

export type ConfigResult = Config | { readonly mistakes: readonly Mistake[] };

/**
 * Understands a configuration. Pure: `facts` say what only the host knows. With a single error there is no policy,
 * and `mistakes` hold every remark there is.
 */
export function parseConfig(text: ConfigText, facts: HostFacts, crypto: Crypto): ConfigResult {
  const mistakes = new Mistakes();
  const sections = parseSections(text.config, text.configFile, mistakes);
  const settings = daemonSettings(setupSettings(sections, mistakes), facts, mistakes);
  const conns = connSettings(sections, mistakes);
  const keys = parseSecrets(text.secrets, text.secretsFiles, mistakes);
  const preShared = preSharedKeys(keys.preShared, facts.resolved ?? new Map(), mistakes);
  const connections: ResolvedConnection[] = [];
  const waiting: { connection: string; name: string }[] = [];
  const credentials = new Credentials(facts.credentials ?? noCredentials, crypto, mistakes);
  const cx: ConnContext = { facts, crypto, credentials, setup: settings, mistakes };
  for (const conn of conns.filter(({ template }) => !template)) {
    const resolved = resolveConn(conn, cx);
    if (resolved === undefined) continue;
    if ('waitingFor' in resolved) {
      waiting.push({ connection: conn.name, name: resolved.waitingFor });
      mistakes.warning(
        conn.at,
        `conn ${quoted(conn.name)} waits: ${quoted(resolved.waitingFor)} does not resolve`,
      );
    } else {
      connections.push(resolved);
      checkKey(resolved, preShared, mistakes);
    }
  }
  const eapPasswords = parseEapSecrets(keys.eap, mistakes);
  for (const connection of connections) checkPassword(connection, eapPasswords, mistakes);
  checkPools(connections, mistakes);
  if (mistakes.failed) {
    forget(keys);
    return { mistakes: mistakes.all };
  }
  const pki = credentials.pki(settings.revocation);
  const policy: Policy = {
    ...(pki && { pki }),
    pad: connections.flatMap(({ pad }) => pad ?? []),
    shunts: connections.flatMap(({ shunts }) => shunts),
    preSharedKeys: preShared,
    cookieThreshold: settings.cookieThreshold,
    halfOpenLimit: settings.halfOpenLimit,
  };
  return { policy, eapPasswords, connections, settings, waiting, notes: mistakes.all };
}

/** The host names a configuration speaks of, to be resolved before `parseConfig`. In alphabetical order. */
export function hostsToResolve(text: ConfigText): string[] {
  const mistakes = new Mistakes();
  const conns = connSettings(parseSections(text.config, text.configFile, mistakes), mistakes);
  const keys = parseSecrets(text.secrets, text.secretsFiles, mistakes);
  const names = [
    ...conns.filter(({ template }) => !template).flatMap((conn) => connNames(conn, mistakes)),
    ...namesOf(keys.preShared),
  ];
  forget(keys);
  return [...new Set(names)].sort();
}

/** The files that `leftcert=` and `rightcert=` name by a path. */
export function certificateFiles(config: Sources, configFile: string): string[] {
  const unheard = new Mistakes();
  const conns = connSettings(parseSections(config, configFile, unheard), unheard);
  const names = conns.flatMap(({ settings }) => [settings.get('leftcert'), settings.get('rightcert')]);
  return [...new Set(names.flatMap((each) => (each && isCertificateFile(each.text) ? each.text : [])))];
}

/** Passphrases of key files, by the name that stands in ipsec.secrets. */
export function keyFilePassphrases(text: ConfigText): ReadonlyMap<string, Secret> {
  const { preShared, eap, passphrases } = parseSecrets(text.secrets, text.secretsFiles, new Mistakes());
  for (const { secret } of [...preShared, ...eap]) secret.destroy();
  return passphrases;
}

function forget({ preShared, eap, passphrases }: SecretsFile): void {
  for (const { secret } of [...preShared, ...eap]) secret.destroy();
  for (const secret of passphrases.values()) secret.destroy();
}

/** The file `secretsfile=` names, if any. */
export function namedSecretsFile(config: Sources, configFile: string): string | undefined {
  const unheard = new Mistakes();
  return setupSettings(parseSections(config, configFile, unheard), unheard).get('secretsfile')?.text;
}

/** The configuration, or ConfigError with all mistakes. */
export function configOrThrow(result: ConfigResult): Config {
  if ('mistakes' in result) throw new ConfigError(result.mistakes);
  return result;
}

function connNames(conn: ConnSettings, mistakes: Mistakes): string[] {
  return (['left', 'right'] as const).flatMap((end) => {
    const spec = hostSpec(conn, end, mistakes);
    const id = identityName(conn.settings.get(`${end}id`)?.text ?? '%none');
    return [...(spec?.kind === 'name' ? [spec.name] : []), ...(id === undefined ? [] : [id])];
  });
}

/** Warns when no key can fit; for a peer that may be anyone, when there is no key at all. */
function checkKey(
  { name, at, pad }: ResolvedConnection,
  keys: readonly PreSharedKey[],
  mistakes: Mistakes,
): void {
  if (pad === undefined || hasKey(pad, keys)) return;
  if (![...pad.local.auth, ...pad.remote.auth].some(({ kind }) => kind === 'psk')) return;
  mistakes.warning(
    at,
    `conn ${quoted(name)}: no pre-shared key fits`,
    'an entry in ipsec.secrets, such as : PSK "key"',
  );
}

const byPassword = (way: AuthPolicy): boolean =>
  way.kind === 'eap' && way.methods.some((method) => method !== 'tls');

/** Warns when our name in EAP has no password, or the peers that have one to tell have none here. */
function checkPassword(
  { name, at, pad }: ResolvedConnection,
  passwords: EapPasswords,
  mistakes: Mistakes,
): void {
  if (pad === undefined) return;
  const user = pad.local.username ?? formatIdentity(pad.local.identity).replace(/^@/, '');
  const expected = 'an entry in ipsec.secrets, such as  user : EAP "password"';
  if (pad.local.auth.some(byPassword) && !passwords.has(user))
    mistakes.warning(at, `conn ${quoted(name)}: no EAP password for ${quoted(user)}`, expected);
  if (pad.remote.auth.some(byPassword) && passwords.size === 0)
    mistakes.warning(at, `conn ${quoted(name)}: no EAP password for any peer`, expected);
}

function hasKey({ local, remote }: PadEntry, keys: readonly PreSharedKey[]): boolean {
  if (remote.identity === undefined) return keys.length > 0;
  return pskFor(keys, local.identity, remote.identity, local.address, remote.address ?? '') !== undefined;
}
