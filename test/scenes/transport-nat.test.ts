/**
 *   initiator (10.0.0.1)          NAT (203.0.113.1)          responder (198.51.100.2)
 *   IKE_AUTH 1 { ... TSi=10.0.0.1 TSr=198.51.100.2 N(USE_TRANSPORT_MODE) }  ->
 *                                                            TSi is taken for 203.0.113.1
 *   <-  IKE_AUTH 1 { ... TSi=10.0.0.1 TSr=198.51.100.2 N(USE_TRANSPORT_MODE) }
 *
 * Transport mode through a NAT (RFC 7296 §2.23.1). strongSwan answers with the addresses it sees instead.
 */
import { expect, test } from 'vitest';
import { on, type PairOptions, pair, tampered, VirtualNetwork } from '../../src/testing/index.ts';
import { find } from '../../src/wire/message.ts';
import { ExchangeType } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';
import { only } from './expect-up.ts';

const [inside, outside, far] = ['10.0.0.1', '203.0.113.1', '198.51.100.2'];

function behindNat(network: VirtualNetwork, options: PairOptions = {}) {
  network.nat({
    outside,
    inside: [inside],
    mapping: 'endpoint-independent',
    filtering: 'endpoint-independent',
  });
  return pair({
    ...options,
    network,
    mode: 'transport',
    initiator: { address: inside },
    responder: { address: far, peerAddress: '%any', peerIdentity: inside },
  });
}

test('each end has the addresses it sees', () => {
  const network = new VirtualNetwork();
  const both = behindNat(network).up();
  expect(only(both.initiator.children)).toMatchObject({ local: `${inside}/32`, remote: `${far}/32` });
  expect(only(both.responder.children)).toMatchObject({ local: `${far}/32`, remote: `${outside}/32` });
  const answer = network.flights.at(-1)?.payloads ?? [];
  expect(find(answer, 'tsi')?.selectors).toMatchObject([{ start: Uint8Array.of(10, 0, 0, 1) }]);
});

test('a responder that answers with the addresses it sees is understood', () => {
  const network = new VirtualNetwork();
  const seen = (payload: Payload): Payload =>
    payload.kind === 'tsi'
      ? {
          ...payload,
          selectors: payload.selectors.map((one) => {
            const end = Uint8Array.of(203, 0, 113, 1);
            return one.kind === 'range' ? { ...one, start: end, end } : one;
          }),
        }
      : payload;
  const response = { exchange: ExchangeType.IKE_AUTH, response: true };
  network.fates.push(
    on(
      response,
      tampered(network.keys, ({ payloads }) => payloads.map(seen)),
    ),
  );
  const both = behindNat(network).up();
  expect(only(both.initiator.children)).toMatchObject({ local: `${inside}/32`, remote: `${far}/32` });
});
