/** INFORMATIONAL without a Delete: are you there? Unknown notifies are accepted. RFC 7296 §1.4, §2.4. */
import { ExchangeType } from '../../wire/numbers.ts';
import { type Exchange, start, type Want } from '../exchange.ts';

export const liveness: Exchange<undefined, undefined> = {
  name: 'INFORMATIONAL (liveness)',
  type: ExchangeType.INFORMATIONAL,
  phases: ['established', 'replaced', 'deleting'],
  request: { required: [] },
  response: { required: [] },

  initiate: () => ({ payloads: [], held: undefined }),
  respond: () => [],
  conclude: () => undefined,
};

export const checkLiveness: Want = { key: 'liveness', begin: (sa, cx) => start(liveness, sa, undefined, cx) };
