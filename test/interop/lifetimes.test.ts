/** Lifetimes of seconds: rekeys, reauthentication and their collisions come by themselves, with pluto and with charon. */
import { expect } from 'vitest';
import * as charons from './charon-pair.ts';
import { suite } from './peers/needs.ts';
import { until } from './peers/process.ts';
import { it } from './peers/staged.ts';
import * as plutos from './pluto-pair.ts';

/** Rekeys of children and of the IKE SA are 3 s and 7 s apart. */
const short = { ikelifetime: '10s', 'ipsec-lifetime': '6s', rekeymargin: '3s', rekeyfuzz: '0%' };
const none = { ikelifetime: '1h', 'ipsec-lifetime': '1h', rekeymargin: '1m', rekeyfuzz: '0%' };
const charonShort = {
  connection: { rekey_time: '7s', over_time: '3s', rand_time: '0s' },
  child: { rekey_time: '3s', life_time: '6s', rand_time: '0s' },
};

/** Milliseconds that rekeys go on by themselves. */
const long = 20_000;

suite('lifetimes with charon', ['namespaces', 'charon', 'tun', 'ours'], () => {
  for (const [name, conn, theirs] of [
    ['ours', short, {}],
    ["charon's", none, charonShort],
    ['equal at both ends, so that rekeys collide', short, charonShort],
  ] as const) {
    it.concurrent(`of a few seconds, ${name}: traffic goes on, one IKE SA and one child are left`, async ({
      stage,
    }) => {
      const both = await charons.pair(stage, { conn, ...theirs });
      await charons.establish(both, 'ours');
      const { ours, charon } = both;
      const { nets } = charons;
      const count = 90;
      const pinged = await charon.beside(
        ...['ping', '-q', '-c', String(count), '-i', '0.2', '-W', '1', '-I', nets.charon, nets.ours],
      );
      const received = Number(/(\d+) received/.exec(pinged.stdout)?.[1]);
      await charons.agreed(both);
      expect(await ours.count('childEstablished')).toBeGreaterThanOrEqual(5);
      expect(await ours.count('ikeRekeyed')).toBeGreaterThanOrEqual(2);
      expect(await ours.count('ikeEstablished')).toBe(1);
      expect(await ours.count('bug')).toBe(0);
      expect(count - received, `${pinged.stdout}\n${ours.log}\n${charon.log}`).toBeLessThanOrEqual(1);
      expect(ours.log).not.toMatch(/WARN|ERROR/);
    });
  }

  for (const who of charons.roles) {
    it.concurrent(`reauthentication, begun by ${who}`, async ({ stage }) => {
      const both = await charons.pair(stage, {
        conn: {
          ...(who === 'ours' ? { ...short, reauth: 'yes', ikelifetime: '6s', 'ipsec-lifetime': '1h' } : none),
        },
        ...(who === 'charon' && { connection: { reauth_time: '3s', over_time: '3s', rand_time: '0s' } }),
      });
      await charons.establish(both, who);
      const first = await charons.agreed(both);
      await both.ours.when(
        'an IKE SA two reauthentications later',
        async () => ((await both.ours.count('ikeEstablished')) >= 3 ? true : undefined),
        15_000,
      );
      expect((await charons.agreed(both)).spiI).not.toBe(first.spiI);
      expect(await both.ours.count('ikeRekeyed')).toBe(0);
      await charons.pings(both);
    });
  }
});

suite('lifetimes with pluto', ['namespaces', 'pluto', 'fakexfrm', 'ours'], () => {
  for (const [name, oursConn, plutoConn] of [
    ['ours', short, none],
    ["pluto's", none, short],
    ['equal at both ends, so that rekeys collide', short, short],
  ] as const) {
    it.concurrent(`of a few seconds, ${name}: one IKE SA and one child are left`, async ({ stage }) => {
      const both = await plutos.pair(stage, { oursConn, plutoConn });
      await plutos.establish(both, 'ours');
      const { ours } = both;
      await until(
        'rekeys of both kinds',
        async () => {
          const children = await ours.count('childEstablished');
          return children >= 6 && (await ours.count('ikeRekeyed')) >= 2 ? true : undefined;
        },
        long + 10_000,
        () => `${ours.log}\n${both.pluto.log}`,
      );
      await plutos.agreed(both);
      expect(await ours.count('ikeEstablished')).toBe(1);
      expect(await ours.count('bug')).toBe(0);
    });
  }

  for (const who of plutos.roles) {
    it.concurrent(`reauthentication, begun by ${who}`, async ({ stage }) => {
      const reauth = { ...short, reauth: 'yes', ikelifetime: '6s', 'ipsec-lifetime': '1h' };
      const both = await plutos.pair(stage, {
        oursConn: who === 'ours' ? reauth : none,
        plutoConn: who === 'pluto' ? reauth : none,
        // Its new IKE SA comes without the child, which it then brings back as it would after a failure.
        revival: who === 'pluto',
      });
      await plutos.establish(both, who);
      const first = await plutos.agreed(both);
      await both.ours.when(
        'an IKE SA two reauthentications later',
        async () => ((await both.ours.count('ikeEstablished')) >= 3 ? true : undefined),
        15_000,
      );
      expect((await plutos.agreed(both)).spiI).not.toBe(first.spiI);
      expect(await both.ours.count('ikeRekeyed')).toBe(0);
    });
  }
});
