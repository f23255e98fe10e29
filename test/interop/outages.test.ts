/** Peers that die, hosts that restart, and both ends that begin at once, with pluto and with charon. */
import { expect } from 'vitest';
import * as charons from './charon-pair.ts';
import { inNetwork, type Link } from './peers/namespaces.ts';
import { suite } from './peers/needs.ts';
import type { Ours } from './peers/ours.ts';
import { must } from './peers/process.ts';
import { it } from './peers/staged.ts';
import { messages, Notice, withNotify } from './peers/traffic.ts';
import * as plutos from './pluto-pair.ts';

const impatient = { dpddelay: '1s', 'retransmit-interval': '200ms', 'retransmit-timeout': '1s' };

/** Both ends begin while nothing of ours reaches the peer: what they have begun then goes on side by side. */
async function crossing(
  { ours, wire }: { ours: Ours; wire: Link },
  theirs: () => Promise<unknown>,
): Promise<() => Promise<unknown>> {
  const nft = [...inNetwork(wire.right.namespace), 'nft'];
  await must([...nft, '-f', '-'], {
    input: `table ip shut {
      chain incoming {
        type filter hook input priority 0;
        udp dport { 500, 4500 } drop
      }
    }`,
  });
  const begun = Promise.allSettled([ours.up('net'), theirs()]);
  await ours.when('an SA begun by each end', (sas) =>
    new Set(sas.map(({ role }) => role)).size === 2 ? true : undefined,
  );
  await must([...nft, 'delete', 'table', 'ip', 'shut']);
  return () => begun;
}

suite('outages with charon', ['namespaces', 'nft', 'charon', 'tun', 'tshark', 'ours'], () => {
  it.concurrent('dpdaction=restart: charon dies, and the connection comes back when charon does', async ({
    stage,
  }) => {
    const both = await charons.pair(stage, { conn: { ...impatient, dpdaction: 'restart' } });
    await charons.establish(both, 'ours');
    const before = await charons.agreed(both);
    await both.charon.kill();
    await both.ours.says('TIMEOUT', 10_000);
    const charon = await both.again.charon();
    const sa = await charons.agreed({ ...both, peer: charons.asPeer(charon) }, 1, 30_000);
    expect(sa.spiI).not.toBe(before.spiI);
    await charons.pings({ ...both, charon });
  });

  it.concurrent('dpdaction=clear: charon dies, and nothing is left nor tried', async ({ stage }) => {
    const both = await charons.pair(stage, { conn: { ...impatient, dpdaction: 'clear' } });
    await charons.establish(both, 'ours');
    await both.charon.kill();
    await both.ours.empty(10_000);
    expect(both.ours.log).not.toContain('next attempt');
  });

  it.concurrent('after our restart INITIAL_CONTACT takes the old IKE SA away', async ({ stage }) => {
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

  it.concurrent('both ends start at once: one IKE SA is left', async ({ stage }) => {
    const both = await charons.pair(stage, { connection: { unique: 'replace' } });
    const begun = await crossing(both, () => both.charon.initiate('net'));
    await both.ours.established(15_000);
    await charons.agreed(both, 1, 20_000);
    await begun();
    await charons.agreed(both);
    await charons.pings(both);
  });
});

suite('outages with pluto', ['namespaces', 'nft', 'pluto', 'fakexfrm', 'ours'], () => {
  it.concurrent('dpdaction=restart: pluto dies, and the connection comes back when pluto does', async ({
    stage,
  }) => {
    const both = await plutos.pair(stage, { oursConn: { ...impatient, dpdaction: 'restart' } });
    await plutos.establish(both, 'ours');
    const before = await plutos.agreed(both);
    await both.pluto.kill();
    await both.ours.says('TIMEOUT', 10_000);
    const pluto = await both.again.pluto();
    expect((await plutos.agreed({ ...both, peer: plutos.asPeer(pluto) }, 1, 30_000)).spiI).not.toBe(
      before.spiI,
    );
  });

  it.concurrent('after our restart pluto holds the new child alone', async ({ stage }) => {
    const both = await plutos.pair(stage, { plutoSetup: { uniqueids: 'yes' } });
    await plutos.establish(both, 'ours');
    const [old] = (await plutos.agreed(both)).children;
    await both.ours.kill();
    const ours = await both.again.ours();
    await plutos.establish({ ...both, ours }, 'ours');
    const [child] = (await ours.established()).children;
    // pluto 4.10 keeps the old IKE SA, without a child, until its lifetime ends.
    const held = await both.pluto.when('the old child gone', async () => {
      const spis = await both.pluto.spis();
      return spis.has(old?.inboundSpi ?? 0) ? undefined : spis;
    });
    expect(held).toEqual(new Set([child?.inboundSpi, child?.outboundSpi]));
  });

  it.concurrent('both ends start at once with uniqueids: one IKE SA is left', async ({ stage }) => {
    const both = await plutos.pair(stage, { plutoSetup: { uniqueids: 'yes' } });
    const begun = await crossing(both, () => both.pluto.up('net'));
    await both.ours.established(15_000);
    await plutos.agreed(both, 1, 20_000);
    await begun();
    await plutos.agreed(both);
  });
});
