/** Traffic selectors as plain values, for events. */
import { formatAddress } from '../wire/address.ts';
import type { TrafficSelector } from '../wire/payloads/ts.ts';
import type { PlainSelector } from './actions.ts';

/** Those of address ranges. */
export const plainSelectors = (selectors: readonly TrafficSelector[]): PlainSelector[] =>
  selectors.flatMap((each) => {
    if (each.kind !== 'range') return [];
    const { start, end, protocol, startPort, endPort } = each;
    return { start: formatAddress(start), end: formatAddress(end), protocol, startPort, endPort };
  });
