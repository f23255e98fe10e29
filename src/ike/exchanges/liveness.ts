/** INFORMATIONAL without a Delete: are you there? Notifies are told of, unknown ones too. RFC 7296 §1.4, §2.4, §3.10. */
import { ExchangeType, NotifyType, nameOf, ProtocolId } from '../../wire/numbers.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import type { ChildSa } from '../child-sa.ts';
import { type Exchange, start, type Want } from '../exchange.ts';

type Wanted = readonly Payload[];

export const liveness: Exchange<Wanted, undefined> = {
  name: 'INFORMATIONAL (liveness)',
  type: ExchangeType.INFORMATIONAL,
  phases: ['established', 'replaced', 'deleting'],
  request: { required: [] },
  response: { required: [] },

  initiate: (_sa, want) => ({ payloads: [...want], held: undefined }),

  respond(sa, request, cx) {
    for (const payload of request) {
      if (payload.kind !== 'notify') continue;
      const text = `the peer tells ${nameOf(NotifyType, payload.type)}`;
      cx.afterwards(() => sa.progress(liveness.name, text));
    }
    return [];
  },

  conclude: () => undefined,
};

export const checkLiveness: Want = { key: 'liveness', begin: (sa, cx) => start(liveness, sa, [], cx) };

/** Tells the peer that a packet did not fit the child it came on; one such message waits its turn at a time. §3.10.1. */
export function tellSelectors({ inboundSpi: spi }: ChildSa, packet: Uint8Array): Want {
  const notify: Payload = {
    kind: 'notify',
    protocol: ProtocolId.ESP,
    spi: Uint8Array.of(spi >>> 24, spi >>> 16, spi >>> 8, spi),
    type: NotifyType.INVALID_SELECTORS,
    data: packet,
  };
  return { key: 'invalid selectors', begin: (sa, cx) => start(liveness, sa, [notify], cx) };
}
