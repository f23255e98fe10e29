/** The little of DER that keys and signatures need, strict: definite lengths, shortest forms, nothing left over. X.690 §8, §10. */

/** The octets are not DER, or not what was expected there. */
export class DerError extends Error {
  readonly code = 'DER';
}

export const DerTag = {
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OBJECT_IDENTIFIER: 0x06,
  SEQUENCE: 0x30,
} as const;

/** The tag octet of `[n]` around another element. */
export const explicitTag = (n: number): number => 0xa0 + n;

/** Reads elements one after the other; tags are of one octet, lengths below 2^24. Every method throws DerError. */
export class DerReader {
  readonly #octets: Uint8Array;
  #at = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  /** The tag of the next element, undefined at the end. */
  get tag(): number | undefined {
    return this.#octets[this.#at];
  }

  /** The content of the next element, which must have this tag. */
  read(tag: number): Uint8Array {
    const start = this.#at;
    if (this.tag !== tag) throw new DerError(`tag ${tag} expected at octet ${start}, not ${this.tag}`);
    const first = this.#octets[start + 1] ?? 0x80;
    const lengthOctets = first < 0x80 ? 0 : first - 0x80;
    if (first === 0x80 || lengthOctets > 3) throw new DerError(`length not definite at octet ${start}`);
    let length = first < 0x80 ? first : 0;
    for (let i = 0; i < lengthOctets; i++) length = length * 256 + (this.#octets[start + 2 + i] ?? 0);
    if (lengthOctets > 0 && (length < 0x80 || length < 256 ** (lengthOctets - 1)))
      throw new DerError(`length not in its shortest form at octet ${start}`);
    const begin = start + 2 + lengthOctets;
    if (begin + length > this.#octets.length) throw new DerError(`element cut short at octet ${start}`);
    this.#at = begin + length;
    return this.#octets.subarray(begin, this.#at);
  }

  /** The next element with its tag and length. */
  whole(tag: number): Uint8Array {
    const start = this.#at;
    this.read(tag);
    return this.#octets.subarray(start, this.#at);
  }

  /** What is inside the next element; whoever reads it calls `finish`. */
  inside(tag: number): DerReader {
    return new DerReader(this.read(tag));
  }

  /** A non-negative INTEGER, big-endian without leading zeros; of zero, no octet. */
  natural(): Uint8Array {
    const value = this.read(DerTag.INTEGER);
    const [first, second] = value;
    if (first === undefined || first >= 0x80) throw new DerError('a non-negative INTEGER expected');
    if (first === 0 && second !== undefined && second < 0x80)
      throw new DerError('INTEGER not in its shortest form');
    return first === 0 ? value.subarray(1) : value;
  }

  /** A BIT STRING of whole octets. */
  bits(): Uint8Array {
    const value = this.read(DerTag.BIT_STRING);
    if (value[0] !== 0) throw new DerError('a BIT STRING of whole octets expected');
    return value.subarray(1);
  }

  finish(): void {
    if (this.#at !== this.#octets.length) throw new DerError(`trailing octets from ${this.#at}`);
  }
}

/** What `read` makes of the whole of `octets`; undefined where they are not what it expects. */
export function readDer<T>(octets: Uint8Array, read: (reader: DerReader) => T): T | undefined {
  try {
    const reader = new DerReader(octets);
    const value = read(reader);
    reader.finish();
    return value;
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

/** An element of these parts, DER. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const lengthOctets = length < 0x80 ? 0 : Math.ceil((32 - Math.clz32(length)) / 8);
  const element = new Uint8Array(2 + lengthOctets + length);
  element[0] = tag;
  element[1] = lengthOctets === 0 ? length : 0x80 + lengthOctets;
  for (let i = 0; i < lengthOctets; i++) element[2 + i] = (length >>> (8 * (lengthOctets - 1 - i))) & 0xff;
  let at = 2 + lengthOctets;
  for (const part of parts) {
    element.set(part, at);
    at += part.length;
  }
  return element;
}

export const derNull: Uint8Array = der(DerTag.NULL);

/** An INTEGER of a non-negative big-endian number. */
export function derNatural(number: Uint8Array): Uint8Array {
  const from = number.findIndex((octet) => octet !== 0);
  if (from < 0) return der(DerTag.INTEGER, Uint8Array.of(0));
  const magnitude = number.subarray(from);
  const sign = (magnitude[0] ?? 0) >= 0x80 ? [Uint8Array.of(0)] : [];
  return der(DerTag.INTEGER, ...sign, magnitude);
}

export const derBits = (octets: Uint8Array): Uint8Array => der(DerTag.BIT_STRING, Uint8Array.of(0), octets);

/** The OBJECT IDENTIFIER element of a dotted number. */
export function derOid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const content = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift(128 + (left % 128));
    return groups;
  });
  return der(DerTag.OBJECT_IDENTIFIER, Uint8Array.from(content));
}
