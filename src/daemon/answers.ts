/** Who answers the engine's questions: private keys, the web for revocation, EAP methods. */
import { randomBytes } from 'node:crypto';
import type { Crypto, PrivateKey } from '../crypto/provider.ts';
import type { Answer, Question } from '../ike/actions.ts';
import { PrivateKeys } from '../ike/private-keys.ts';

/** What the configuration brought that no engine is given. */
export interface DaemonSecrets {
  readonly privateKeys: readonly PrivateKey[];
}

export const noSecrets: DaemonSecrets = { privateKeys: [] };

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

export class Answers {
  readonly #crypto: Crypto;
  #keys: PrivateKeys;

  constructor(crypto: Crypto, secrets: DaemonSecrets) {
    this.#crypto = crypto;
    this.#keys = new PrivateKeys(secrets.privateKeys, crypto, random);
  }

  /** After the configuration was read again. */
  reloaded(secrets: DaemonSecrets): void {
    this.#keys = new PrivateKeys(secrets.privateKeys, this.#crypto, random);
  }

  readonly answer = (question: Question): Answer | Promise<Answer> =>
    this.#keys.answer(question) ?? { ok: false, errno: 'ENOSYS' };
}
