/** Answers `sign`: the private keys, kept out of the engine. */

import type { Crypto, PrivateKey, Random } from '../crypto/provider.ts';
import { ckaid } from '../crypto/signature-key.ts';
import { toHex } from '../wire/hex.ts';
import type { Answer, Question } from './actions.ts';

export class PrivateKeys {
  readonly #keys = new Map<string, PrivateKey>();
  readonly #random: Random;

  constructor(keys: readonly PrivateKey[], crypto: Crypto, random: Random) {
    for (const key of keys) this.#keys.set(toHex(ckaid(key.spki, crypto)), key);
    this.#random = random;
  }

  /** The signature, or ENOENT without that key; undefined when something else is asked. */
  answer(question: Question): Answer | undefined {
    if (question.kind !== 'sign') return undefined;
    const key = this.#keys.get(question.key);
    if (key === undefined) return { ok: false, errno: 'ENOENT' };
    return { ok: true, signature: key.sign(this.#random, question.algorithm, question.octets) };
  }
}
