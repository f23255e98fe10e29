/**
 * Rekeys, from either end and from both at once.
 *
 *   initiator                                  responder
 *     | CREATE_CHILD_SA { N(REKEY_SA) SA Ni TSi TSr } -->|
 *     |<-- CREATE_CHILD_SA { SA Nr TSi TSr }             |
 *     | INFORMATIONAL { D } -->                          |
 *     |<-- INFORMATIONAL { D }                           |
 */
import { describe, expect, test } from 'vitest';
import type { MemoryKernel } from '../../src/kernel/memory.ts';
import { type Host, pair } from '../../src/testing/index.ts';

const children = (host: Host) => host.ikeSas.flatMap((sa) => sa.children);
const sas = (host: Host) => (host.kernel as MemoryKernel).sas;

/** Each end's outbound SPIs are the other's inbound ones, and the data planes hold just these. */
function mirrored(a: Host, b: Host): void {
  const inOf = (host: Host) =>
    children(host)
      .map((child) => child.inboundSpi)
      .sort();
  const outOf = (host: Host) =>
    children(host)
      .map((child) => child.outboundSpi)
      .sort();
  expect(inOf(a)).toEqual(outOf(b));
  expect(outOf(a)).toEqual(inOf(b));
  for (const host of [a, b]) expect(sas(host)).toHaveLength(2 * children(host).length);
}

describe('rekey', () => {
  test.each(['initiator', 'responder'] as const)('of the child by the %s', (end) => {
    const p = pair().up();
    const before = children(p.initiator)[0];
    p[end].feed({ type: 'command', command: { kind: 'rekey', name: p.name, what: 'children' } });
    p.network.settle();
    p.network.advance(6000);
    expect(children(p.initiator)).toHaveLength(1);
    expect(children(p.initiator)[0]?.inboundSpi).not.toBe(before?.inboundSpi);
    mirrored(p.initiator, p.responder);
  });

  test.each(['initiator', 'responder'] as const)('of the IKE SA by the %s', (end) => {
    const p = pair().up();
    const before = p.initiator.ikeSas[0];
    p[end].feed({ type: 'command', command: { kind: 'rekey', name: p.name, what: 'ike' } });
    p.network.settle();
    p.network.advance(6000);
    for (const host of [p.initiator, p.responder]) {
      expect(host.ikeSas).toHaveLength(1);
      expect(host.ikeSas[0]?.spiI).not.toBe(before?.spiI);
    }
    mirrored(p.initiator, p.responder);
    p.initiator.feed({ type: 'command', command: { kind: 'down', name: p.name } });
    p.network.settle();
    expect(children(p.responder)).toHaveLength(0);
    expect(sas(p.responder)).toHaveLength(0);
  });

  describe.each(['children', 'ike'] as const)('%s from both ends at once', (what) => {
    test.each(Array.from({ length: 40 }, (_, seed) => seed))('seed %i', (seed) => {
      const p = pair({ seed }).up();
      const { random } = p.network.seeded.fork('loss');
      const lose = p.network.fate(() => (seed > 4 && (random(1)[0] ?? 0) < 60 ? [] : undefined));
      p.initiator.feed({ type: 'command', command: { kind: 'rekey', name: p.name, what } });
      if (seed % 3 === 1) p.network.advance(seed);
      p.responder.feed({ type: 'command', command: { kind: 'rekey', name: p.name, what } });
      p.network.advance(15_000);
      lose();
      p.network.advance(120_000);
      for (const host of [p.initiator, p.responder]) expect(host.ikeSas).toHaveLength(1);
      expect(p.initiator.ikeSas[0]?.spiI).toBe(p.responder.ikeSas[0]?.spiI);
      expect(children(p.initiator)).toHaveLength(1);
      mirrored(p.initiator, p.responder);
    });
  });
});
