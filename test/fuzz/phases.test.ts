/** Every exchange type in every phase of either role: in clear and sealed, as request and response, with every flag. */
import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../src/wire/message.ts';
import { ExchangeType } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';
import { addMarker } from '../../src/wire/udp-encap.ts';
import { Fuzz, type MessageName, messageNames } from './stage.ts';

let inputs = 0;

const bodies: readonly (readonly Payload[])[] = [
  [],
  [
    { kind: 'nonce', data: new Uint8Array(32) },
    { kind: 'sa', proposals: [] },
    { kind: 'idi', idType: 1, data: new Uint8Array(4) },
    { kind: 'idr', idType: 1, data: new Uint8Array(4) },
    { kind: 'auth', method: 2, data: new Uint8Array(32) },
    { kind: 'ke', group: 31, data: new Uint8Array(32).fill(9) },
    { kind: 'tsi', selectors: [] },
    { kind: 'tsr', selectors: [] },
    { kind: 'delete', protocol: 3, spis: [] },
  ],
];

/** Where the header's flags, IDs and SPIs may differ from what is due. */
function variants(messageId: number) {
  const flags = [0, 1, 2, 3].map((bits) => ({ initiator: (bits & 1) !== 0, response: (bits & 2) !== 0 }));
  const ids = [messageId, messageId + 1, 0xffff_ffff];
  return flags.flatMap((each) => ids.map((id) => ({ ...each, messageId: id })));
}

const known = new Set<number>(Object.values(ExchangeType));

describe('every exchange type', () => {
  it.each(messageNames)('instead of %s', (name: MessageName) => {
    const fuzz = new Fuzz(name);
    const { header } = fuzz.stage.awaited;
    if (header === undefined) throw new Error('no header');
    for (let exchange = 0; exchange < 256; exchange++) {
      for (const variant of variants(header.messageId)) {
        const fields = { ...header, ...variant, exchange };
        for (const body of known.has(exchange) ? bodies : bodies.slice(0, 1)) {
          fuzz.feed(encodeMessage(fields, body));
          if (name.startsWith('IKE_SA_INIT')) continue;
          fuzz.feed(fuzz.stage.both.network.keys.seal(fields, body));
        }
      }
    }
    fuzz.finish();
    inputs += fuzz.inputs;
  });

  it.each(messageNames)('with other SPIs and versions instead of %s', (name) => {
    const fuzz = new Fuzz(name);
    const { header } = fuzz.stage.awaited;
    if (header === undefined) throw new Error('no header');
    for (const spi of [0n, 1n, header.initiatorSpi, header.responderSpi, 0xffff_ffff_ffff_ffffn]) {
      for (const other of [0n, header.initiatorSpi, header.responderSpi]) {
        for (const majorVersion of [0, 1, 2, 3, 15]) {
          for (const variant of variants(header.messageId)) {
            const spis = { initiatorSpi: spi, responderSpi: other, majorVersion };
            const octets = encodeMessage({ ...header, ...variant, ...spis }, bodies[1] ?? []);
            fuzz.feed(octets);
            fuzz.feed(addMarker(octets));
          }
        }
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
