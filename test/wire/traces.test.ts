/** Recorded exchanges: what another parser saw in them, and the same octets when encoded again. */
import { expect, it } from 'vitest';
import {
  encodeMessage,
  encodePayloads,
  find,
  NotifyType,
  nameOf,
  type Payload,
  PayloadType,
  parseMessage,
  parsePayloads,
  toHex,
} from '../../src/wire/index.ts';
import { describeWithVectors, recordedChains, recordedMessages, traceMessages } from './vectors.ts';

describeWithVectors('09-ikev2-traces', () => {
  it('has the header of the recording', () => {
    const messages = traceMessages();
    expect(messages.length).toBeGreaterThan(200);
    for (const { name, message } of messages) {
      const { header } = parse(message.hex);
      expect({
        name,
        exchange: header.exchange,
        flags: (header.response ? 0x20 : 0) | (header.higherVersion ? 0x10 : 0) | (header.initiator ? 8 : 0),
        messageId: header.messageId,
      }).toEqual({
        name,
        exchange: message.exchange,
        flags: message.flags,
        messageId: message.messageId,
      });
    }
  });

  it('sees the payloads of the recording, in clear and inside SK', () => {
    let seen = 0;
    for (const { name, message } of traceMessages()) {
      if (message.innerPlaintext !== undefined || message.payloads === undefined) continue;
      seen += message.payloads.length;
      expect({ name, payloads: raw(parse(message.hex).payloads) }).toEqual({
        name,
        payloads: message.payloads,
      });
    }
    for (const { name, first, octets, payloads } of recordedChains()) {
      if (payloads === undefined) continue;
      seen += payloads.length;
      expect({ name, payloads: raw(parsePayloads(first, octets)) }).toEqual({ name, payloads });
    }
    expect(seen).toBeGreaterThan(1000);
  });

  it('knows every number that was sent', () => {
    const unknown = recordedChains()
      .flatMap(({ first, octets }) => parsePayloads(first, octets))
      .flatMap((payload) => {
        if (payload.kind === 'unknown') return [`payload ${payload.type}`];
        if (payload.kind === 'notify' && payload.type < 40960) {
          return /^\d/.test(nameOf(NotifyType, payload.type)) ? [`notify ${payload.type}`] : [];
        }
        return [];
      });
    expect(unknown).toEqual([]);
  });

  it('reads a security label', () => {
    const labels = recordedChains().flatMap(({ first, octets }) => {
      const selectors = find(parsePayloads(first, octets), 'tsi')?.selectors ?? [];
      return selectors.flatMap((selector) => (selector.kind === 'label' ? [text(selector.label)] : []));
    });
    expect(new Set(labels)).toContain('system_u:object_r:ipsec_spd_t:s0\0');
  });

  it('keeps the fragments of a message apart', () => {
    for (const { name, message } of traceMessages()) {
      if (!Array.isArray(message.fragment)) continue;
      const [number, total] = message.fragment;
      const { payloads } = parse(message.hex);
      expect({ name, ...payloads[0] }).toMatchObject({ kind: 'fragment', number, total });
      expect(find(payloads, 'fragment')?.first).toBe(message.firstInnerPayload);
    }
  });
});

describeWithVectors('', () => {
  it('encodes every recorded message to its own octets', () => {
    // The sender of that one sets the critical bit of payloads that are always known.
    const messages = recordedMessages().filter(({ name }) => !name.includes('ikev2pI2'));
    expect(messages.length).toBeGreaterThan(300);
    for (const { name, octets } of messages) {
      const { header, payloads } = parseMessage(octets);
      expect(`${name} ${toHex(encodeMessage(header, payloads))}`).toBe(`${name} ${toHex(octets)}`);
    }
  });

  it('encodes every recorded content of SK to its own octets', () => {
    const chains = recordedChains();
    expect(chains.length).toBeGreaterThan(150);
    for (const { name, first, octets } of chains) {
      const encoded = encodePayloads(parsePayloads(first, octets));
      expect(`${name} ${encoded.first} ${toHex(encoded.octets)}`).toBe(`${name} ${first} ${toHex(octets)}`);
    }
  });
});

const parse = (hex: string) => parseMessage(Uint8Array.from(Buffer.from(hex, 'hex')));

const text = (octets: Uint8Array): string => new TextDecoder().decode(octets);

/** Each payload by itself, as the recordings have it. */
function raw(payloads: readonly Payload[]): { type: number; body: string }[] {
  return payloads.map((payload) => {
    const { octets } = encodePayloads([payload]);
    return {
      type: payload.kind === 'unknown' ? payload.type : PayloadType[payload.kind],
      body: toHex(octets.subarray(4)),
    };
  });
}
