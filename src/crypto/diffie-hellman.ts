/** What every Diffie-Hellman group has in common, whichever provider does its arithmetic. RFC 7296 §2.12, RFC 6989. */
import { type KeyExchange, KeyExchangeError, type KeyPair, type Random } from './provider.ts';

/** The arithmetic under one private value. */
export interface PrivateHalf {
  readonly publicValue: Uint8Array;
  /** The shared secret, of the group's length. `peer` has passed `check`. Throws KeyExchangeError. */
  agree(peer: Uint8Array): Uint8Array;
}

export interface Group {
  readonly id: number;
  readonly name: string;
  /** Octets of a public value. */
  readonly publicLength: number;
  /** Draws a private value; the octets are ours and are zeroed after use. */
  draw(random: Random): Uint8Array;
  open(privateValue: Uint8Array): PrivateHalf;
  /** Refuses what can be refused without a private value: throws KeyExchangeError. */
  check?(peer: Uint8Array): void;
}

/** Makes a key exchange of a group: lengths checked, no private value in two pairs. */
export function diffieHellman(group: Group): KeyExchange {
  const check = (peer: Uint8Array) => {
    if (peer.length !== group.publicLength) throw new KeyExchangeError(group.id, 'length');
    group.check?.(peer);
  };
  const generate = (random: Random): KeyPair => {
    const privateValue = group.draw(random);
    let half: PrivateHalf | undefined = group.open(privateValue);
    const destroy = () => {
      half = undefined;
      privateValue.fill(0);
    };
    return {
      publicValue: half.publicValue,
      derive(peer) {
        if (half === undefined) throw new Error(`${group.name}: the private value is gone`);
        check(peer);
        return half.agree(peer);
      },
      destroy,
    };
  };
  return {
    id: group.id,
    name: group.name,
    initiatorLength: group.publicLength,
    responderLength: group.publicLength,
    generate,
    respond(random, peer) {
      check(peer);
      const pair = generate(random);
      try {
        return { value: pair.publicValue, secret: pair.derive(peer) };
      } finally {
        pair.destroy();
      }
    },
  };
}

/** Curve25519 and Curve448 must refuse a peer that forces the secret to zero (RFC 8031 §5). Of a curve whose points are all of
 * large order, zero is as good an x coordinate as any. */
export function refuseZero(method: number, secret: Uint8Array): Uint8Array {
  let any = 0;
  for (const octet of secret) any |= octet;
  if (any === 0) throw new KeyExchangeError(method, 'zero');
  return secret;
}
