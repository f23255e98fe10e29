/** No cut of any message makes the decoder throw anything but a WireError that says where. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  encodeMessage,
  encodePayloads,
  parseMessage,
  parsePayloads,
  toHex,
  WireError,
} from '../../src/wire/index.ts';
import { enclosing, samples } from './samples.ts';
import { type Chain, describeWithVectors, recordedChains, recordedMessages } from './vectors.ts';

const fields = {
  initiatorSpi: 1n,
  responderSpi: 2n,
  exchange: 35,
  initiator: true,
  response: false,
  messageId: 1,
};

// Hundreds of thousands of errors: their stacks are most of the time.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

/** Every cut fails. */
function cutEverywhere(octets: Uint8Array, parse: (cut: Uint8Array) => unknown): void {
  for (let length = 0; length < octets.length; length++) {
    const error = failure(() => parse(octets.slice(0, length)));
    if (!isGood(error, length)) throw new Error(`cut to ${length} of ${toHex(octets)}: ${error}`);
  }
}

/** A header whose Length says what is left, so that the chain behind it is what is cut short. */
function withLength(message: Uint8Array): Uint8Array {
  if (message.length >= 28) new DataView(message.buffer).setUint32(24, message.length);
  return message;
}

function failure(parse: () => unknown): unknown {
  try {
    parse();
  } catch (error) {
    return error;
  }
  return undefined;
}

const isGood = (error: unknown, length: number): boolean =>
  error instanceof WireError &&
  error.code === 'WIRE' &&
  error.field !== '' &&
  error.at <= length &&
  error.message.startsWith(`${error.field}: `) &&
  error.message.endsWith(` (at octet ${error.at})`);

/** Each payload of a chain cut inside its own, correct length: fails with a WireError, or is a shorter payload. */
function cutInside({ first, octets }: Pick<Chain, 'first' | 'octets'>): void {
  for (const payload of parsePayloads(first, octets)) {
    const one = encodePayloads([payload]);
    for (let length = 4; length < one.octets.length; length++) {
      const cut = one.octets.slice(0, length);
      new DataView(cut.buffer).setUint16(2, length);
      const error = failure(() => parsePayloads(one.first, cut));
      if (error !== undefined && !isGood(error, length)) throw new Error(`${toHex(cut)}: ${error}`);
    }
  }
}

describe('our own', () => {
  it('message of every payload, cut at every octet', () => {
    for (const last of enclosing) {
      const message = encodeMessage(fields, [...samples, last]);
      cutEverywhere(message, parseMessage);
      cutEverywhere(message, (cut) => parseMessage(withLength(cut)));
    }
  });

  it('payloads, each cut inside', () => {
    cutInside(encodePayloads([...samples, ...enclosing.slice(0, 1)]));
    for (const last of enclosing) cutInside(encodePayloads([last]));
  });
});

describeWithVectors('', () => {
  it('every recorded message, cut at every octet', () => {
    for (const { octets } of recordedMessages()) {
      cutEverywhere(octets, parseMessage);
      cutEverywhere(octets, (cut) => parseMessage(withLength(cut)));
    }
  });

  it('every recorded content of SK, cut at every octet', () => {
    for (const { first, octets } of recordedChains())
      cutEverywhere(octets, (cut) => parsePayloads(first, cut));
  });

  it('every payload in them, each cut inside', () => {
    for (const chain of recordedChains()) cutInside(chain);
    for (const { octets } of recordedMessages()) {
      cutInside({ first: octets[16] ?? 0, octets: octets.subarray(28) });
    }
  });
});

describe('says which field, and where', () => {
  const cases: [string, string, string][] = [
    ['the header', '00'.repeat(20), 'Message ID: need 4 octets, 0 left (at octet 20)'],
    ['KE', header(34, '00000005' + '00'), 'DH group: need 2 octets, 1 left (at octet 32)'],
    [
      'a length past the end',
      header(43, '00000009' + '01020304'),
      'Payload Length: need 5 octets, 4 left (at octet 32)',
    ],
    ['a length of 3', header(43, '00000003'), 'Payload Length: 3 is less than 4 (at octet 30)'],
    ['an octet after the chain', header(43, '00000004' + '00'), 'Message: 1 octet too many (at octet 32)'],
    [
      'no payload where one is announced',
      header(43, '2b000004'),
      'Next Payload: need 1 octet, 0 left (at octet 32)',
    ],
    [
      'a short nonce',
      header(40, '00000008' + '01020304'),
      'Nonce Data: 4 octets, not 16 to 256 (at octet 32)',
    ],
    [
      'too many transforms',
      header(33, '00000014' + '0000001001010002' + '0000000801000002'),
      'Num Transforms: 2, but transform 1 says otherwise (at octet 41)',
    ],
    [
      'too few transforms',
      header(33, '00000014' + '0000001001010000' + '0000000801000002'),
      'Proposal: 8 octets too many (at octet 40)',
    ],
    [
      'a proposal announced',
      header(33, '0000000c' + '0200000801010000'),
      'Last Substruc: need 1 octet, 0 left (at octet 40)',
    ],
    [
      'a selector of another length',
      header(44, `000000180100000008000010${'00'.repeat(12)}`),
      'Starting Address: need 16 octets, 8 left (at octet 44)',
    ],
    ['a fragment of none', header(53, '00000008' + '00010000'), 'Fragment Number: 1 of 0 (at octet 32)'],
    [
      'EAP of another length',
      header(48, '00000009' + '0101000601'),
      'EAP Length: 6 in a payload of 5 octets (at octet 34)',
    ],
    [
      'IKEv1',
      `${'00'.repeat(17)}10${'00'.repeat(7)}00001c`.padEnd(56, '0'),
      'Version: major version 1 (at octet 17)',
    ],
  ];
  for (const [name, hex, message] of cases) {
    it(name, () => {
      const error = failure(() => parseMessage(Uint8Array.from(Buffer.from(hex, 'hex'))));
      expect(error).toBeInstanceOf(WireError);
      expect(String(error)).toBe(`WireError: ${message}`);
    });
  }
});

function header(first: number, body: string): string {
  const length = (28 + body.length / 2).toString(16).padStart(8, '0');
  return `${'00'.repeat(16)}${first.toString(16)}20230800000001${length}${body}`;
}
