/** One table of independent vectors: what a case is, and how a provider is held to it. */
import { expect } from 'vitest';
import {
  type Crypto,
  type HashName,
  KeyExchangeError,
  prfPlus,
  type Random,
} from '../../src/crypto/index.ts';

/** `valid: false`: the provider must refuse it. */
export type Vector = {
  readonly name: string;
  /** One of hundreds alike and slow: run by test/fuzz only. */
  readonly repetitive?: boolean;
} & (
  | {
      kind: 'encr';
      id: number;
      /** With salt. */
      key: Uint8Array;
      iv: Uint8Array;
      aad: Uint8Array;
      plaintext: Uint8Array;
      /** With ICV. */
      ciphertext: Uint8Array;
      valid: boolean;
    }
  /** An output shorter than the PRF's is its beginning. */
  | { kind: 'prf'; id: number; key: Uint8Array; data: Uint8Array; output: Uint8Array; valid: boolean }
  | { kind: 'integ'; id: number; key: Uint8Array; data: Uint8Array; icv: Uint8Array }
  | { kind: 'prf+'; id: number; key: Uint8Array; seed: Uint8Array; output: Uint8Array }
  | { kind: 'hash'; hash: HashName; data: Uint8Array; digest: Uint8Array }
  | {
      kind: 'ke';
      id: number;
      privateValue: Uint8Array;
      publicValue?: Uint8Array;
      peer: Uint8Array;
      secret: Uint8Array;
      valid: boolean;
    }
);

/** One file's cases; `filtered` counts by reason those that no IKEv2 transform can express. */
export interface Source {
  readonly file: string;
  readonly vectors: readonly Vector[];
  readonly filtered?: ReadonlyMap<string, number>;
}

/** Whether `crypto` claims the algorithm; if so, throws unless it does what the vector says. */
export function check(crypto: Crypto, vector: Vector): boolean {
  try {
    return run(crypto, vector);
  } catch (error) {
    throw new Error(`${crypto.name}: ${vector.name}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

function run(crypto: Crypto, vector: Vector): boolean {
  switch (vector.kind) {
    case 'encr': {
      const key = crypto.ciphers.get(vector.id)?.key(vector.key);
      if (key === undefined) return false;
      const opened = key.open(vector.iv, vector.ciphertext, vector.aad);
      same(opened, vector.valid ? vector.plaintext : undefined);
      if (vector.valid) same(key.seal(vector.iv, vector.plaintext, vector.aad), vector.ciphertext);
      return true;
    }
    case 'prf': {
      const output = crypto.prfs.get(vector.id)?.compute(vector.key, vector.data);
      if (output === undefined) return false;
      expect(crypto.equal(output.subarray(0, vector.output.length), vector.output)).toBe(vector.valid);
      return true;
    }
    case 'integ': {
      const icv = crypto.integs.get(vector.id)?.compute(vector.key, vector.data);
      if (icv !== undefined) same(icv, vector.icv);
      return icv !== undefined;
    }
    case 'prf+': {
      const prf = crypto.prfs.get(vector.id);
      if (prf === undefined) return false;
      same(prfPlus(prf, vector.key, vector.seed, vector.output.length), vector.output);
      return true;
    }
    case 'hash':
      same(crypto.hash(vector.hash, vector.data), vector.digest);
      return true;
    case 'ke': {
      const keyExchange = crypto.keyExchanges.get(vector.id);
      if (keyExchange === undefined) return false;
      const random: Random = () => Uint8Array.from(vector.privateValue);
      const pair = keyExchange.generate(random);
      if (vector.publicValue) same(pair.publicValue, vector.publicValue);
      if (vector.valid) {
        same(pair.derive(vector.peer), vector.secret);
      } else {
        expect(() => pair.derive(vector.peer)).toThrow(KeyExchangeError);
        expect(() => keyExchange.respond(random, vector.peer)).toThrow(KeyExchangeError);
      }
      return true;
    }
  }
}

function same(actual: Uint8Array | undefined, expected: Uint8Array | undefined): void {
  const text = (octets: Uint8Array | undefined) => octets && Buffer.from(octets).toString('hex');
  expect(text(actual)).toBe(text(expected));
}
