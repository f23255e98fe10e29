/** Shared by the tests of this folder: a configuration in memory, read on a host of documentation addresses. */

import type { Config } from '../../src/config/index.ts';
import {
  type ConfigResult,
  type ConfigText,
  formatMistake,
  type HostFacts,
  parseConfig,
  sourcesOf,
} from '../../src/config/index.ts';
import { defaultCrypto } from '../../src/crypto/index.ts';
import type { PadEntry } from '../../src/policy/policy.ts';

export const facts: HostFacts = {
  addresses: ['192.0.2.1', '2001:db8::1', '127.0.0.1'],
  defaultRoute: { ipv4: '192.0.2.1', ipv6: '2001:db8::1' },
};

/** Of 128 bits and more. */
export const strongKey = '9a8b7c6d5e4f30211203f4e5d6c7b8a9';

export function text(files: string | Record<string, string>, secrets = `: PSK "${strongKey}"\n`): ConfigText {
  return {
    config: sourcesOf(typeof files === 'string' ? { '/c': files } : files),
    configFile: '/c',
    secrets: sourcesOf({ '/s': secrets }),
    secretsFiles: ['/s'],
  };
}

export function read(
  files: string | Record<string, string>,
  more: Partial<HostFacts> = {},
  secrets?: string,
): ConfigResult {
  return parseConfig(text(files, secrets), { ...facts, ...more }, defaultCrypto);
}

/** Fails the test with the mistakes when there is no policy. */
export function good(
  files: string | Record<string, string>,
  more: Partial<HostFacts> = {},
  secrets?: string,
): Config {
  const result = read(files, more, secrets);
  if ('mistakes' in result) throw new Error(result.mistakes.map(formatMistake).join('\n'));
  return result;
}

/** Every remark, one a line. */
export function remarks(result: ConfigResult): string[] {
  return ('mistakes' in result ? result.mistakes : result.notes).map(formatMistake);
}

/** Only the errors, one a line; none when there is a policy. */
export function errors(result: ConfigResult): string[] {
  return 'mistakes' in result
    ? result.mistakes.filter(({ severity }) => severity === 'error').map(formatMistake)
    : [];
}

/** A conn that is good, with `lines` added. */
export function conn(...lines: string[]): string {
  const given = (name: string): boolean => lines.some((line) => line.startsWith(`${name}=`));
  const base = ['left=192.0.2.1', 'right=198.51.100.2', 'authby=secret', 'auto=add'];
  const all = [...base.filter((line) => !given(line.split('=')[0] ?? '')), ...lines];
  return `conn a\n${all.map((line) => `\t${line}\n`).join('')}`;
}

/** The PAD entry of such a conn. */
export function pad(...lines: string[]): PadEntry {
  const [entry] = good(conn(...lines)).policy.pad;
  if (entry === undefined) throw new Error('no PAD entry');
  return entry;
}
