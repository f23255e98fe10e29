/** Which children are instances, as pluto makes them: their policies come before those of connections as they are. */
import { expect, it } from 'vitest';
import type { PadEntry, Policy } from '../../src/policy/policy.ts';
import { pair } from '../../src/testing/index.ts';

const range = { start: Uint8Array.of(10, 0, 0, 0), end: Uint8Array.of(10, 0, 0, 255) };

/** `remote` and `narrowing` of every connection. */
const changed = (policy: Policy, remote: Partial<PadEntry['remote']>, narrowing: boolean): Policy => ({
  ...policy,
  pad: policy.pad.map((entry) => ({
    ...entry,
    remote: { ...entry.remote, ...remote },
    children: entry.children.map((child) => ({ ...child, narrowing })),
  })),
});

it.each([
  ['one peer', {}, false, undefined],
  ['a range of peers', { address: undefined, range }, false, true],
  ['any peer', { address: undefined }, false, true],
  ['narrowing=yes', {}, true, true],
] as const)('a child of a connection with %s', (_, remote, narrowing, expected) => {
  const both = pair();
  both.initiator.setPolicy(changed(both.policies.initiator, {}, narrowing));
  both.responder.setPolicy(changed(both.policies.responder, remote, narrowing));
  both.up();
  const instances = () => both.responder.memory.policies.map(({ instance }) => instance);
  expect(instances()).toEqual([expected, expected, expected]);
  expect(both.initiator.memory.policies[0]?.instance).toBe(narrowing || undefined);
  both.initiator.command({ kind: 'rekey', name: 'pair', what: 'children' });
  both.network.run(60_000);
  expect(instances()).toEqual([expected, expected, expected]);
  both.initiator.command({ kind: 'down', name: 'pair' });
  both.network.run(60_000);
  expect(instances()).toEqual([]);
});
