/** A script against a live peer, when one of its rules cannot act: nothing wrong arrives, and nothing is left there. */
import { afterEach, describe, expect, it } from 'vitest';
import { runFaults } from '../../src/testing/fault-run.ts';
import { connection, FaultError } from '../../src/testing/index.ts';
import { type LiveResponder, respond } from '../../src/testing/live.ts';

const open: LiveResponder[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

/** A rule that reads well and cannot act: the second ESP transform is no cipher. */
const cannot = (on: object) => ({
  name: 'x',
  on,
  do: { action: 'set', payload: 'SA', field: 'proposals.0.transforms.1.id', to: 'AES_CBC' },
});

async function faulted(...rules: readonly object[]) {
  const peer = await respond();
  open.push(peer);
  const options = { name: 'net', address: '127.0.0.2', peer: { address: peer.address } };
  const policy = connection({ ...options, peerPort: peer.natPort });
  const [entry] = policy.pad;
  if (entry === undefined) throw new Error('no entry');
  const began = performance.now();
  const error = await runFaults({
    script: { text: JSON.stringify({ rules, for: 20_000 }), name: 'script' },
    policy,
    entry,
    ports: { ike: 0, nat: 0 },
    initiate: true,
  }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(FaultError);
  expect(String(error)).toMatch(/^FaultError: rule \d "x", do\.to: there is no 'AES_CBC'/);
  expect(performance.now() - began).toBeLessThan(10_000);
  return peer;
}

const later = { at: 300, do: { action: 'command', command: 'rekey_child' } };

describe('a rule that cannot act', () => {
  it('on our IKE_AUTH request: the peer never gets it', async () => {
    const { host } = await faulted(cannot({ direction: 'out', exchange: 'IKE_AUTH' }));
    expect(host.told('ikeEstablished')).toEqual([]);
  });

  it('on its IKE_AUTH response: the SA it made is deleted', async () => {
    const { host } = await faulted(cannot({ direction: 'in', exchange: 'IKE_AUTH' }));
    expect(host.told('ikeEstablished')).toHaveLength(1);
    expect(host.told('ikeDeleted').map(({ reason }) => reason.code)).toEqual(['DELETED_BY_PEER']);
    expect(host.established).toEqual([]);
  });

  it('on a request of an SA that is up: its Delete goes in its place', async () => {
    const { host } = await faulted(cannot({ direction: 'out', exchange: 'CREATE_CHILD_SA' }), later);
    expect(host.told('ikeDeleted').map(({ reason }) => reason.code)).toEqual(['DELETED_BY_PEER']);
    expect(host.told('childEstablished')).toHaveLength(1);
  });

  it('on a response it is waiting for: the SA is deleted behind it', async () => {
    const { host } = await faulted(cannot({ direction: 'in', exchange: 'CREATE_CHILD_SA' }), later);
    expect(host.told('ikeDeleted').map(({ reason }) => reason.code)).toEqual(['DELETED_BY_PEER']);
    expect(host.established).toEqual([]);
  });
});
