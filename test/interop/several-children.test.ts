/** Several children of one IKE SA with charon and with pluto: made together, deleted one by one, rekeyed. */
import { expect } from 'vitest';
import { agreed, establish, rekey, takeDown } from './both-ends.ts';
import * as charons from './charon-pair.ts';
import { suite } from './peers/needs.ts';
import { it } from './peers/staged.ts';
import * as plutos from './pluto-pair.ts';

const subnets = { leftsubnet: '', leftsubnets: '10.1.0.1/32,10.1.0.3/32' };

suite('several children with charon', ['namespaces', 'charon', 'tun', 'ours'], () => {
  const second = {
    local_ts: `${charons.nets.charon}/32`,
    remote_ts: '10.1.0.3/32',
    esp_proposals: 'aes128gcm16',
  };

  it.concurrent('come up together; each end deletes one, and `up` brings back what is missing', async ({
    stage,
  }) => {
    const both = await charons.pair(stage, { conn: subnets, children: { other: second } });
    await establish(both, 'ours');
    const sa = await agreed(both, 2);
    const names = sa.children.map(({ child }) => child);
    expect(new Set(names).size).toBe(2);

    await both.charon.terminate({ child: 'other' });
    const [kept] = (await agreed(both, 1)).children;
    const up = await both.ours.up('net');
    expect(up.code, `${up.stdout}${up.stderr}`).toBe(0);
    const whole = await agreed(both, 2);
    expect(whole.spiI).toBe(sa.spiI);
    expect(whole.children.map(({ inboundSpi }) => inboundSpi)).toContain(kept?.inboundSpi);

    const down = await both.ours.down('net', kept?.child);
    expect(down.code, `${down.stdout}${down.stderr}`).toBe(0);
    expect((await agreed(both, 1)).children[0]?.child).not.toBe(kept?.child);
    expect((await both.ours.up('net')).code).toBe(0);
    await agreed(both, 2);

    for (const what of ['child', 'ike'] as const) {
      await rekey(both, 'ours', what);
      await agreed(both, 2);
    }
    await charons.pings(both);
  });

  it.concurrent('`up` names the one that is refused, and the other stays', async ({ stage }) => {
    const both = await charons.pair(stage, { conn: subnets });
    const done = await both.ours.up('net');
    expect(done.code).toBe(1);
    expect(done.stderr).toMatch(/1 of 2 children are missing: child "net\S*": PEER_REFUSED.*TS_UNACCEPTABLE/);
    await agreed(both, 1);
  });
});

suite('several children with pluto', ['namespaces', 'pluto', 'fakexfrm', 'ours'], () => {
  // Of one conn with `leftsubnets=` pluto makes several, which share the IKE SA.
  for (const who of plutos.roles) {
    it.concurrent(`both read leftsubnets=, ${who} initiates; each end deletes one`, async ({ stage }) => {
      const both = await plutos.pair(stage, { conn: subnets });
      const { ours, pluto } = both;
      const begun = who === 'ours' ? await ours.up('net') : await pluto.up('net');
      expect(begun.code, `${begun.stdout}${begun.stderr}\n${pluto.log}`).toBe(0);
      const sa = await agreed(both, 2);
      expect(sa.children.map(({ local }) => local).sort()).toEqual(['10.1.0.1/32', '10.1.0.3/32']);

      const gone = (await pluto.states()).find(({ inbound }) => inbound !== undefined);
      await pluto.deleteState(gone?.number ?? 0);
      const [kept] = (await agreed(both, 1)).children;
      expect((await ours.up('net')).code).toBe(0);
      const whole = await agreed(both, 2);
      expect(whole.spiI).toBe(sa.spiI);
      expect(whole.children.map(({ inboundSpi }) => inboundSpi)).toContain(kept?.inboundSpi);

      const down = await ours.down('net', kept?.child);
      expect(down.code, `${down.stdout}${down.stderr}`).toBe(0);
      await agreed(both, 1);
      expect((await ours.up('net')).code).toBe(0);
      await agreed(both, 2);

      for (const what of ['child', 'ike'] as const) {
        await rekey(both, 'ours', what);
        await agreed(both, 2);
      }
      await takeDown(both, 'ours');
    });
  }
});
