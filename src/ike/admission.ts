/** COOKIE: nothing is kept for a stranger under load until it shows that it receives at its address. RFC 7296 §2.6. */
import type { Crypto, Random } from '../crypto/provider.ts';
import { parseAddress } from '../wire/address.ts';
import { find, notifies } from '../wire/message.ts';
import { NotifyType } from '../wire/numbers.ts';
import type { Payload } from '../wire/payloads/index.ts';
import type { Millis, Path } from './actions.ts';

const secretLength = 32;
const rotation = 60_000;

interface CookieSecret {
  readonly version: number;
  readonly octets: Uint8Array;
  readonly made: Millis;
}

export class Admission {
  readonly #crypto: Crypto;
  readonly #random: Random;
  #current: CookieSecret | undefined;
  #previous: CookieSecret | undefined;

  constructor(crypto: Crypto, random: Random) {
    this.#crypto = crypto;
    this.#random = random;
  }

  /** `admitted` with a good cookie; else the cookie to answer with; undefined when there is no nonce to bind it to. */
  judge(
    now: Millis,
    spiI: bigint,
    path: Path,
    payloads: readonly Payload[],
  ): 'admitted' | Uint8Array | undefined {
    const nonce = find(payloads, 'nonce')?.data;
    if (nonce === undefined) return undefined;
    const secret = this.#secret(now);
    const shown = notifies(payloads, NotifyType.COOKIE)[0]?.data;
    const valid = [secret, this.#previous].some(
      (each) =>
        each !== undefined &&
        shown !== undefined &&
        this.#crypto.equal(shown, this.#cookie(each, nonce, spiI, path)),
    );
    return valid ? 'admitted' : this.#cookie(secret, nonce, spiI, path);
  }

  /** VersionIDofSecret | Hash(secret | Ni | IPi | port | SPIi). */
  #cookie(secret: CookieSecret, nonce: Uint8Array, spiI: bigint, path: Path): Uint8Array {
    const fixed = new Uint8Array(10);
    const view = new DataView(fixed.buffer);
    view.setBigUint64(0, spiI);
    view.setUint16(8, path.remote.port);
    const address = parseAddress(path.remote.address) ?? fixed;
    const hash = this.#crypto.hash('sha256', secret.octets, nonce, address, fixed);
    const cookie = new Uint8Array(1 + hash.length);
    cookie[0] = secret.version;
    cookie.set(hash, 1);
    return cookie;
  }

  /** A new secret each minute; the one before is good for another. */
  #secret(now: Millis): CookieSecret {
    const current = this.#current;
    if (current !== undefined && now - current.made < rotation) return current;
    this.#previous = current !== undefined && now - current.made < 2 * rotation ? current : undefined;
    this.#current = {
      version: ((current?.version ?? 0) + 1) & 0xff,
      octets: this.#random(secretLength),
      made: now,
    };
    return this.#current;
  }
}
