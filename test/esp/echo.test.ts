import { describe, expect, it } from 'vitest';
import { answerEcho, echoRequest, parseEcho } from '../../src/esp/echo.ts';
import { readHeader } from '../../src/esp/ip.ts';
import { fromHex, toHex } from '../../src/wire/hex.ts';

/** Request and reply as Linux made them: IPv4 from a strongSwan recording, IPv6 captured on `lo`. */
const linux = {
  4: [
    '45000054f2214000400134830a0100010a02000108002285158300017803026b0000000083b5030000000000101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637',
    '45000054811500004001e58f0a0200010a01000100002a85158300017803026b0000000083b5030000000000101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637',
  ],
  6: [
    '600811e800153a40000000000000000000000000000000010000000000000000000000000000000180000a8b4afe0001000102030405060708090a0b0c',
    '6000776100153a4000000000000000000000000000000001000000000000000000000000000000018100098b4afe0001000102030405060708090a0b0c',
  ],
} as const;

const parse = (packet: Uint8Array) => {
  const header = readHeader(packet);
  return header && parseEcho(packet, header);
};

const message = (packet: Uint8Array): string => toHex(packet.subarray(readHeader(packet)?.upperAt));

describe.each([4, 6] as const)('IPv%d echo', (version) => {
  const [request, reply] = linux[version].map((hex) => fromHex(hex));
  if (request === undefined || reply === undefined) throw new Error('no packets');
  const asked = parse(request);
  if (asked === undefined) throw new Error('no echo');

  it("is read with Linux's checksums", () => {
    expect(asked.kind).toBe('request');
    expect(parse(reply)?.kind).toBe('reply');
  });

  it('is made as Linux makes it', () => {
    expect(message(echoRequest(asked))).toBe(message(request));
    expect(parse(echoRequest(asked))).toEqual(asked);
  });

  it('is answered as Linux does', () => {
    const answer = answerEcho(asked);
    if (answer === undefined) throw new Error('no answer');
    expect(message(answer)).toBe(message(reply));
    expect(readHeader(answer)).toMatchObject({ source: asked.destination, destination: asked.source });
  });

  it('with a bit wrong is none', () => {
    const at = readHeader(request)?.upperAt ?? 0;
    for (let i = at; i < request.length; i++) {
      expect(parse(request.with(i, (request[i] ?? 0) ^ 4))).toBeUndefined();
    }
  });

  it('to or from a group is not answered', () => {
    const group = Uint8Array.from(asked.source, (_, i) => (i === 0 ? (version === 4 ? 224 : 0xff) : 1));
    expect(answerEcho({ ...asked, destination: group })).toBeUndefined();
    expect(answerEcho({ ...asked, source: group })).toBeUndefined();
  });
});

it('a fragment is no echo', () => {
  const packet = fromHex(linux[4][0]);
  packet[6] = 0x20;
  expect(parse(packet)).toBeUndefined();
});
