/** Ends of labelled connections, and messages whose labels are changed on their way. */
import { type LabelAccess, labelFrom } from '../../src/policy/label.ts';
import { on, type Pair, type PairOptions, pair, tampered } from '../../src/testing/index.ts';
import { labelTable } from '../../src/testing/label-table.ts';
import { ExchangeType } from '../../src/wire/numbers.ts';
import type { TrafficSelector } from '../../src/wire/payloads/ts.ts';

export const spdLabel = 'system_u:object_r:ipsec_spd_t:s0';
export const app1 = 'system_u:system_r:app1_t:s0';
export const app2 = 'system_u:system_r:app2_t:s0';
export const nospd = 'system_u:system_r:nospd_t:s0';

/** As the lab's policy has it. */
export const access: LabelAccess = labelTable({ [spdLabel]: [app1, app2] });

export const octets = (text: string): Uint8Array => new TextEncoder().encode(text);

export const label = (text: string | Uint8Array): TrafficSelector => ({
  kind: 'label',
  label: typeof text === 'string' ? labelFrom(text) : text,
});

export const withLabel = (text: string) => ({ child: { label: labelFrom(text) } });

/** Both ends with the same label, or `initiator` and `responder` with others. */
export const labelledPair = (options: PairOptions = {}, text = spdLabel): Pair =>
  pair({ ...withLabel(text), ...options });

type Change = (selectors: readonly TrafficSelector[], kind: 'tsi' | 'tsr') => readonly TrafficSelector[];

/** TSi and TSr of the requests, or of the responses, are others when they arrive. */
export function changing(
  both: Pair,
  direction: 'request' | 'response',
  change: Change,
  exchange: number = ExchangeType.IKE_AUTH,
): Pair {
  both.network.fate(
    on(
      { exchange, response: direction === 'response' },
      tampered(both.network.keys, ({ payloads }) =>
        payloads.map((each) =>
          each.kind === 'tsi' || each.kind === 'tsr'
            ? { ...each, selectors: change(each.selectors, each.kind) }
            : each,
        ),
      ),
    ),
  );
  return both;
}

export const ranges = (selectors: readonly TrafficSelector[]): TrafficSelector[] =>
  selectors.filter(({ kind }) => kind === 'range');
