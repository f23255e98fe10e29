/** Octets made to break a decoder: it fails with a WireError or not at all. */
import { describe, expect, it } from 'vitest';
import {
  criticalUnknown,
  encodeMessage,
  fromHex,
  maxPayloads,
  type Payload,
  parseHeader,
  parseMessage,
  parsePayloads,
  WireError,
} from '../../src/wire/index.ts';
import { readDatagrams } from './pcap.ts';
import { enclosing, samples } from './samples.ts';
import { describeWithVectors, globVectors, readVector, recordedMessages, vectorPath } from './vectors.ts';

/** What was parsed, or the WireError; any other error is thrown on. */
function attempt<T>(parse: () => T): T | WireError {
  try {
    return parse();
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
}

const fields = {
  initiatorSpi: 1n,
  responderSpi: 2n,
  exchange: 35,
  initiator: true,
  response: false,
  messageId: 1,
};

describeWithVectors('06-fuzz', () => {
  const { templates } = readVector('06-fuzz/openiked/payload-templates.json') as {
    templates: Record<string, string>;
  };

  const types: Record<string, number> = {
    ...{ saxform_pld: 33, ke_pld: 34, nonce_pld: 40, notify_pld: 41, id_pld: 35, cert_pld: 37 },
    ...{ certreq_pld: 38, auth_pld: 39, vendor_pld: 43, ts_pld: 44, cp_pld: 47, eap_pld: 48 },
  };
  for (const [name, type] of Object.entries(types)) {
    const hex = templates[name];
    if (hex === undefined) continue;
    it(`${name} parses`, () => {
      // Some name or are followed by another payload that is not there.
      const length = Number.parseInt(hex.slice(4, 8), 16);
      const alone = fromHex(`00${hex.slice(2, 2 * length)}`);
      expect(parsePayloads(type, alone)).toHaveLength(1);
    });
  }

  it('every template with every octet changed, every bit flipped and every length wrong', () => {
    for (const [name, hex] of Object.entries(templates)) {
      const octets = fromHex(hex);
      for (const type of [types[name] ?? 0, 33, 42, 44, 46, 47, 48, 53, 200]) {
        for (let at = 0; at < octets.length; at++) {
          const original = octets[at] ?? 0;
          const changes = [0, 0xff, 0x7f, ...Array.from({ length: 8 }, (_, bit) => original ^ (1 << bit))];
          for (const value of changes) {
            octets[at] = value;
            attempt(() => parsePayloads(type, octets));
          }
          octets[at] = original;
        }
      }
    }
  });

  for (const file of globVectors('06-fuzz/ike-malformed-pcaps/*')) {
    it(file.split('/').at(-1) ?? '', () => {
      for (const { octets } of readDatagrams(vectorPath(file))) {
        for (const message of [octets, octets.subarray(4)]) attempt(() => parseMessage(message).payloads);
      }
    });
  }

  it('the header of IKEv1 is readable, its payloads are not ours', () => {
    const headers = globVectors('06-fuzz/ike-malformed-pcaps/{tcpdump-isakmp4500,libreswan*}*').flatMap(
      (file) =>
        readDatagrams(vectorPath(file)).flatMap(({ sourcePort, octets }) => {
          const message = sourcePort === 4500 ? octets.subarray(4) : octets;
          return attempt(() => [parseHeader(message)]) instanceof WireError ? [] : [message];
        }),
    );
    const version1 = headers.filter((message) => parseHeader(message).majorVersion === 1);
    expect(version1.length).toBeGreaterThan(5);
    for (const message of version1) expect(() => parseMessage(message)).toThrow(/major version 1/);
  });
});

describeWithVectors('', () => {
  it('every recorded message with each bit of its first 200 octets flipped', () => {
    for (const { octets } of recordedMessages().filter((_, i) => i % 5 === 0)) {
      for (let bit = 0; bit < Math.min(octets.length, 200) * 8; bit++) {
        const at = bit >> 3;
        octets[at] = (octets[at] ?? 0) ^ (1 << (bit & 7));
        attempt(() => parseMessage(octets).payloads);
        octets[at] = (octets[at] ?? 0) ^ (1 << (bit & 7));
      }
    }
  });
});

describe('bounds', () => {
  const vendorIds = (count: number): Payload[] =>
    Array.from({ length: count }, () => ({ kind: 'vendorId', data: new Uint8Array() }));

  it(`takes ${maxPayloads} payloads and no more`, () => {
    const most = encodeMessage(fields, vendorIds(maxPayloads));
    expect(parseMessage(most).payloads).toHaveLength(maxPayloads);
    const more = encodeMessage(fields, vendorIds(maxPayloads + 1));
    expect(() => parseMessage(more)).toThrow(WireError);
  });

  it('a chain of no payloads', () => {
    expect(parseMessage(encodeMessage(fields, [])).payloads).toEqual([]);
  });

  it('any octets at all', () => {
    let state = 1;
    const next = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    };
    for (let i = 0; i < 20_000; i++) {
      const octets = Uint8Array.from({ length: next() & 63 }, next);
      const type = next();
      attempt(() => parsePayloads(type, octets));
      // A plausible length, so that bodies are reached.
      if (octets.length >= 4) octets.set([0, 0, 0, octets.length]);
      attempt(() => parsePayloads(33 + (type % 22), octets));
    }
  });
});

describe('critical payloads', () => {
  it('finds the first unknown one', () => {
    const { payloads } = parseMessage(encodeMessage(fields, [...samples, ...enclosing.slice(0, 1)]));
    expect(criticalUnknown(payloads)).toEqual({
      kind: 'unknown',
      type: 1,
      critical: true,
      data: fromHex(''),
    });
  });

  it('passes over unknown ones that are not', () => {
    const unknown = samples.filter(({ kind }) => kind === 'unknown');
    const harmless = unknown.map((payload) => ({ ...payload, critical: false }));
    expect(criticalUnknown(harmless)).toBeUndefined();
  });
});
