/** The Encrypted (SK) and Encrypted Fragment (SKF) payloads. RFC 7296 §3.14, RFC 5282, RFC 7383 §2.5. */
import type { CipherKey, Crypto, Integ, Random } from '../crypto/provider.ts';
import type { Secret } from '../crypto/secret.ts';
import type { IkeSuite } from '../crypto/suite.ts';
import type { HeaderFields } from '../wire/header.ts';
import { encodeMessage } from '../wire/message.ts';
import type { Encrypted } from '../wire/payloads/encrypted.ts';
import type { Fragment } from '../wire/payloads/fragment.ts';
import type { Role } from './actions.ts';
import type { IkeKeys } from './keys.ts';

const none = new Uint8Array(0);
const payloadHeader = 4;
const fragmentHeader = 8;
const ikeHeader = 28;

type ProtectionSuite = Pick<IkeSuite, 'cipher' | 'integ'>;
type ProtectionKeys = Pick<IkeKeys, 'ei' | 'er' | 'ai' | 'ar'>;

/** Seals what one end of an IKE SA sends and opens what it receives. */
export class Protection {
  readonly #suite: ProtectionSuite;
  readonly #crypto: Crypto;
  readonly #random: Random;
  readonly #keys: ProtectionKeys;
  readonly #role: Role;
  #sent = 0;
  #live = true;

  constructor(crypto: Crypto, random: Random, suite: ProtectionSuite, keys: ProtectionKeys, role: Role) {
    this.#crypto = crypto;
    this.#random = random;
    this.#suite = suite;
    this.#keys = keys;
    this.#role = role;
  }

  /** One message with an SK payload around `inner`, whose first payload is of type `first`. */
  seal(fields: HeaderFields, first: number, inner: Uint8Array): Uint8Array {
    const data = new Uint8Array(this.#sealedLength(inner.length));
    return this.#fill(encodeMessage(fields, [{ kind: 'encrypted', first, data }]), data.length, inner);
  }

  /**
   * As many messages with an SKF payload as `inner` needs, none longer than `limit` octets. RFC 7383 §2.5.
   */
  sealFragments(fields: HeaderFields, first: number, inner: Uint8Array, limit: number): Uint8Array[] {
    const room = this.#fragmentRoom(limit);
    const total = Math.ceil(inner.length / room);
    const messages: Uint8Array[] = [];
    for (let number = 1; number <= total; number++) {
      const piece = inner.subarray((number - 1) * room, number * room);
      messages.push(this.sealFragment(fields, { first: number === 1 ? first : 0, number, total }, piece));
    }
    return messages;
  }

  /** One message with an SKF payload around `piece`. */
  sealFragment(
    fields: HeaderFields,
    numbers: Pick<Fragment, 'first' | 'number' | 'total'>,
    piece: Uint8Array,
  ): Uint8Array {
    const data = new Uint8Array(this.#sealedLength(piece.length));
    return this.#fill(encodeMessage(fields, [{ kind: 'fragment', ...numbers, data }]), data.length, piece);
  }

  /** Octets of a message that seals `length` octets whole. */
  messageLength(length: number): number {
    return ikeHeader + payloadHeader + this.#sealedLength(length);
  }

  /** The octets inside, or undefined when the ICV or the padding is wrong. `message` ends with the payload. */
  open(message: Uint8Array, payload: Encrypted | Fragment): Uint8Array | undefined {
    const { cipher, integ } = this.#suite;
    const icvLength = integ?.icvLength ?? 0;
    const { data } = payload;
    if (data.length < cipher.ivLength + icvLength + cipher.icvLength + 1) return undefined;
    const start = message.length - data.length;
    if (integ !== undefined && !this.#icvHolds(integ, message)) return undefined;
    const iv = data.subarray(0, cipher.ivLength);
    const body = data.subarray(cipher.ivLength, data.length - icvLength);
    if (integ !== undefined && body.length % cipher.blockLength !== 0) return undefined;
    const aad = integ === undefined ? message.subarray(0, start) : none;
    const plaintext = this.#under(this.#theirs.encryption, (key) => key.open(iv, body, aad));
    const padding = plaintext?.at(-1);
    if (plaintext === undefined || padding === undefined || padding + 1 > plaintext.length) return undefined;
    return plaintext.subarray(0, plaintext.length - padding - 1);
  }

  /** Nothing is sealed or opened any more. The keys are their owner's to zero. */
  destroy(): void {
    this.#live = false;
  }

  get #ours() {
    return keysOf(this.#keys, this.#role);
  }

  get #theirs() {
    return keysOf(this.#keys, this.#role === 'initiator' ? 'responder' : 'initiator');
  }

  /** A key made ready for one message: an SA has few, and a key that is held ready takes a kilobyte. */
  #under<T>(secret: Secret, work: (key: CipherKey) => T): T {
    if (!this.#live) throw new Error('the keys were destroyed');
    const key = this.#suite.cipher.key(secret.octets);
    try {
      return work(key);
    } finally {
      key.destroy();
    }
  }

  #icvHolds(integ: Integ, message: Uint8Array): boolean {
    const end = message.length - integ.icvLength;
    const icv = integ.compute(this.#theirs.integrity.octets, message.subarray(0, end));
    return this.#crypto.equal(icv, message.subarray(end));
  }

  /** Puts IV, ciphertext and ICV into the last `length` octets of an encoded message. */
  #fill(message: Uint8Array, length: number, inner: Uint8Array): Uint8Array {
    const { cipher, integ } = this.#suite;
    const start = message.length - length;
    const iv = this.#iv();
    const padded = this.#pad(inner);
    const aad = integ === undefined ? message.subarray(0, start) : none;
    message.set(iv, start);
    const sealed = this.#under(this.#ours.encryption, (key) => key.seal(iv, padded, aad));
    message.set(sealed, start + cipher.ivLength);
    padded.fill(0);
    if (integ !== undefined) {
      const end = message.length - integ.icvLength;
      message.set(integ.compute(this.#ours.integrity.octets, message.subarray(0, end)), end);
    }
    return message;
  }

  #pad(inner: Uint8Array): Uint8Array {
    const padded = new Uint8Array(this.#paddedLength(inner.length));
    padded.set(inner);
    padded[padded.length - 1] = padded.length - inner.length - 1;
    return padded;
  }

  #iv(): Uint8Array {
    const { cipher } = this.#suite;
    if (cipher.iv === 'random') return this.#random(cipher.ivLength);
    const iv = new Uint8Array(cipher.ivLength);
    const view = new DataView(iv.buffer);
    view.setUint32(0, Math.floor(this.#sent / 0x1_0000_0000));
    view.setUint32(4, this.#sent % 0x1_0000_0000);
    this.#sent++;
    return iv;
  }

  #paddedLength(length: number): number {
    const { blockLength } = this.#suite.cipher;
    return Math.ceil((length + 1) / blockLength) * blockLength;
  }

  #sealedLength(length: number): number {
    const { cipher, integ } = this.#suite;
    return cipher.ivLength + this.#paddedLength(length) + cipher.icvLength + (integ?.icvLength ?? 0);
  }

  #fragmentRoom(limit: number): number {
    const { cipher, integ } = this.#suite;
    const fixed = ikeHeader + fragmentHeader + cipher.ivLength + cipher.icvLength + (integ?.icvLength ?? 0);
    const room = Math.floor((limit - fixed) / cipher.blockLength) * cipher.blockLength - 1;
    return Math.max(room, 64);
  }
}

/** What that end seals with. */
const keysOf = ({ ei, er, ai, ar }: ProtectionKeys, role: Role) =>
  role === 'initiator' ? { encryption: ei, integrity: ai } : { encryption: er, integrity: ar };
