/** Peers that die, hosts that restart, and both ends that begin at once, with pluto and with charon. */
import { afterEach, expect, it } from 'vitest';
import * as charons from './charon-pair.ts';
import { suite } from './peers/needs.ts';
import { Stage } from './peers/stage.ts';
import { messages, Notice, withNotify } from './peers/traffic.ts';
import * as plutos from './pluto-pair.ts';

const stage = new Stage();
afterEach(() => stage.end());

const impatient = { dpddelay: '1s', 'retransmit-interval': '200ms', 'retransmit-timeout': '1s' };

suite('outages with charon', ['namespaces', 'charon', 'tun', 'tshark', 'ours'], () => {
  it('dpdaction=restart: charon dies, and the connection comes back when charon does', async () => {
    const both = await charons.pair(stage, { conn: { ...impatient, dpdaction: 'restart' } });
    await charons.establish(both, 'ours');
    const before = await charons.agreed(both);
    await both.charon.kill();
    await both.ours.says('TIMEOUT', 10_000);
    const charon = await both.again.charon();
    const sa = await charons.agreed({ ...both, charon }, 1, 30_000);
    expect(sa.spiI).not.toBe(before.spiI);
    await charons.pings({ ...both, charon });
  });

  it('dpdaction=clear: charon dies, and nothing is left nor tried', async () => {
    const both = await charons.pair(stage, { conn: { ...impatient, dpdaction: 'clear' } });
    await charons.establish(both, 'ours');
    await both.charon.kill();
    await both.ours.empty(10_000);
    expect(both.ours.log).not.toContain('next attempt');
  });

  it('after our restart INITIAL_CONTACT takes the old IKE SA away', async () => {
    const both = await charons.pair(stage);
    await charons.establish(both, 'ours');
    const before = await charons.agreed(both);
    await both.ours.kill();
    const ours = await both.again.ours();
    const again = { ...both, ours };
    await charons.establish(again, 'ours');
    expect((await charons.agreed(again)).spiI).not.toBe(before.spiI);
    expect(withNotify(messages(await ours.packets()), Notice.INITIAL_CONTACT)).toBe(1);
    await charons.pings(again);
  });

  it('both ends start at once: one IKE SA is left', async () => {
    const both = await charons.pair(stage, {
      conn: { auto: 'start' },
      connection: { unique: 'replace' },
    });
    void both.charon.initiate('net');
    await both.ours.established(15_000);
    await charons.agreed(both, 1, 20_000);
    await charons.pings(both);
  });
});

suite('outages with pluto', ['namespaces', 'pluto', 'fakexfrm', 'ours'], () => {
  it('dpdaction=restart: pluto dies, and the connection comes back when pluto does', async () => {
    const both = await plutos.pair(stage, { oursConn: { ...impatient, dpdaction: 'restart' } });
    await plutos.establish(both, 'ours');
    const before = await plutos.agreed(both);
    await both.pluto.kill();
    await both.ours.says('TIMEOUT', 10_000);
    const pluto = await both.again.pluto();
    expect((await plutos.agreed({ ...both, pluto }, 1, 30_000)).spiI).not.toBe(before.spiI);
  });

  it('after our restart INITIAL_CONTACT takes the old IKE SA away', async () => {
    const both = await plutos.pair(stage, { plutoSetup: { uniqueids: 'yes' } });
    await plutos.establish(both, 'ours');
    const before = await plutos.agreed(both);
    await both.ours.kill();
    const again = { ...both, ours: await both.again.ours() };
    await plutos.establish(again, 'ours');
    expect((await plutos.agreed(again)).spiI).not.toBe(before.spiI);
  });

  it('both ends start at once with uniqueids: one IKE SA is left', async () => {
    const both = await plutos.pair(stage, {
      oursConn: { auto: 'start' },
      plutoSetup: { uniqueids: 'yes' },
    });
    void both.pluto.up('net');
    await both.ours.established(15_000);
    await plutos.agreed(both, 1, 20_000);
  });
});
