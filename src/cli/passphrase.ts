/** Where a passphrase comes from: a file, an environment variable, or the terminal. */
import { type Command, Option } from 'commander';
import { type Passphrase, passphraseFrom, readPassphraseFile } from '../daemon/passphrase.ts';
import { CommandError } from './failure.ts';

export interface PassphraseOptions {
  readonly passphraseFile?: string;
  readonly passphraseEnv?: string;
}

export const withPassphrase = (command: Command): Command =>
  command
    .addOption(
      new Option('--passphrase-file <file>', 'its first line opens the file').conflicts('passphraseEnv'),
    )
    .option('--passphrase-env <variable>', 'what is in this environment variable opens the file');

/** The passphrase the options name; undefined when they name none. Throws CommandError. */
export function passphraseOf(options: PassphraseOptions): Passphrase | undefined {
  const { passphraseFile, passphraseEnv } = options;
  if (passphraseFile !== undefined) return readPassphraseFile(passphraseFile);
  if (passphraseEnv === undefined) return undefined;
  const text = process.env[passphraseEnv];
  if (text === undefined)
    throw new CommandError(`--passphrase-env: there is no variable ${passphraseEnv}`, 2);
  return passphraseFrom(new TextEncoder().encode(text));
}

/** Asks for one on the terminal, without showing it. Throws CommandError when there is no terminal, or no answer. */
export async function askPassphrase(file: string): Promise<Passphrase> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY)
    throw new CommandError(
      `${file} is encrypted, and there is no terminal to ask on: --passphrase-file FILE or --passphrase-env VARIABLE`,
    );
  stdin.setRawMode(true);
  stderr.write(`Passphrase of ${file}: `);
  try {
    return await typed(stdin);
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}

const keys = { interrupt: 3, end: 4, erase: 8, newline: 10, enter: 13, clear: 21, backspace: 127 } as const;

function typed(stdin: NodeJS.ReadStream): Promise<Passphrase> {
  let octets: number[] = [];
  const eraseLast = (): void => {
    // A character of UTF-8: its last octets are 10xxxxxx.
    while (((octets.pop() ?? 0) & 0xc0) === 0x80);
  };
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      stdin.off('data', take).off('end', end);
    };
    const end = (): void => {
      stop();
      reject(new CommandError('no passphrase'));
    };
    const take = (chunk: Buffer): void => {
      for (const octet of chunk) {
        if (octet === keys.interrupt || octet === keys.end) return end();
        if (octet === keys.enter || octet === keys.newline) {
          stop();
          return resolve(passphraseFrom(Uint8Array.from(octets)));
        }
        if (octet === keys.erase || octet === keys.backspace) eraseLast();
        else if (octet === keys.clear) octets = [];
        else octets.push(octet);
      }
    };
    stdin.on('data', take).on('end', end).resume();
  });
}
