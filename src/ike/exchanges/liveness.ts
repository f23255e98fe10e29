/** INFORMATIONAL without a Delete: are you there? What notifies say is told of. RFC 7296 §1.4, §2.4, §3.10. */
import { findAll } from '../../wire/message.ts';
import { ExchangeType, NotifyType, nameOf, ProtocolId } from '../../wire/numbers.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import type { ChildSa } from '../child-sa.ts';
import { type Exchange, start, type Want } from '../exchange.ts';
import { isError, isKnown } from '../notify.ts';

/** Notifies of one message told of by name. */
const mostNamed = 8;

type Wanted = readonly Payload[];

export const liveness: Exchange<Wanted, undefined> = {
  name: 'INFORMATIONAL (liveness)',
  type: ExchangeType.INFORMATIONAL,
  phases: ['established', 'replaced', 'deleting'],
  request: { required: [] },
  response: { required: [] },

  initiate: (_sa, want) => ({ payloads: [...want], held: undefined }),

  respond(sa, request, cx) {
    const told = tellings(request);
    if (told) cx.afterwards(() => sa.progress(liveness.name, `the peer tells ${told}`));
    return [];
  },

  conclude: () => undefined,
};

/**
 * What the notifies of one message say, in one line however many there are. A status nobody knows is ignored, an error is
 * told of, known or not (§3.10.1).
 */
function tellings(request: readonly Payload[]): string | undefined {
  const types = findAll(request, 'notify')
    .map(({ type }) => type)
    .filter((type) => isError(type) || isKnown(type));
  const names = [...new Set(types)].map((type) => nameOf(NotifyType, type));
  if (names.length === 0) return undefined;
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} others` : '';
  return `${names.slice(0, mostNamed).join(', ')}${more}`;
}

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
