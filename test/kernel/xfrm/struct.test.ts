/** C structs on hosts of both byte orders. */
import { describe, expect, it } from 'vitest';
import { parseDatagram } from '../../../src/kernel/xfrm/datagram.ts';
import { encodeMessage } from '../../../src/kernel/xfrm/messages.ts';
import { be16, be32, struct, text, u8, u16, u32, u64, viewOf } from '../../../src/kernel/xfrm/struct.ts';
import { toHex } from '../../../src/wire/hex.ts';
import { messageOf } from './iproute2.ts';
import { golden } from './vectors.ts';

const sample = struct('sample', { a: u8, b: be32, c: u16, d: be16, e: u64, f: text(4), g: u32, h: u8 });
const value = {
  a: 1,
  b: 0x01020304,
  c: 0x0506,
  d: 0x0708,
  e: 0x1112131415161718n,
  f: 'ab',
  g: 0x21222324,
  h: 9,
};

const written = (endianness: 'little' | 'big'): string => {
  const octets = new Uint8Array(sample.size);
  sample.write(viewOf(octets), 0, value, endianness);
  expect(sample.read(viewOf(octets), 0, endianness)).toEqual(value);
  return toHex(octets);
};

describe('a struct', () => {
  it('has its fields where a C compiler has them', () => {
    expect(sample.offsets).toEqual({ a: 0, b: 4, c: 8, d: 10, e: 16, f: 24, g: 28, h: 32 });
    expect([sample.size, sample.align]).toEqual([40, 8]);
  });

  it('follows the host, but for __be16 and __be32', () => {
    expect(written('little')).toBe(
      '01000000010203040605070800000000181716151413121161620000242322210900000000000000',
    );
    expect(written('big')).toBe(
      '01000000010203040506070800000000111213141516171861620000212223240900000000000000',
    );
  });

  it.each([
    ['sample.a: 256 is no __u8', { a: 256 }],
    ['sample.b: -1 is no __u32', { b: -1 }],
    ['sample.c: 0.5 is no __u16', { c: 0.5 }],
    ['sample.e: -1 is no __u64', { e: -1n }],
    ['sample.f: "abcd" is longer than 3 octets', { f: 'abcd' }],
  ])('refuses what does not fit: %s', (message, change) => {
    const write = () => sample.write(viewOf(new Uint8Array(40)), 0, { ...value, ...change }, 'little');
    expect(write).toThrow(new RangeError(message));
  });

  it('has zeros where nothing is given', () => {
    expect(sample.of({ c: 7 })).toEqual({ a: 0, b: 0, c: 7, d: 0, e: 0n, f: '', g: 0, h: 0 });
  });
});

describe('messages of a big-endian host', () => {
  it.each(golden.map(({ name, command }) => [name, command] as const))('%s', (_, command) => {
    const message = messageOf(command);
    const octets = encodeMessage(message, { sequence: 1, flags: 5 }, 'big');
    const [received] = parseDatagram(octets, 'big');
    expect(received?.message).toEqual(message);
    expect(octets.subarray(0, 4)).toEqual(Uint8Array.of(0, 0, octets.length >> 8, octets.length & 0xff));
  });
});
