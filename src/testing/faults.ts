/** Makes the n-th call into crypto or randomness throw: does a step give back all it took? */
import type { Cipher, CipherKey, Crypto, Integ, KeyExchange, Prf, Random } from '../crypto/provider.ts';

/** What an armed call throws. */
export class InjectedFault extends Error {
  readonly code = 'INJECTED';
}

/**
 * Counts the calls of whatever it wraps. Count a whole run first; then, for each n, `arm(n)` and run again. What only forgets
 * (`destroy`) is not counted and never throws.
 */
export class Faults {
  #calls = 0;
  #left = 0;
  /** The call that threw. */
  thrown: string | undefined;

  get calls(): number {
    return this.#calls;
  }

  /** The n-th call from now throws InjectedFault, and only that one; 0 disarms. */
  arm(n: number): void {
    this.#left = n;
    this.thrown = undefined;
  }

  random(random: Random): Random {
    return (length) => this.#call(`random(${length})`, () => random(length));
  }

  crypto(crypto: Crypto): Crypto {
    return {
      name: `${crypto.name} with faults`,
      ciphers: wrapped(crypto.ciphers, (cipher) => this.#cipher(cipher)),
      prfs: wrapped(crypto.prfs, (prf) => this.#compute(prf)),
      integs: wrapped(crypto.integs, (integ) => this.#compute(integ)),
      keyExchanges: wrapped(crypto.keyExchanges, (each) => this.#keyExchange(each)),
      publicKey: (spki) => this.#call('public key', () => crypto.publicKey(spki)),
      hash: (name, ...data) => this.#call(`hash ${name}`, () => crypto.hash(name, ...data)),
      equal: (a, b) => this.#call('equal', () => crypto.equal(a, b)),
    };
  }

  #call<T>(what: string, work: () => T): T {
    this.#calls++;
    if (this.#left > 0 && --this.#left === 0) {
      this.thrown = what;
      throw new InjectedFault(`injected at ${what}`);
    }
    return work();
  }

  #cipher(cipher: Cipher): Cipher {
    const key = (octets: Uint8Array): CipherKey => {
      const made = this.#call(`${cipher.name} key`, () => cipher.key(octets));
      return {
        seal: (...given) => this.#call(`${cipher.name} seal`, () => made.seal(...given)),
        open: (...given) => this.#call(`${cipher.name} open`, () => made.open(...given)),
        destroy: () => made.destroy(),
      };
    };
    return { ...cipher, key };
  }

  #compute<T extends Prf | Integ>(algorithm: T): T {
    const compute: T['compute'] = (key, ...data) =>
      this.#call(`${algorithm.name} compute`, () => algorithm.compute(key, ...data));
    return { ...algorithm, compute };
  }

  #keyExchange(method: KeyExchange): KeyExchange {
    return {
      ...method,
      generate: (random) => {
        const pair = this.#call(`${method.name} generate`, () => method.generate(random));
        return {
          publicValue: pair.publicValue,
          derive: (peer) => this.#call(`${method.name} derive`, () => pair.derive(peer)),
          destroy: () => pair.destroy(),
        };
      },
      respond: (random, peer) => this.#call(`${method.name} respond`, () => method.respond(random, peer)),
    };
  }
}

const wrapped = <T>(algorithms: ReadonlyMap<number, T>, wrap: (algorithm: T) => T): ReadonlyMap<number, T> =>
  new Map([...algorithms].map(([id, algorithm]) => [id, wrap(algorithm)]));
