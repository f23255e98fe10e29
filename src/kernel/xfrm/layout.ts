/** What an attribute holds: one value, a row of structs, or a struct with octets or words behind it. */
import { type Endianness, type Field, octets, type Struct, u32, viewOf } from './struct.ts';

export interface Layout<T> {
  /** Undefined when the octets are not of this layout. */
  read(octets: Uint8Array, endianness: Endianness): T | undefined;
  /** Throws RangeError when the value does not fit. */
  write(value: T, endianness: Endianness): Uint8Array;
}

/** Exactly one value. */
export const one = <T>(type: Field<T>): Layout<T> => ({
  read: (octets, endianness) =>
    octets.length === type.size ? type.read(viewOf(octets), 0, endianness) : undefined,
  write(value, endianness) {
    const written = new Uint8Array(type.size);
    type.write(viewOf(written), 0, value, endianness);
    return written;
  },
});

/** An array of whatever length. */
export const many = <T>(type: Field<T>): Layout<readonly T[]> => ({
  read(octets, endianness) {
    if (octets.length % type.size !== 0) return undefined;
    const view = viewOf(octets);
    const count = octets.length / type.size;
    return Array.from({ length: count }, (_, i) => type.read(view, i * type.size, endianness));
  },
  write(values, endianness) {
    const written = new Uint8Array(values.length * type.size);
    const view = viewOf(written);
    for (const [i, value] of values.entries()) type.write(view, i * type.size, value, endianness);
    return written;
  },
});

/** Octets as they are: padding, or nothing. */
export const raw: Layout<Uint8Array> = {
  read: (octets) => octets.slice(),
  write: (value) => value.slice(),
};

type With<T, N extends string, V> = T & { readonly [K in N]: V };

/** A struct and the octets behind it, as many as `length` makes of the struct. */
export const withOctets = <T extends object, N extends string>(
  head: Struct<T>,
  name: N,
  length: (head: T) => number,
): Layout<With<T, N, Uint8Array>> =>
  withTail(head, name, (value) => {
    const type = octets(length(value));
    return { size: type.size, ...one(type) };
  });

/** A struct and the `__u32` behind it, as many as `count` makes of the struct, or none. */
export const withWords = <T extends object, N extends string>(
  head: Struct<T>,
  name: N,
  count: (head: T) => number,
): Layout<With<T, N, readonly number[]>> =>
  withTail(head, name, (value, left) => ({ size: left === 0 ? 0 : count(value) * u32.size, ...many(u32) }));

/** `tailOf` is told how many octets there are behind the struct. */
function withTail<T extends object, N extends string, V extends { readonly length: number }>(
  head: Struct<T>,
  name: N,
  tailOf: (head: T, left: number) => Layout<V> & { readonly size: number },
): Layout<With<T, N, V>> {
  return {
    read(octets, endianness) {
      if (octets.length < head.size) return undefined;
      const value = head.read(viewOf(octets), 0, endianness);
      const { size, read } = tailOf(value, octets.length - head.size);
      if (octets.length !== head.size + size) return undefined;
      const tail = read(octets.subarray(head.size), endianness);
      return tail === undefined ? undefined : ({ ...value, [name]: tail } as With<T, N, V>);
    },
    write(value, endianness) {
      const { size, write } = tailOf(value, value[name].length);
      const tail = write(value[name], endianness);
      if (tail.length !== size) {
        throw new RangeError(`${head.name}.${name}: ${tail.length} octets for ${size}`);
      }
      const written = new Uint8Array(head.size + size);
      head.write(viewOf(written), 0, value, endianness);
      written.set(tail, head.size);
      tail.fill(0);
      return written;
    },
  };
}
