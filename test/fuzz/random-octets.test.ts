/** Random octets: as a datagram, after a valid header, and inside a true seal. */
import { describe, expect, it } from 'vitest';
import { type Seeded, seeded } from '../../src/testing/index.ts';
import { writeHeader } from '../../src/wire/header.ts';
import { Writer } from '../../src/wire/writer.ts';
import { scaled } from './budgets.ts';
import { Fuzz, messageNames } from './stage.ts';

let inputs = 0;

/** Random, but with many of the octets lengths and types are made of. */
function noise(numbers: Seeded, most: number): Uint8Array {
  const octets = numbers.random(numbers.integer(most));
  for (let at = 0; at < octets.length; at++)
    if (numbers.chance(0.5)) octets[at] = numbers.pick([0, 0, 0, 1, 4, 8, 12, 33, 40, 41, 46, 53]);
  return octets;
}

/** A chain of payloads whose headers hold, with noise for bodies. */
function chain(numbers: Seeded): { first: number; octets: Uint8Array } {
  const types = Array.from({ length: numbers.integer(8) }, () => 33 + numbers.integer(22));
  const writer = new Writer();
  for (const [at] of types.entries()) {
    const body = noise(numbers, 60);
    writer.u8(types[at + 1] ?? 0);
    writer.u8(numbers.pick([0, 0, 0, 0x80]));
    writer.u16(4 + body.length);
    writer.bytes(body);
  }
  return { first: types[0] ?? 0, octets: writer.finish() };
}

describe('random octets', () => {
  it.each(messageNames)('instead of %s', (name) => {
    const fuzz = new Fuzz(name);
    const { header } = fuzz.stage.awaited;
    if (header === undefined) throw new Error('no header');
    const numbers = seeded(name);
    const clear = (first: number, body: Uint8Array): Uint8Array => {
      const writer = new Writer();
      const at = writeHeader(writer, header, first);
      writer.bytes(body);
      writer.patch32(at, writer.length);
      return writer.finish();
    };
    for (let round = 0; round < scaled(1000); round++) fuzz.feed(noise(numbers, 400));
    for (let round = 0; round < scaled(3000); round++)
      fuzz.feed(clear(numbers.integer(60), noise(numbers, 300)));
    for (let round = 0; round < scaled(1500); round++) {
      const { first, octets } = chain(numbers);
      fuzz.feed(clear(first, octets));
    }
    if (!name.startsWith('IKE_SA_INIT')) {
      for (let round = 0; round < scaled(800); round++) {
        const { first, octets } = numbers.chance(0.3)
          ? { first: numbers.integer(60), octets: noise(numbers, 300) }
          : chain(numbers);
        fuzz.feed(fuzz.stage.both.network.keys.sealOctets(header, first, octets));
      }
      for (let round = 0; round < scaled(1500); round++) {
        const total = numbers.pick([0, 1, 2, 3, 128, 129, 65_535]);
        const fragment = { number: numbers.pick([0, 1, 2, 3, total]), total, first: numbers.integer(60) };
        fuzz.feed(fuzz.stage.both.network.keys.sealFragment(header, fragment, noise(numbers, 40)));
      }
    }
    fuzz.finish();
    inputs += fuzz.inputs;
  });

  it('counts', () => {
    console.log(`${inputs} inputs`);
    expect(inputs).toBeGreaterThan(50_000);
  });
});
