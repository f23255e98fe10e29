/** The bench itself: the two peers talk to each other, without any code of ours. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Charon, type Section } from './peers/charon.ts';
import { ipsecConf } from './peers/ipsec-conf.ts';
import { type Link, link, linkThroughNat, type Side } from './peers/namespaces.ts';
import { suite } from './peers/needs.ts';
import { Pluto } from './peers/pluto.ts';
import { Stage } from './peers/stage.ts';

const suiteName = 'aes128gcm16-prfsha256-x25519';
const secret = 'correct horse battery staple';

const connection = (own: Side, peer: { address: string }, selectors: Section): Section => ({
  version: 2,
  local_addrs: own.address,
  remote_addrs: peer.address,
  proposals: suiteName,
  local: { auth: 'psk', id: own.address },
  remote: { auth: 'psk' },
  children: { net: { esp_proposals: 'aes128gcm16', ...selectors } },
});

const stage = new Stage();
let wire: Link;
afterEach(() => stage.end());

suite('charon and pluto', ['namespaces', 'charon', 'pluto', 'fakexfrm'], () => {
  let charon: Charon;
  let pluto: Pluto;
  beforeEach(async () => {
    wire = await stage.keep(await link(), (one) => one.close());
    charon = await stage.daemon(
      Charon.start({
        side: wire.left,
        kernel: 'fakexfrm',
        connections: {
          psk: connection(wire.left, wire.right, { local_ts: 'dynamic', remote_ts: 'dynamic' }),
        },
        secrets: { 'ike-1': { secret: `"${secret}"` } },
      }),
    );
    const conn = {
      left: wire.left.address,
      right: wire.right.address,
      ikev2: 'insist',
      authby: 'secret',
      ike: 'aes_gcm128-sha2_256-dh31',
      esp: 'aes_gcm128',
      pfs: 'no',
    };
    pluto = await stage.daemon(
      Pluto.start({
        side: wire.right,
        config: ipsecConf({ conns: { psk: conn } }),
        conns: ['psk'],
        secrets: `: PSK "${secret}"\n`,
      }),
    );
  });

  it('charon initiates', async () => {
    expect((await charon.initiate('net')).code).toBe(0);
    expect((await charon.established()).fields['encr-alg']).toBe('AES_GCM_16');
    expect(await pluto.established()).toHaveLength(2);
    await charon.terminate({ ike: 'psk' });
    await pluto.empty();
    await charon.empty();
  });

  it('pluto initiates', async () => {
    expect((await pluto.up('psk')).code).toBe(0);
    await pluto.established();
    await charon.established();
    await pluto.down('psk');
    await charon.empty();
  });
});

suite('charon and charon, ESP in user space', ['namespaces', 'charon', 'tun'], () => {
  const net1 = '10.1.0.1';
  const net2 = '10.2.0.1';
  const start = async (own: Side, peer: { address: string }, local: string, remote: string) => {
    const selectors = { local_ts: `${local}/32`, remote_ts: `${remote}/32` };
    const charon = await stage.daemon(
      Charon.start({
        side: own,
        kernel: 'libipsec',
        connections: { psk: connection(own, peer, selectors) },
        secrets: { 'ike-1': { secret: `"${secret}"` } },
      }),
    );
    await charon.beside('ip', 'addr', 'add', `${local}/32`, 'dev', 'lo');
    return charon;
  };

  it('a ping goes through the tunnel', async () => {
    wire = await stage.keep(await link(), (one) => one.close());
    const left = await start(wire.left, wire.right, net1, net2);
    const right = await start(wire.right, wire.left, net2, net1);
    expect((await left.initiate('net')).code).toBe(0);
    await right.established();
    const ping = await left.beside('ping', '-c', '2', '-i', '0.2', '-W', '2', '-I', net1, net2);
    expect(ping.stdout).toContain('2 received');
  });

  it('a ping goes through a NAT', async () => {
    wire = await stage.keep(await linkThroughNat(), (one) => one.close());
    const left = await start(wire.left, wire.right, net1, net2);
    const right = await start(wire.right, { address: '%any' }, net2, net1);
    expect((await left.initiate('net')).code).toBe(0);
    const sa = await right.established();
    expect(sa.fields['remote-host']).toBe(wire.leftSeenAs);
    expect(sa.fields['remote-port']).not.toBe('4500');
    const ping = await right.beside('ping', '-c', '2', '-i', '0.2', '-W', '2', '-I', net2, net1);
    expect(ping.stdout).toContain('2 received');
  });
});
