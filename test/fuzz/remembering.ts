/** A provider that computes each Diffie-Hellman value once: the fuzzers make the same first messages thousands of times. */
import type { Crypto, KeyExchange } from '../../src/crypto/provider.ts';
import { toHex } from '../../src/wire/hex.ts';
import { KeyExchangeMethod } from '../../src/wire/numbers.ts';

/** Octets of a private value of Curve25519, the only group it remembers. */
const privateLength = 32;
const most = 10_000;

export function remembering(crypto: Crypto): Crypto {
  const method = crypto.keyExchanges.get(KeyExchangeMethod.CURVE25519);
  if (method === undefined) return crypto;
  const known = new Map<string, Uint8Array>();
  const once = (key: string, compute: () => Uint8Array): Uint8Array => {
    const before = known.get(key);
    if (before !== undefined) return before.slice();
    const value = compute();
    if (known.size < most) known.set(key, value.slice());
    return value;
  };
  const pairOf = (drawn: Uint8Array) => method.generate(() => drawn.slice());
  const publicOf = (drawn: Uint8Array) => once(toHex(drawn), () => pairOf(drawn).publicValue);
  const secretOf = (drawn: Uint8Array, peer: Uint8Array) =>
    once(`${toHex(drawn)} ${toHex(peer)}`, () => pairOf(drawn).derive(peer));
  const quick: KeyExchange = {
    ...method,
    generate(random) {
      const drawn = random(privateLength);
      return {
        publicValue: publicOf(drawn),
        derive: (peer) => secretOf(drawn, peer),
        destroy: () => undefined,
      };
    },
    respond(random, peer) {
      const drawn = random(privateLength);
      return { value: publicOf(drawn), secret: secretOf(drawn, peer) };
    },
  };
  return { ...crypto, keyExchanges: new Map([...crypto.keyExchanges, [method.id, quick]]) };
}
