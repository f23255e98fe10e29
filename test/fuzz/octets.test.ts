/** Every message cut short at every octet, and with every bit turned, as whoever sits on the line could do it. */
import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/testing/index.ts';
import { scaled } from './budgets.ts';
import { Fuzz, messageNames, suites } from './stage.ts';

let inputs = 0;

describe.each(suites)('octets of messages under %s', (_name, options) => {
  it.each(messageNames)('%s', (name) => {
    const fuzz = new Fuzz(name, options);
    const { octets } = fuzz.stage.awaited;
    for (let length = 0; length < octets.length; length++) fuzz.feed(octets.slice(0, length));
    for (let length = 1; length <= 64; length++)
      fuzz.feed(Uint8Array.of(...octets, ...new Uint8Array(length)));
    for (let at = 0; at < octets.length; at++) {
      for (let bit = 0; bit < 8; bit++)
        fuzz.feed(octets.map((octet, place) => (place === at ? octet ^ (1 << bit) : octet)));
    }
    const numbers = seeded(`${name}`);
    for (let round = 0; round < scaled(2000); round++) fuzz.feed(spoilt(octets, numbers));
    fuzz.finish();
    inputs += fuzz.inputs;
  });

  it('counts', () => {
    console.log(`${inputs} inputs`);
    expect(inputs).toBeGreaterThan(20_000);
  });
});

/** Some octets are other ones, some are gone, some are there twice; the header's Length is right in half of them. */
function spoilt(octets: Uint8Array, numbers: ReturnType<typeof seeded>): Uint8Array {
  const list = [...octets];
  for (let times = 1 + numbers.integer(4); times > 0; times--) {
    const at = numbers.integer(list.length);
    const length = 1 + numbers.integer(8);
    const kind = numbers.integer(4);
    if (kind === 0) list.splice(at, length);
    else if (kind === 1) list.splice(at, 0, ...list.slice(at, at + length));
    else if (kind === 2) list.splice(at, length, ...numbers.random(length));
    else list[at] = numbers.pick([0, 1, 0x7f, 0x80, 0xff]);
  }
  const changed = Uint8Array.from(list);
  if (changed.length >= 28 && numbers.chance(0.5)) new DataView(changed.buffer).setUint32(24, changed.length);
  return changed;
}
