/** MD5-Challenge, which makes no key and proves no authenticator: never alone. RFC 3748 §5.4, RFC 1994. */
import { md5 } from '@noble/hashes/legacy.js';
import type { Crypto, Random } from '../crypto/provider.ts';
import type { Secret } from '../crypto/secret.ts';
import { EapType } from '../wire/numbers.ts';
import type { AuthenticatorOffer, PeerOffer } from './method.ts';
import { octetsOf } from './text.ts';

const challengeLength = 16;
const digestLength = 16;

export interface Md5PeerOptions {
  /** Ours, in the Name field. */
  readonly name: string;
  readonly password: Secret;
}

export function md5Peer({ name, password }: Md5PeerOptions): PeerOffer {
  return {
    type: EapType.MD5_CHALLENGE,
    start: () => ({
      request(data, identifier) {
        const challenge = valueIn(data);
        if (challenge === undefined) return { refused: 'a malformed MD5-Challenge' };
        const reply = typeData(digest(identifier, password, challenge), octetsOf(name));
        return { reply, ended: { ok: true } };
      },
      close() {},
    }),
  };
}

export interface Md5AuthenticatorOptions {
  /** Of the identity this method was chosen for; undefined fails in the end, as a wrong password does. */
  readonly password: Secret | undefined;
  readonly name: string;
  readonly random: Random;
  readonly crypto: Crypto;
}

export function md5Authenticator({
  password,
  name,
  random,
  crypto,
}: Md5AuthenticatorOptions): AuthenticatorOffer {
  return {
    type: EapType.MD5_CHALLENGE,
    start() {
      const challenge = random(challengeLength);
      let asked = 0;
      return {
        begin(identifier) {
          asked = identifier;
          return typeData(challenge, octetsOf(name));
        },
        response(data) {
          const value = valueIn(data);
          const holds =
            value?.length === digestLength &&
            password !== undefined &&
            crypto.equal(value, digest(asked, password, challenge));
          return { ended: holds ? { ok: true } : { ok: false, reason: 'wrong password or unknown name' } };
        },
        close() {},
      };
    },
  };
}

function digest(identifier: number, password: Secret, challenge: Uint8Array): Uint8Array {
  return md5.create().update(Uint8Array.of(identifier)).update(password.octets).update(challenge).digest();
}

/** Value-Size, Value, Name. */
function typeData(value: Uint8Array, name: Uint8Array): Uint8Array {
  const data = new Uint8Array(1 + value.length + name.length);
  data[0] = value.length;
  data.set(value, 1);
  data.set(name, 1 + value.length);
  return data;
}

function valueIn(data: Uint8Array): Uint8Array | undefined {
  const [size = 0] = data;
  return size > 0 && data.length >= 1 + size ? data.subarray(1, 1 + size) : undefined;
}
