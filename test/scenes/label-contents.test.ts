/** Whatever octets a peer puts into a label: no bug, nothing but printable ASCII is told, and the IKE SA stays. RFC 9478. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LabelRefusals } from '../../src/daemon/label-refusals.ts';
import { eventText } from '../../src/daemon/lines.ts';
import { labelFault, labelFrom } from '../../src/policy/label.ts';
import { access, app1, changing, labelledPair, ranges, spdLabel } from './labels.ts';

const nasty = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  fc.uint8Array({ minLength: 4090, maxLength: 4100, size: 'max' }),
  fc.constant(new Uint8Array(9_000).fill(0x41)),
  fc.string({ unit: 'binary', maxLength: 60 }).map((text) => new TextEncoder().encode(text)),
  fc
    .constantFrom('\x1b[2J\x1b]0;owned\x07', 'a\r\nERROR forged', `${app1}\0${spdLabel}`, '\u202e\u2066')
    .map((text) => labelFrom(text)),
  fc.constantFrom(labelFrom(app1), labelFrom(spdLabel), new Uint8Array(0), Uint8Array.of(0)),
);

describe('label contents', () => {
  it.each(['simple', 'selinux'] as const)('%s', (mode) => {
    fc.assert(
      fc.property(
        fc.array(nasty, { maxLength: 4 }),
        fc.array(nasty, { maxLength: 4 }),
        fc.boolean(),
        (tsi, tsr, same) => {
          const both = labelledPair({ ...(mode === 'selinux' && { labels: access }) });
          const labels = { tsi, tsr: same ? tsi : tsr };
          changing(both, 'request', (all, kind) => [
            ...ranges(all),
            ...labels[kind].map((label) => ({ kind: 'label' as const, label })),
          ]);
          both.initiator.up(both.name);
          both.network.settle();
          const { responder } = both;
          expect(responder.told('bug')).toEqual([]);
          expect(responder.established).toHaveLength(1);
          for (const { label } of responder.memory.sas)
            expect(label && labelFault(label, mode)).toBeUndefined();
          const refusals = new LabelRefusals(() => 0);
          for (const event of responder.events) {
            refusals.event(event);
            expect(eventText(event, 'private') ?? '').toMatch(/^[\x20-\x7e\u2019]*$/);
          }
          expect(JSON.stringify(refusals.of(both.name) ?? '')).toMatch(/^[\x20-\x7e]*$/);
        },
      ),
      { numRuns: 25 },
    );
  });
});
