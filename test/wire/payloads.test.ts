/** Every payload there and back, and the octets of some against the RFC's pictures. */
import { describe, expect, it } from 'vitest';
import {
  codecs,
  encodeMessage,
  encodePayloads,
  fromHex,
  type Payload,
  PayloadType,
  parseMessage,
  parsePayloads,
  toHex,
} from '../../src/wire/index.ts';
import { enclosing, samples } from './samples.ts';

const fields = {
  initiatorSpi: 0x0102030405060708n,
  responderSpi: 0xfffefdfcfbfaf9f8n,
  exchange: 250,
  initiator: true,
  response: true,
  messageId: 0xfffffffe,
};

describe('round trip', () => {
  for (const payload of [...samples, ...enclosing]) {
    it(`${payload.kind} ${encodePayloads([payload]).octets.length}`, () => {
      const { first, octets } = encodePayloads([payload]);
      expect(parsePayloads(first, octets)).toEqual([payload]);
    });
  }

  it('a message of all of them', () => {
    const payloads = [...samples, ...enclosing.slice(0, 1)];
    const { header, payloads: parsed } = parseMessage(encodeMessage(fields, payloads));
    expect(parsed).toEqual(payloads);
    expect(header).toMatchObject({ ...fields, majorVersion: 2, minorVersion: 0, higherVersion: false });
  });

  it('covers every codec', () => {
    const kinds = new Set<string>([...samples, ...enclosing].map(({ kind }) => kind));
    expect(codecs.map(({ kind }) => kind).filter((kind) => !kinds.has(kind))).toEqual([]);
    for (const codec of codecs) expect(codec.type).toBe(PayloadType[codec.kind]);
  });
});

describe('what is ignored on receipt', () => {
  const sample = encodePayloads(samples);

  it('RESERVED octets and bits', () => {
    const sent = [
      '227f0018 00ff0014 01010001 00ff000c 01ff000c 800e0100', // SA, one proposal of one transform
      '237f000c 001fffff 01020304', // KE
      '277f0009 01ffffff aa', // IDi
      '2c7f0009 02ffffff bb', // AUTH
      '2f7f0008 00ffffff', // TSi
      '007f000d 01ffffff 80010001 cc', // CP, one attribute
    ].join('');
    expect(parsePayloads(PayloadType.sa, fromHex(sent.replaceAll(' ', '')))).toEqual([
      {
        kind: 'sa',
        proposals: [
          { number: 1, protocol: 1, spi: fromHex(''), transforms: [{ type: 1, id: 12, keyLength: 256 }] },
        ],
      },
      { kind: 'ke', group: 31, data: fromHex('01020304') },
      // Ignored, but AUTH covers them: RFC 7296 §2.15.
      { kind: 'idi', idType: 1, data: fromHex('aa'), reserved: fromHex('ffffff') },
      { kind: 'auth', method: 2, data: fromHex('bb') },
      { kind: 'tsi', selectors: [] },
      { kind: 'configuration', type: 1, attributes: [{ type: 1, value: fromHex('cc') }] },
    ]);
  });

  it('the critical bit of a payload we know', () => {
    const octets = Uint8Array.from(sample.octets);
    octets[1] = 0xff;
    expect(parsePayloads(sample.first, octets)).toEqual(samples);
  });

  it('the number of SPIs that have no octets', () => {
    const parsed = parsePayloads(PayloadType.delete, fromHex('0000000801000001'));
    expect(parsed).toEqual([{ kind: 'delete', protocol: 1, spis: [] }]);
  });
});

describe('octets of RFC 7296', () => {
  const cases: [string, Payload, string][] = [
    ['§3.10 N(INVALID_KE_PAYLOAD)', notify(17, '0013'), '0000000a' + '00000011' + '0013'],
    [
      '§3.11 D',
      { kind: 'delete', protocol: 3, spis: [fromHex('01020304')] },
      `0000000c${'03040001'}${'01020304'}`,
    ],
    [
      '§3.13 TSi',
      { kind: 'tsi', selectors: [{ kind: 'label', label: fromHex('6162') }] },
      `0000000e${'01000000'}${'0a000006'}${'6162'}`,
    ],
    [
      '§3.15 CP',
      { kind: 'configuration', type: 1, attributes: [{ type: 8, value: fromHex('') }] },
      `0000000c${'01000000'}${'00080000'}`,
    ],
    [
      'RFC 7383 §2.5 SKF',
      { kind: 'fragment', first: 35, number: 1, total: 2, data: fromHex('aa') },
      `23000009${'00010002'}${'aa'}`,
    ],
  ];
  for (const [name, payload, hex] of cases) {
    it(name, () => expect(toHex(encodePayloads([payload]).octets)).toBe(hex));
  }
});

describe('encoding refuses what does not fit', () => {
  const cases: [string, Payload][] = [
    ['a payload of 65536 octets', { kind: 'vendorId', data: new Uint8Array(65532) }],
    ['SPIs of two sizes', { kind: 'delete', protocol: 3, spis: [new Uint8Array(4), new Uint8Array(5)] }],
    ['a notify type of 17 bits', notify(0x10000, '')],
    [
      'addresses of two families',
      {
        kind: 'tsi',
        selectors: [
          {
            kind: 'range',
            protocol: 0,
            startPort: 0,
            endPort: 0,
            start: new Uint8Array(4),
            end: new Uint8Array(16),
          },
        ],
      },
    ],
  ];
  for (const [name, payload] of cases) {
    it(name, () => expect(() => encodePayloads([payload])).toThrow(RangeError));
  }

  it('a payload after SK', () => {
    expect(() => encodePayloads([...enclosing, ...samples])).toThrow(RangeError);
  });
});

function notify(type: number, data: string): Payload {
  return { kind: 'notify', protocol: 0, spi: new Uint8Array(), type, data: fromHex(data) };
}
