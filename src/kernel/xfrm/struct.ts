/** C structs as typed tables: offsets and sizes follow from the fields, the TypeScript type too. */

/** Byte order of the host the kernel runs on; fields of `__be16` and `__be32` do not follow it. */
export type Endianness = 'little' | 'big';

/** One C type: how long it is and how its value is read and written. */
export interface Field<T> {
  readonly size: number;
  readonly align: number;
  zero(): T;
  read(view: DataView, at: number, endianness: Endianness): T;
  /** Throws RangeError when the value does not fit the type. */
  write(view: DataView, at: number, value: T, endianness: Endianness): void;
}

export type ValueOf<F> = F extends Field<infer T> ? T : never;

type Fields = Readonly<Record<string, Field<unknown>>>;
type Values<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> };

export interface Struct<T> extends Field<T> {
  /** The uapi name. */
  readonly name: string;
  readonly offsets: Readonly<Record<string, number>>;
  /** A value whose fields not given are zero. */
  of(given: Partial<T>): T;
}

export const u8 = integer(1, 0xff, 'getUint8', 'setUint8');
export const u16 = integer(2, 0xffff, 'getUint16', 'setUint16');
export const u32 = integer(4, 0xffff_ffff, 'getUint32', 'setUint32');
/** `__be16`. */
export const be16 = bigEndian(u16);
/** `__be32`. */
export const be32 = bigEndian(u32);

/** `__s32` and `int`. */
export const s32: Field<number> = {
  size: 4,
  align: 4,
  zero: () => 0,
  read: (view, at, endianness) => view.getInt32(at, endianness === 'little'),
  write: (view, at, value, endianness) => view.setInt32(at, value, endianness === 'little'),
};

/** `__u64`, aligned as 64-bit hosts and ARM do. */
export const u64: Field<bigint> = {
  size: 8,
  align: 8,
  zero: () => 0n,
  read: (view, at, endianness) => view.getBigUint64(at, endianness === 'little'),
  write(view, at, value, endianness) {
    if (BigInt.asUintN(64, value) !== value) throw new RangeError(`${value} is no __u64`);
    view.setBigUint64(at, value, endianness === 'little');
  },
};

/** So many octets, aligned as `align` says. */
export const octets = (size: number, align = 1): Field<Uint8Array> => ({
  size,
  align,
  zero: () => new Uint8Array(size),
  read: (view, at) => bytesOf(view).slice(at, at + size),
  write(view, at, value) {
    if (value.length !== size) throw new RangeError(`${value.length} octets for ${size}`);
    bytesOf(view).set(value, at);
  },
});

/** `char[size]`: text of one octet a character that ends with a NUL. */
export const text = (size: number): Field<string> => ({
  size,
  align: 1,
  zero: () => '',
  read(view, at) {
    const whole = bytesOf(view).subarray(at, at + size);
    const end = whole.indexOf(0);
    return String.fromCharCode(...(end < 0 ? whole : whole.subarray(0, end)));
  },
  write(view, at, value) {
    if (value.length >= size) throw new RangeError(`"${value}" is longer than ${size - 1} octets`);
    const field = bytesOf(view)
      .subarray(at, at + size)
      .fill(0);
    for (let i = 0; i < value.length; i++) field[i] = value.charCodeAt(i);
  },
});

/** A struct of these fields, in the order and at the offsets a C compiler gives them. */
export function struct<F extends Fields>(name: string, fields: F): Struct<Values<F>> {
  const entries = Object.entries<Field<unknown>>(fields);
  const offsets: Record<string, number> = {};
  let end = 0;
  let align = 1;
  for (const [field, type] of entries) {
    offsets[field] = aligned(end, type.align);
    end = aligned(end, type.align) + type.size;
    align = Math.max(align, type.align);
  }
  const each = <T>(of: (type: Field<unknown>, field: string) => T) =>
    Object.fromEntries(entries.map(([field, type]) => [field, of(type, field)])) as Values<F>;
  const offset = (field: string) => offsets[field] ?? 0;
  const zero = () => each((type) => type.zero());
  return {
    name,
    offsets,
    align,
    size: aligned(end, align),
    zero,
    of: (given) => ({ ...zero(), ...given }),
    read: (view, at, endianness) => each((type, field) => type.read(view, at + offset(field), endianness)),
    write(view, at, value, endianness) {
      for (const [field, type] of entries) {
        try {
          type.write(view, at + offset(field), value[field], endianness);
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          throw new RangeError(`${name}.${field}: ${error.message}`);
        }
      }
    },
  };
}

/** The next multiple of `align`. */
export const aligned = (length: number, align: number): number => Math.ceil(length / align) * align;

export const viewOf = (octets: Uint8Array): DataView =>
  new DataView(octets.buffer, octets.byteOffset, octets.byteLength);

function integer(
  size: number,
  most: number,
  get: 'getUint8' | 'getUint16' | 'getUint32',
  set: 'setUint8' | 'setUint16' | 'setUint32',
): Field<number> {
  return {
    size,
    align: size,
    zero: () => 0,
    read: (view, at, endianness) => view[get](at, endianness === 'little'),
    write(view, at, value, endianness) {
      if (!Number.isInteger(value) || value < 0 || value > most) {
        throw new RangeError(`${value} is no __u${size * 8}`);
      }
      view[set](at, value, endianness === 'little');
    },
  };
}

function bigEndian(type: Field<number>): Field<number> {
  return {
    ...type,
    read: (view, at) => type.read(view, at, 'big'),
    write: (view, at, value) => type.write(view, at, value, 'big'),
  };
}

const bytesOf = (view: DataView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
