/** Who answers the engine's questions: private keys, the web for revocation, EAP methods. */
import { systemRandom } from '../crypto/node/random.ts';
import type { Crypto, PrivateKey } from '../crypto/provider.ts';
import type { Secret } from '../crypto/secret.ts';
import { ckaid } from '../crypto/signature-key.ts';
import type { EapPasswords } from '../eap/index.ts';
import type { Answer, EngineEvent, Question } from '../ike/actions.ts';
import { PrivateKeys } from '../ike/private-keys.ts';
import type { Policy } from '../policy/policy.ts';
import { toHex } from '../wire/hex.ts';
import type { Clock } from './clock.ts';
import { EapSessions } from './eap.ts';
import { RevocationFetcher } from './revocation.ts';

/** A private key, ready to sign, and as EAP-TLS needs it. */
export interface HeldKey {
  readonly key: PrivateKey;
  /** DER. */
  readonly pkcs8: Secret;
}

/** What the configuration brought that no engine is given. */
export interface DaemonSecrets {
  readonly keys: readonly HeldKey[];
  readonly eapPasswords: EapPasswords;
}

export const noSecrets: DaemonSecrets = { keys: [], eapPasswords: new Map() };

const random = systemRandom();

export class Answers {
  readonly #crypto: Crypto;
  readonly #eap: EapSessions;
  readonly #revocation: RevocationFetcher;
  #secrets: DaemonSecrets;
  #keys: PrivateKeys;

  /** `log` gets a line for each fetch. */
  constructor(
    crypto: Crypto,
    clock: Clock,
    secrets: DaemonSecrets,
    policy: () => Policy,
    log: (text: string) => void,
  ) {
    this.#crypto = crypto;
    this.#secrets = secrets;
    this.#keys = this.#ring();
    this.#revocation = new RevocationFetcher({
      crypto,
      clock,
      limits: () => policy().pki?.revocation,
      log,
    });
    this.#eap = new EapSessions({
      crypto,
      random,
      clock,
      policy,
      passwords: () => this.#secrets.eapPasswords,
      privateKey: (wanted) =>
        this.#secrets.keys.find(({ key }) => toHex(ckaid(key.spki, crypto)) === wanted)?.pkcs8,
      revocation: (question) => this.#revocation.answer(question),
    });
  }

  /** After the configuration was read again. */
  reloaded(secrets: DaemonSecrets): void {
    this.#secrets = secrets;
    this.#keys = this.#ring();
  }

  readonly answer = (question: Question): Answer | Promise<Answer> => {
    if (question.kind === 'eap') return this.#eap.answer(question);
    if (question.kind === 'revocation') return this.#revocation.answer(question);
    return this.#keys.answer(question) ?? { ok: false, errno: 'ENOSYS' };
  };

  event(event: EngineEvent): void {
    this.#eap.event(event);
  }

  close(): void {
    this.#eap.close();
    this.#revocation.close();
  }

  #ring(): PrivateKeys {
    return new PrivateKeys(
      this.#secrets.keys.map(({ key }) => key),
      this.#crypto,
      random,
    );
  }
}
