/** A plan of a few handshakes. */
import type { LoadPlan } from '../../src/load/plan.ts';

export const secret = new TextEncoder().encode('somesharedkey');

export const planFor = (more: Partial<LoadPlan>): LoadPlan => ({
  target: { address: '127.0.0.1', port: 4500 },
  mode: 'handshake',
  suite: 'aes128gcm16-prfsha256-x25519',
  pace: { kind: 'closed', concurrency: 4 },
  limit: { kind: 'count', count: 12 },
  warmUp: { kind: 'count', count: 2 },
  credentials: { kind: 'psk', secret },
  identity: '@load-{n}.example',
  peerIdentity: '%any',
  subnet: '0.0.0.0/0',
  peerSubnet: '0.0.0.0/0',
  children: 1,
  keep: false,
  leave: false,
  sources: ['127.0.0.1'],
  timeout: 10_000,
  numbers: { first: 0, step: 1 },
  ...more,
});
