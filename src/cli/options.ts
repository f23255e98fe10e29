/** Options that several commands share, and how their values are read. */
import { isIP } from 'node:net';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { defaultConfig, defaultControl, defaultSecrets, defaultStore } from '../daemon/paths.ts';

export interface ControlOptions {
  readonly control: string;
  readonly json?: boolean;
}

export interface ConfigOptions {
  readonly config: string;
  readonly secrets: string;
  readonly store?: string;
  readonly listen?: readonly string[];
}

export const jsonOption = (): Option => new Option('--json', 'write one JSON object a line');

/** `--control` and `--json`, for a command that speaks to a daemon. */
export const withControl = (command: Command): Command =>
  command
    .addOption(new Option('--control <path>', "the daemon's control socket").default(defaultControl()))
    .addOption(jsonOption());

/** `--config`, `--secrets` and `--listen`, for a command that reads a configuration. */
export const withConfig = (command: Command): Command =>
  command
    .option('--config <file>', 'connections, as ipsec.conf', defaultConfig)
    .option('--secrets <file>', 'pre-shared keys, as ipsec.secrets', defaultSecrets)
    .option('--store <dir>', 'keys and certificates: private/ certs/ cacerts/ crls/', defaultStore)
    .addOption(
      new Option(
        '--listen <address>',
        'an address of this host to use; may be given again (default: all)',
      ).argParser(addressList),
    );

/** Gathers `--listen` options. */
function addressList(text: string, before: readonly string[] | undefined): readonly string[] {
  if (isIP(text) === 0) throw new InvalidArgumentError('It is not an IPv4 or IPv6 address.');
  return [...(before ?? []), text];
}

export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It is not a whole number from ${least} to ${most}.`);
  };

export const port = wholeNumber(0, 65_535);
