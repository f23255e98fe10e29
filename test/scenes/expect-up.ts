/** What two ends that agree look like, and what an end without anything looks like. */
import { expect } from 'vitest';
import type { Host, Pair } from '../../src/testing/index.ts';

/** One IKE SA and its first Child SA at both ends, each the mirror of the other, in the data planes too. */
export function expectUp({ initiator, responder }: Pair): void {
  const [here, there] = [only(initiator.established), only(responder.established)];
  expect([there.spiI, there.spiR]).toEqual([here.spiI, here.spiR]);
  expect([there.localId, there.remoteId]).toEqual([here.remoteId, here.localId]);
  expect(there.suite).toBe(here.suite);
  const [ours, theirs] = [only(initiator.children), only(responder.children)];
  expect([theirs.inboundSpi, theirs.outboundSpi]).toEqual([ours.outboundSpi, ours.inboundSpi]);
  expect([theirs.local, theirs.remote, theirs.mode, theirs.suite]).toEqual([
    ours.remote,
    ours.local,
    ours.mode,
    ours.suite,
  ]);
  expectMirrored(initiator, responder);
}

/** Each SA of one data plane has its other half, with the same keys, in the other. */
export function expectMirrored(a: Host, b: Host): void {
  const keys = (host: Host, direction: 'in' | 'out') =>
    host.memory.sas
      .filter((sa) => sa.direction === direction)
      .map(({ id, encryption, integrity, mode, esn }) => ({ spi: id.spi, encryption, integrity, mode, esn }))
      .sort((one, other) => one.spi - other.spi);
  expect(keys(a, 'in')).toEqual(keys(b, 'out'));
  expect(keys(a, 'out')).toEqual(keys(b, 'in'));
}

/** Nothing is up and, once every timer is through, nothing is held. */
export function expectNothing({ network, initiator, responder }: Pair): void {
  expect(network.run()).toBe(true);
  expect(initiator.leftovers).toEqual([]);
  expect(responder.leftovers).toEqual([]);
}

export function only<T>(list: readonly T[]): T {
  expect(list).toHaveLength(1);
  return list[0] as T;
}
