/** A passphrase in a file. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { Secret } from '../crypto/index.ts';
import { KeyFileError } from '../pki/keys/index.ts';
import { printable, shellWord } from './key-store.ts';

export type Passphrase = Secret;

/** Takes over the octets: UTF-8. */
export const passphraseFrom = (octets: Uint8Array): Passphrase => new Secret(octets);

/** The first line of a file, or of a pipe. Throws KeyFileError, also when it is a file others may read. */
export function readPassphraseFile(path: string): Passphrase {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const status = fstatSync(fd);
    if (status.isFile() && (status.mode & 0o077) !== 0)
      throw new KeyFileError(
        'OPEN_TO_OTHERS',
        `${printable(path)}: others may read this passphrase; run: chmod 600 ${shellWord(path)}`,
      );
    const octets = readFileSync(fd);
    const end = octets.indexOf(10);
    const line = octets.subarray(0, end < 0 ? octets.length : end);
    const passphrase = passphraseFrom(Uint8Array.from(line.at(-1) === 13 ? line.subarray(0, -1) : line));
    octets.fill(0);
    return passphrase;
  } catch (error) {
    if (error instanceof KeyFileError) throw error;
    throw new KeyFileError('UNREADABLE', error instanceof Error ? error.message : String(error));
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
