/** What belongs to no SA is answered in clear, seldom and never at length. RFC 7296 §1.5, §2.5, §2.21.4. */
import { describe, expect, test } from 'vitest';
import { type Pair, pair } from '../../src/testing/index.ts';
import { NotifyType, parseMessage } from '../../src/wire/index.ts';

const stranger = { address: '10.0.0.9', port: 500 };

/** Sends octets to the responder as from a stranger; what comes back. */
function answers(p: Pair, octets: Uint8Array, times = 1): Uint8Array[] {
  const before = p.network.flights.length;
  for (let n = 0; n < times; n++)
    p.network.send(stranger, { address: p.responder.address, port: 500 }, octets);
  p.network.settle();
  const sent = p.network.flights.slice(before);
  return sent
    .filter(({ destination }) => destination.address === stranger.address)
    .map(({ octets }) => octets);
}

/** A protected request of an SA that the responder has lost. */
function lost(): { p: Pair; request: Uint8Array } {
  const p = pair().up();
  p.initiator.command({ kind: 'liveness', name: p.name });
  p.network.settle();
  const request = p.network.flights.findLast(({ source }) => source.address === p.initiator.address);
  p.responder.crash();
  return { p, request: request?.octets ?? new Uint8Array(0) };
}

describe('outside an SA', () => {
  test('INVALID_IKE_SPI to a request, with its SPIs, exchange and message ID', () => {
    const { p, request } = lost();
    const [answer, ...more] = answers(p, request);
    expect(more).toEqual([]);
    const { header, payloads } = parseMessage(answer ?? new Uint8Array(0));
    const asked = parseMessage(request).header;
    expect(header).toMatchObject({
      initiatorSpi: asked.initiatorSpi,
      responderSpi: asked.responderSpi,
      exchange: asked.exchange,
      messageId: asked.messageId,
      response: true,
      initiator: false,
    });
    expect(payloads).toMatchObject([{ kind: 'notify', type: NotifyType.INVALID_IKE_SPI }]);
  });

  test('never to a response, and ten times a second at most', () => {
    const { p, request } = lost();
    const response = request.slice();
    response[19] = (response[19] ?? 0) | 0x20;
    expect(answers(p, response)).toEqual([]);
    expect(answers(p, request, 100)).toHaveLength(10);
    p.network.advance(1_000);
    expect(answers(p, request, 100)).toHaveLength(10);
  });

  test('INVALID_MAJOR_VERSION to a higher version only', () => {
    const { p, request } = lost();
    const version = (major: number) => request.with(17, major << 4);
    const [answer] = answers(p, version(3));
    expect(answer?.[17]).toBe(0x20);
    expect(parseMessage(answer ?? new Uint8Array(0)).payloads).toMatchObject([
      { type: NotifyType.INVALID_MAJOR_VERSION },
    ]);
    expect(answers(p, version(1))).toEqual([]);
  });
});
