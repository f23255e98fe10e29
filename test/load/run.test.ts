/** Loads on a responder of ours in this process, over loopback. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { nodeCrypto, nodePrivateKey } from '../../src/crypto/index.ts';
import { measure, type Result } from '../../src/load/measure.ts';
import type { LoadPlan } from '../../src/load/plan.ts';
import { OwnLoad } from '../../src/load/run.ts';
import { certified } from '../../src/testing/certified.ts';
import { type LiveResponder, type ResponderOptions, respond } from '../../src/testing/live.ts';
import { planFor } from './plan.ts';

const responders: LiveResponder[] = [];
afterEach(async () => {
  for (const each of responders.splice(0)) await each.close();
});

async function loaded(
  plan: Partial<LoadPlan>,
  options: ResponderOptions = {},
): Promise<{ result: Result; responder: LiveResponder }> {
  const responder = await respond({
    crypto: nodeCrypto,
    subnet: '0.0.0.0/0',
    peerSubnet: '0.0.0.0/0',
    ...options,
  });
  responders.push(responder);
  const target = { address: responder.address, port: responder.natPort };
  const whole = planFor({ target, ...plan });
  const load = await OwnLoad.open(whole);
  try {
    return { result: await measure(whole, load, undefined), responder };
  } finally {
    await load.end();
  }
}

describe('a load of handshakes', () => {
  it('counts those that came to a good end, and deletes them', async () => {
    const { result, responder } = await loaded({});
    expect(result).toMatchObject({ begun: 12, done: 12, failed: 0, trouble: {}, retransmits: 0 });
    expect(result.latency.count).toBe(12);
    expect(result.latency.p50).toBeGreaterThan(0);
    expect(responder.host.told('childEstablished')).toHaveLength(14);
    await responder.network.until(() => responder.host.idle);
    expect(responder.host.idle).toBe(true);
  });

  it('counts datagrams and octets: two exchanges, and the Delete', async () => {
    const { result } = await loaded({});
    expect(result.out.datagrams).toBe(12 * 3);
    expect(result.in.datagrams).toBe(12 * 3);
    expect(result.out.octets).toBeGreaterThan(12 * 400);
  });

  it('comes with an identity for each SA, and holds them to the end', async () => {
    const { responder } = await loaded({ keep: true, leave: true });
    expect(responder.host.established).toHaveLength(14);
    const names = responder.host.told('ikeEstablished').map(({ remoteId }) => remoteId);
    expect(new Set(names).size).toBe(14);
  });

  it('deletes in the end what it held', async () => {
    const { result, responder } = await loaded({ keep: true });
    await responder.network.until(() => responder.host.idle);
    expect(result.out.datagrams).toBe(12 * 2);
    expect(responder.host.idle).toBe(true);
  });

  it('makes more children, or none', async () => {
    const three = await loaded({ children: 3, keep: true, leave: true });
    expect(three.result.done).toBe(12);
    expect(three.responder.host.children).toHaveLength(14 * 3);
    const none = await loaded({ children: 0, keep: true, leave: true });
    expect(none.result.done).toBe(12);
    expect(none.responder.host.children).toHaveLength(0);
  });

  it.each(['children', 'ike'] as const)('rekeys each once: %s', async (rekey) => {
    const { result, responder } = await loaded({ rekey });
    expect(result).toMatchObject({ done: 12, trouble: {} });
    expect(result.rekeyLatency?.count).toBe(12);
    const told = rekey === 'ike' ? 'ikeRekeyed' : 'childEstablished';
    expect(responder.host.told(told).length).toBe(rekey === 'ike' ? 14 : 28);
  });

  it('gives each SA an address of its own', async () => {
    const { responder } = await loaded({ subnet: '10.7.0.0/24+n', keep: true, leave: true });
    const remotes = responder.host.children.map(({ remote }) => String(remote));
    expect(new Set(remotes).size).toBe(14);
  });

  it('comes from several addresses', async () => {
    const { responder } = await loaded({ sources: ['127.0.0.1', '127.0.0.3'] });
    const from = responder.host.told('ikeEstablished').map(({ remote }) => remote);
    expect(new Set(from).size).toBe(2);
  });

  it('goes on in an open loop', async () => {
    const { result } = await loaded({ pace: { kind: 'open', rate: 100 } });
    expect(result).toMatchObject({ done: 12, failed: 0 });
    expect(result.seconds).toBeGreaterThan(0.1);
  });

  it('proves itself by certificate', async () => {
    const pem = (name: string): string => readFileSync(`vectors/certificates/${name}.pem`, 'latin1');
    const files = [pem('deep'), pem('deep.key')];
    const { auth, pki, privateKeys } = certified({
      pem: files,
      authorities: [pem('middle')],
      rsa: { privateKey: nodePrivateKey, crypto: nodeCrypto },
    });
    const credentials = { kind: 'certificate', pem: files, authorities: [pem('middle')] } as const;
    const { result, responder } = await loaded(
      { credentials, identity: '@deep.test', suite: 'aes128gcm16-prfsha256-x25519' },
      { auth, pki, privateKeys, identity: '@deep.test', peerIdentity: '%any', entry: { unique: false } },
    );
    expect(result).toMatchObject({ done: 12, failed: 0 });
    const proofs = responder.host
      .told('ikeEstablished')
      .map(({ proofs: { local, remote } }) => [local, remote]);
    expect(proofs[0]).toEqual(['signature', 'signature']);
  });
});

describe('failures', () => {
  it('are counted by their reasons', async () => {
    const credentials = { kind: 'psk', secret: new TextEncoder().encode('another') } as const;
    const { result } = await loaded({ credentials });
    expect(result.done).toBe(0);
    expect(result.failures).toEqual({ 'PEER_REFUSED AUTHENTICATION_FAILED': 12 });
  });

  it('of the child alone fail the handshake, and the IKE SA is deleted', async () => {
    const { result, responder } = await loaded({ suite: 'aes128gcm16-prfsha256-x25519/aes256gcm16' });
    expect(result.failures).toEqual({ 'child: PEER_REFUSED NO_PROPOSAL_CHOSEN': 12 });
    await responder.network.until(() => responder.host.idle);
    expect(responder.host.idle).toBe(true);
  });

  it('are time-outs where nobody is', async () => {
    const plan = planFor({
      target: { address: '127.0.0.1', port: 9 },
      timeout: 300,
      limit: { kind: 'count', count: 2 },
      warmUp: { kind: 'count', count: 0 },
    });
    const load = await OwnLoad.open(plan);
    const result = await measure(plan, load, undefined);
    await load.end();
    expect(result.failures).toEqual({ TIMEOUT: 2 });
    expect(result.trouble.ECONNREFUSED).toBeGreaterThan(0);
  });

  it('name the address that is not ours', async () => {
    const plan = planFor({ sources: ['192.0.2.77'] });
    await expect(OwnLoad.open(plan)).rejects.toThrow(/192\.0\.2\.77.*EADDRNOTAVAIL/);
  });
});

describe('IKE_SA_INIT alone', () => {
  it('leaves half-open SAs', async () => {
    const { result, responder } = await loaded({ mode: 'half-open' });
    expect(result).toMatchObject({ done: 12, failed: 0, retransmits: 0 });
    expect(responder.host.ikeSas).toHaveLength(14);
    expect(responder.host.established).toHaveLength(0);
  });

  it('is answered with a COOKIE, and nothing is kept', async () => {
    const { result, responder } = await loaded({ mode: 'cookie' }, { cookieThreshold: 0 });
    expect(result).toMatchObject({ done: 12, failed: 0 });
    expect(responder.host.ikeSas).toHaveLength(0);
  });

  it('says what came instead', async () => {
    const { result } = await loaded({ mode: 'cookie' });
    expect(result.failures).toEqual({ 'answered KE': 12 });
    const other = await loaded({ mode: 'half-open', suite: 'aes256gcm16-prfsha384-ecp384/aes128gcm16' });
    expect(other.result.failures).toEqual({ 'answered NO_PROPOSAL_CHOSEN': 12 });
  });
});
