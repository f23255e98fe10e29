import { describe, expect, it } from 'vitest';
import { defaultCrypto } from '../../src/crypto/index.ts';
import { espSuite } from '../../src/crypto/suite.ts';
import { receive } from '../../src/esp/inbound.ts';
import { makePacket, readHeader, type Selector } from '../../src/esp/ip.ts';
import { encapsulate } from '../../src/esp/outbound.ts';
import { dummyNextHeader, lastSequence, parseHeader, protection, seal } from '../../src/esp/packet.ts';
import { inboundSa, type Mode, outboundSa, type SaTerms } from '../../src/esp/sa.ts';
import { Sad } from '../../src/esp/sad.ts';
import { Encr } from '../../src/wire/numbers.ts';
import { counting, keysOf, octetsFrom } from './suites.ts';

const here = Uint8Array.of(10, 1, 0, 1);
const there = Uint8Array.of(10, 2, 0, 1);
const any: Selector = {
  protocol: 0,
  startPort: 0,
  endPort: 65535,
  start: Uint8Array.of(0, 0, 0, 0),
  end: Uint8Array.of(255, 255, 255, 255),
};
const only = (address: Uint8Array, protocol = 0): Selector => ({
  ...any,
  protocol,
  start: address,
  end: address,
});

const path = {
  source: { address: '192.0.2.1', port: 4500 },
  destination: { address: '192.0.2.2', port: 4500 },
};

const terms = (spi: number, esn = false, mode: Mode = { kind: 'tunnel' }, reqid = 1): SaTerms => {
  const suite = espSuite(defaultCrypto, { encr: Encr.AES_GCM_16, keyBits: 128, esn });
  if (suite === undefined) throw new Error('no AES-GCM');
  return {
    spi,
    mode,
    reqid,
    protection: protection(defaultCrypto, suite, keysOf(suite).key),
    local: [any],
    remote: [any],
  };
};

const packet = makePacket(here, there, 17, octetsFrom(1, 32));
const header = readHeader(packet);
if (header === undefined) throw new Error('no header');

const sendOn = (sa: ReturnType<typeof outboundSa>, octets = packet): Uint8Array | string => {
  const read = readHeader(octets);
  if (read === undefined) throw new Error('no header');
  return encapsulate(sa, octets, read, counting(), 1);
};

const mustSend = (sa: ReturnType<typeof outboundSa>): Uint8Array => {
  const octets = sendOn(sa);
  if (typeof octets === 'string') throw new Error(octets);
  return octets;
};

describe('outbound', () => {
  it('counts sequence numbers from 1, and the IV with them', () => {
    const sa = outboundSa(terms(7), path);
    const ivs = [1, 2, 3].map((n) => {
      const octets = mustSend(sa);
      expect(parseHeader(octets)).toEqual({ spi: 7, low: n });
      return octets[15];
    });
    expect(ivs).toEqual([1, 2, 3]);
    expect(sa.counters).toEqual({ octets: 3 * packet.length, packets: 3, lastUse: 1 });
  });

  it.each([false, true])('refuses to send when the numbers are used up, ESN %s', (esn) => {
    const sa = outboundSa(terms(7, esn), path);
    sa.sequence = lastSequence(esn) - 1;
    expect(sendOn(sa)).toBeInstanceOf(Uint8Array);
    expect(sendOn(sa)).toBe('sequence-overflow');
    expect(sendOn(sa)).toBe('sequence-overflow');
    expect(sa.counters.packets).toBe(1);
  });

  it('carries no fragments in transport mode', () => {
    const fragment = packet.slice();
    fragment[6] = 0x20;
    expect(
      sendOn(outboundSa(terms(7, false, { kind: 'transport', local: here, remote: there }), path), fragment),
    ).toBe('fragment');
    expect(sendOn(outboundSa(terms(7), path), fragment)).toBeInstanceOf(Uint8Array);
  });
});

describe('inbound', () => {
  it('goes on over the wrap of extended numbers', () => {
    const from = outboundSa(terms(7, true), path);
    const to = inboundSa(terms(7, true), path, 64);
    from.sequence = 2 ** 32 - 3;
    to.window.accept(2 ** 32 - 3);
    const sent = [1, 2, 3, 4, 5].map(() => mustSend(from));
    expect(sent.map((octets) => parseHeader(octets)?.low)).toEqual([2 ** 32 - 2, 2 ** 32 - 1, 0, 1, 2]);
    const order = [0, 2, 4, 1, 3];
    for (const i of order) expect(receive(to, sent[i] ?? packet, 1).kind).toBe('packet');
    for (const i of order) {
      expect(receive(to, sent[i] ?? packet, 1)).toEqual({ kind: 'drop', reason: 'replay' });
    }
    expect(to.window.top).toBe(2 ** 32 + 2);
  });

  it('a forged packet does not move the window', () => {
    const to = inboundSa(terms(7), path, 64);
    const octets = mustSend(outboundSa(terms(7), path));
    const forged = octets.slice();
    forged[4] = 0x7f;
    expect(receive(to, forged, 1)).toEqual({ kind: 'drop', reason: 'bad-icv' });
    expect(receive(to, octets, 1)).toMatchObject({ kind: 'packet', packet, newest: true });
  });

  const sealed = (nextHeader: number, payload: Uint8Array) =>
    seal(terms(7).protection, { spi: 7, sequence: 1, iv: new Uint8Array(8), nextHeader, payload });

  it('drops dummies without a word', () => {
    const to = inboundSa(terms(7), path, 64);
    expect(receive(to, sealed(dummyNextHeader, octetsFrom(1, 9)), 1)).toEqual({
      kind: 'dummy',
      newest: true,
    });
    expect(to.counters.packets).toBe(0);
  });

  it('cuts off TFC padding', () => {
    const to = inboundSa(terms(7), path, 64);
    const padded = Uint8Array.of(...packet, ...new Uint8Array(500));
    expect(receive(to, sealed(4, padded), 1)).toMatchObject({ kind: 'packet', packet });
  });

  it.each([
    ['IPv4 called IPv6', 41, packet],
    ['no whole packet', 4, packet.subarray(0, packet.length - 1)],
    ['nothing', 4, new Uint8Array()],
    ['an upper layer', 17, octetsFrom(1, 16)],
  ])('a tunnel with %s inside carries nothing', (_, nextHeader, payload) => {
    const to = inboundSa(terms(7), path, 64);
    expect(receive(to, sealed(nextHeader, payload), 1)).toEqual({ kind: 'drop', reason: 'bad-inner' });
  });

  it('drops traffic the SA is not for', () => {
    const to = inboundSa({ ...terms(7), remote: [only(here, 6)] }, path, 64);
    expect(receive(to, sealed(4, packet), 1)).toMatchObject({ kind: 'drop', reason: 'selectors' });
    expect(to.counters.packets).toBe(0);
  });

  it('makes the header of transport mode with the ends of the SA', () => {
    const mode: Mode = { kind: 'transport', local: there, remote: here };
    const to = inboundSa(terms(7, false, mode), path, 64);
    const from = outboundSa(terms(7, false, { kind: 'transport', local: here, remote: there }), path);
    expect(receive(to, mustSend(from), 1)).toMatchObject({ kind: 'packet', packet });
  });
});

describe('SAD', () => {
  it('takes a name once', () => {
    const sad = new Sad();
    expect(sad.add(outboundSa(terms(7), path))).toBe(true);
    expect(sad.add(outboundSa(terms(7), path))).toBe(false);
    const elsewhere = { ...path, destination: { address: '192.0.2.3', port: 4500 } };
    expect(sad.add(outboundSa(terms(7), elsewhere))).toBe(true);
    expect(sad.size).toBe(2);
  });

  it('takes an inbound SPI once, whatever its destination', () => {
    const sad = new Sad();
    const elsewhere = { ...path, destination: { address: '192.0.2.3', port: 4500 } };
    expect(sad.add(inboundSa(terms(7), path, 64))).toBe(true);
    expect(sad.add(inboundSa(terms(7), elsewhere, 64))).toBe(false);
    expect(sad.size).toBe(1);
  });

  it('sends by the newest of a reqid that may carry the packet', () => {
    const sad = new Sad();
    const [old, young] = [outboundSa(terms(1), path), outboundSa(terms(2), path)];
    const narrow = outboundSa({ ...terms(3), local: [only(there)] }, path);
    for (const sa of [old, young, narrow]) sad.add(sa);
    expect(sad.outbound(1)).toBe(narrow);
    expect(sad.outbound(1, header)).toBe(young);
    sad.remove({ spi: 2, destination: '192.0.2.2' });
    expect(sad.outbound(1, header)).toBe(old);
    expect(sad.outbound(2, header)).toBeUndefined();
  });

  it('moves an SA and keeps its numbers', () => {
    const sad = new Sad();
    const sa = outboundSa(terms(1), path);
    sad.add(sa);
    mustSend(sa);
    const to = { source: path.source, destination: { address: '192.0.2.9', port: 61000 } };
    expect(sad.move({ spi: 1, destination: '192.0.2.2' }, to)).toBe('moved');
    expect(sad.move({ spi: 1, destination: '192.0.2.2' }, to)).toBe('missing');
    expect(sad.find({ spi: 1, destination: '192.0.2.9' })).toBe(sa);
    expect(sa).toMatchObject({ sequence: 1, path: to });
    sad.add(outboundSa(terms(1), path));
    expect(sad.move({ spi: 1, destination: '192.0.2.9' }, path)).toBe('exists');
  });
});
