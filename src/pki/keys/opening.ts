/** What opening one file goes with. Its iteration counts are whatever its writer liked: the work is bounded. */
import type { KeyFileCrypto } from '../../crypto/key-file.ts';
import type { Fields } from './ber.ts';
import { KeyFileError, malformed } from './key-file-error.ts';
import type { Passphrase } from './passphrase.ts';

export interface Opening {
  readonly passphrase: Passphrase;
  readonly crypto: KeyFileCrypto;
  readonly effort: Effort;
}

/** In iterations of a hash. NSS writes 600,000 three to nine times a file. At some 1.5 µs each this is half a minute. */
export const usualEffort = 20_000_000;

export class Effort {
  #left: number;

  constructor(iterations: number) {
    this.#left = iterations;
  }

  /** Throws KeyFileError when there is not so much left. */
  spend(iterations: number): void {
    if (iterations > this.#left)
      throw new KeyFileError(
        'TOO_BIG',
        `opening it takes ${iterations} iterations of a hash, more than is allowed`,
      );
    this.#left -= iterations;
  }
}

export function iterationsOf(parameters: Fields): number {
  const iterations = parameters.number('iterations');
  if (iterations < 1) throw malformed('iterations: none');
  return iterations;
}
