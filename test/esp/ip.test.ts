import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checksum,
  makePacket,
  matches,
  readHeader,
  type Selector,
  transportPayload,
} from '../../src/esp/ip.ts';
import { parseAddress } from '../../src/wire/address.ts';
import { fromHex } from '../../src/wire/hex.ts';

const address = (text: string): Uint8Array => parseAddress(text) ?? new Uint8Array();

const range = (start: string, end = start, protocol = 0, startPort = 0, endPort = 65535): Selector => ({
  protocol,
  startPort,
  endPort,
  start: address(start),
  end: address(end),
});

const read = (packet: Uint8Array) => {
  const header = readHeader(packet);
  if (header === undefined) throw new Error('no IP packet');
  return header;
};

const v4 = [address('10.1.0.1'), address('10.2.0.1')] as const;
const v6 = [address('2001:db8:1::1'), address('2001:db8:2::1')] as const;
const anyV4 = [range('0.0.0.0', '255.255.255.255')];

const tcp = fromHex('d43100170000000100000000500220000000');

/** Sets octets of an IPv4 header: flags and fragment offset. */
const fragmented = (field: number): Uint8Array => {
  const packet = makePacket(...v4, 6, tcp);
  new DataView(packet.buffer).setUint16(6, field);
  return packet;
};

describe('headers', () => {
  it('IPv4', () => {
    const packet = makePacket(...v4, 6, tcp);
    expect(checksum(packet.subarray(0, 20))).toBe(0);
    expect(read(packet)).toEqual({
      version: 4,
      source: v4[0],
      destination: v4[1],
      protocol: 6,
      sourcePort: 0xd431,
      destinationPort: 23,
      fragment: 'whole',
      upperAt: 20,
      length: 38,
    });
  });

  it('IPv6', () => {
    expect(read(makePacket(...v6, 17, tcp))).toMatchObject({
      version: 6,
      source: v6[0],
      destination: v6[1],
      protocol: 17,
      sourcePort: 0xd431,
      destinationPort: 23,
      upperAt: 40,
      length: 58,
    });
  });

  it('IPv6 behind hop-by-hop, routing and destination options', () => {
    const options = fromHex(`2b00010400000000${'3c02000000000000'.padEnd(48, '0')}0600010400000000`);
    const packet = makePacket(...v6, 0, Uint8Array.of(...options, ...tcp));
    expect(read(packet)).toMatchObject({ protocol: 6, sourcePort: 0xd431, upperAt: 80, fragment: 'whole' });
  });

  it('fragments: the first shows its ports, a later one hides them', () => {
    expect(read(fragmented(0x2000))).toMatchObject({ fragment: 'first', sourcePort: 0xd431 });
    expect(read(fragmented(0x0010))).toMatchObject({ fragment: 'later', sourcePort: 'opaque' });
    const first = makePacket(...v6, 44, Uint8Array.of(...fromHex('0600000100000001'), ...tcp));
    const later = makePacket(...v6, 44, Uint8Array.of(...fromHex('0600001100000001'), ...tcp));
    const atomic = makePacket(...v6, 44, Uint8Array.of(...fromHex('0600000000000001'), ...tcp));
    expect(read(first)).toMatchObject({ fragment: 'first', protocol: 6, sourcePort: 0xd431 });
    expect(read(later)).toMatchObject({ fragment: 'later', protocol: 6, sourcePort: 'opaque' });
    expect(read(atomic)).toMatchObject({ fragment: 'whole', protocol: 6, sourcePort: 0xd431 });
  });

  it('octets after the packet are not of it', () => {
    const packet = makePacket(...v4, 6, tcp);
    expect(read(Uint8Array.of(...packet, 0, 0, 0)).length).toBe(packet.length);
  });

  it('never throw, and never reach past the packet', () => {
    const start = fc.constantFrom(
      makePacket(...v4, 6, tcp),
      makePacket(...v6, 0, fromHex('2b000104000000003c00000000000000')),
      new Uint8Array(),
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 80 }), fc.nat(60), (packet, noise, at) => {
        const octets = packet.slice();
        octets.set(noise.subarray(0, Math.max(0, octets.length - at)), Math.min(at, octets.length));
        for (const given of [octets, noise, octets.subarray(0, at)]) {
          const header = readHeader(given);
          if (header === undefined) continue;
          expect(header.length).toBeLessThanOrEqual(given.length);
          expect(header.upperAt).toBeLessThanOrEqual(header.length);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('selectors', () => {
  const header = read(makePacket(...v4, 6, tcp));

  it.each([
    ['the network of both', [range('10.1.0.0', '10.1.255.255')], [range('10.2.0.0', '10.2.255.255')], true],
    ['the second of two', [range('10.9.0.1'), range('10.1.0.1')], anyV4, true],
    ['another source', [range('10.1.0.2', '10.1.0.9')], anyV4, false],
    ['another destination', anyV4, [range('10.1.0.0', '10.1.255.255')], false],
    ['its protocol', [range('10.1.0.1', '10.1.0.1', 6)], [range('10.2.0.1', '10.2.0.1', 6, 23, 23)], true],
    ['another protocol', [range('10.1.0.1', '10.1.0.1', 17)], anyV4, false],
    ['another port', anyV4, [range('10.2.0.1', '10.2.0.1', 6, 80, 80)], false],
    ['a port without protocol', anyV4, [range('10.2.0.1', '10.2.0.1', 0, 80, 80)], false],
    ['OPAQUE ports', anyV4, [range('10.2.0.1', '10.2.0.1', 6, 65535, 0)], false],
    ['the other IP version', [range('::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')], anyV4, false],
    ['nothing', [], anyV4, false],
  ])('%s', (_, source, destination, expected) => {
    expect(matches(header, source, destination)).toBe(expected);
  });

  it('a later fragment fits any port and OPAQUE, no other', () => {
    const later = read(fragmented(0x0010));
    expect(matches(later, anyV4, [range('10.2.0.1', '10.2.0.1', 6)])).toBe(true);
    expect(matches(later, anyV4, [range('10.2.0.1', '10.2.0.1', 6, 65535, 0)])).toBe(true);
    expect(matches(later, anyV4, [range('10.2.0.1', '10.2.0.1', 6, 23, 23)])).toBe(false);
  });

  it("type and code of ICMP are of the sender's selector", () => {
    const request = read(makePacket(...v4, 1, fromHex('0800000000000000')));
    const echo = [range('10.1.0.1', '10.1.0.1', 1, 0x0800, 0x08ff)];
    const reply = [range('10.2.0.1', '10.2.0.1', 1, 0x0000, 0x00ff)];
    expect(matches(request, echo, reply)).toBe(true);
    expect(matches(request, [range('10.1.0.1', '10.1.0.1', 1, 0, 255)], reply)).toBe(false);
  });
});

describe('transport mode', () => {
  it('carries what follows the IPv4 header and its options', () => {
    const plain = makePacket(...v4, 6, tcp);
    const packet = Uint8Array.of(...plain.subarray(0, 20), 1, 1, 1, 0, ...tcp);
    packet[0] = 0x46;
    packet[3] = packet.length;
    expect(transportPayload(packet, read(packet))).toEqual({ nextHeader: 6, payload: tcp });
  });

  it('carries extension headers of IPv6', () => {
    const upper = Uint8Array.of(...fromHex('0600010400000000'), ...tcp);
    const packet = makePacket(...v6, 60, upper);
    expect(transportPayload(packet, read(packet))).toEqual({ nextHeader: 60, payload: upper });
  });
});
