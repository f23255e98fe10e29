/** MODP groups: safe primes with generator 2. RFC 2409 §6.2 and RFC 3526. */
import { numberToBytesBE } from '@noble/curves/utils.js';
import { KeyExchangeMethod } from '../wire/numbers.ts';
import { isBelow } from './magnitude.ts';
import { KeyExchangeError } from './provider.ts';

export interface ModpGroup {
  readonly id: number;
  readonly name: string;
  /** Octets of the prime, of public values and of secrets. */
  readonly length: number;
  readonly prime: bigint;
  /** The prime, and the prime less one, big-endian. */
  readonly primeOctets: Uint8Array;
  readonly largest: Uint8Array;
  /** Octets of a private exponent: above twice the group's strength as RFC 3526 §8 and RFC 7919 estimate it. */
  readonly exponentLength: number;
}

/** Group 18's prime. It holds the digits of pi that all the others hold. */
const prime8192 = BigInt(
  '0x' +
    'ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd' +
    'ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed' +
    'ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f' +
    '83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b' +
    'e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510' +
    '15728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7' +
    'abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200c' +
    'bbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a92108011a723c12a787e6d7' +
    '88719a10bdba5b2699c327186af4e23c1a946834b6150bda2583e9ca2ad44ce8dbbbc2db04de8ef92e8efc141fbecaa6' +
    '287c59474e6bc05d99b2964fa090c3a2233ba186515be7ed1f612970cee2d7afb81bdd762170481cd0069127d5b05aa9' +
    '93b4ea988d8fddc186ffb7dc90a6c08f4df435c93402849236c3fab4d27c7026c1d4dcb2602646dec9751e763dba37bd' +
    'f8ff9406ad9e530ee5db382f413001aeb06a53ed9027d831179727b0865a8918da3edbebcf9b14ed44ce6cbaced4bb1b' +
    'db7f1447e6cc254b332051512bd7af426fb8f401378cd2bf5983ca01c64b92ecf032ea15d1721d03f482d7ce6e74fef6' +
    'd55e702f46980c82b5a84031900b1c9e59e7c97fbec7e8f323a97a7e36cc88be0f1d45b7ff585ac54bd407b22b4154aa' +
    'cc8f6d7ebf48e1d814cc5ed20f8037e0a79715eef29be32806a1d58bb7c5da76f550aa3d8a1fbff0eb19ccb1a313d55c' +
    'da56c9ec2ef29632387fe8d76e3c0468043e8f663f4860ee12bf2d5b0b7474d6e694f91e6dbe115974a3926f12fee5e4' +
    '38777cb6a932df8cd8bec4d073b931ba3bc832b68d9dd300741fa7bf8afc47ed2576f6936ba424663aab639c5ae4f568' +
    '3423b4742bf1c978238f16cbe39d652de3fdb8befc848ad922222e04a4037c0713eb57a81a23f0c73473fc646cea306b' +
    '4bcbc8862f8385ddfa9d4b7fa2c087e879683303ed5bdd3a062b3cf5b3a278a66d2a13f83f44f82ddf310ee074ab6a36' +
    '4597e899a0255dc164f31cc50846851df9ab48195ded7ea1b1d510bd7ee74d73faf36bc31ecfa268359046f4eb879f92' +
    '4009438b481c6cd7889a002ed5ee382bc9190da6fc026e479558e4475677e9aa9e3050e2765694dfc81f56e880b96e71' +
    '60c980dd98edd3dfffffffffffffffff',
);

/** ⌊2^8062 π⌋: group 18 is 2^8192 - 2^8128 - 1 + 2^64 (⌊2^8062 π⌋ + 4743158). */
const pi = ((prime8192 + 1n - (1n << 8192n) + (1n << 8128n)) >> 64n) - 4743158n;

/** 2^n - 2^(n-64) - 1 + 2^64 (⌊2^(n-130) π⌋ + k), with the k of the group's RFC. */
const group = (id: number, bits: number, k: bigint, exponentLength: number): ModpGroup => {
  const n = BigInt(bits);
  const prime = (1n << n) - (1n << (n - 64n)) - 1n + (((pi >> (8192n - n)) + k) << 64n);
  const length = bits / 8;
  const primeOctets = numberToBytesBE(prime, length);
  const largest = numberToBytesBE(prime - 1n, length);
  return { id, name: `MODP_${bits}`, length, prime, primeOctets, largest, exponentLength };
};

/** 1024 bits are breakable today (RFC 8247 §2.4): policy offers that group only when it is asked for by name. */
export const modpGroups: readonly ModpGroup[] = [
  group(KeyExchangeMethod.MODP_1024, 1024, 129093n, 32),
  group(KeyExchangeMethod.MODP_1536, 1536, 741804n, 32),
  group(KeyExchangeMethod.MODP_2048, 2048, 124476n, 32),
  group(KeyExchangeMethod.MODP_3072, 3072, 1690314n, 40),
  group(KeyExchangeMethod.MODP_4096, 4096, 240904n, 48),
  group(KeyExchangeMethod.MODP_6144, 6144, 929484n, 56),
  group(KeyExchangeMethod.MODP_8192, 8192, 4743158n, 64),
];

/** RFC 6989 §2.1 of a public value, SP 800-56A §5.7.1.1 of a secret: 1 < r < p - 1. Throws KeyExchangeError. */
export function checkRange(group: ModpGroup, value: Uint8Array): void {
  const small = value.every((octet, i) => octet === 0 || (octet === 1 && i === group.length - 1));
  if (small || !isBelow(value, group.largest)) throw new KeyExchangeError(group.id, 'range');
}

/** The same octets, padded with zeros on the left to `length`. */
export function leftPadded(octets: Uint8Array, length: number): Uint8Array {
  const padded = new Uint8Array(length);
  padded.set(octets, length - octets.length);
  return padded;
}
