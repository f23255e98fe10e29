/** Security labels with charon, `label_mode = simple`: both ends' labels are equal, or there is no child. RFC 9478. */
import { expect } from 'vitest';
import { agreed, establish, rekey, takeDown } from './both-ends.ts';
import { pair, pings, roles, type Setting } from './charon-pair.ts';
import { suite } from './peers/needs.ts';
import { it } from './peers/staged.ts';
import { values } from './peers/tshark.ts';

const context = 'system_u:object_r:ipsec_spd_t:s0';
const other = 'other_u:object_r:x_t:s0:c1.c3';

/** `ours` and `charons` labels; an empty one is none. */
const labelled = (ours: string, charons: string): Setting => ({
  conn: { 'policy-label': ours },
  ...(charons !== '' && { child: { label: charons, label_mode: 'simple' } }),
});

suite('labels with charon', ['namespaces', 'charon', 'tun', 'tshark', 'ours'], () => {
  for (const who of roles) {
    it.concurrent(`the same label, ${who} initiates; rekeys keep it`, async ({ stage }) => {
      const both = await pair(stage, labelled(context, context));
      await establish(both, who);
      const sa = await agreed(both);
      expect(sa.children.map(({ label }) => label)).toEqual([context]);
      await pings(both);
      for (const end of roles) {
        await rekey(both, end, 'child');
        await agreed(both);
      }
      await rekey(both, who, 'ike');
      const after = await agreed(both);
      expect(after.children.map(({ label }) => label)).toEqual([context]);
      await pings(both);
      // TS_SECLABEL in TSi and TSr, of requests and of answers.
      const types = (await both.ours.packets()).flatMap((packet) => values(packet, 'isakmp.ts.type'));
      expect(types.filter((type) => type === '10').length).toBeGreaterThanOrEqual(12);
      await takeDown(both, who);
    });

    for (const [what, ours, charons] of [
      ['another label', context, other],
      ['a label here alone', context, ''],
      ['a label at charon alone', '', context],
    ] as const) {
      it.concurrent(`${what}, ${who} initiates: TS_UNACCEPTABLE, and the IKE SA stays`, async ({ stage }) => {
        const both = await pair(stage, { ...labelled(ours, charons), noData: true });
        if (who === 'ours') {
          const done = await both.ours.up('net');
          expect(done.code).toBe(1);
          expect(done.stderr).toContain('TS_UNACCEPTABLE');
        } else {
          await both.peer.up();
          await both.ours.says('label refused', 5_000).catch(() => both.ours.says('TS_UNACCEPTABLE'));
        }
        const sa = await agreed(both, 0);
        expect(sa.children).toEqual([]);
      });
    }
  }

  it.concurrent('two labels of one connection are two children', async ({ stage }) => {
    const both = await pair(stage, {
      conn: { 'policy-label': `"${context} ${other}"` },
      child: { label: context, label_mode: 'simple' },
      children: {
        second: {
          local_ts: '10.2.0.1/32',
          remote_ts: '10.1.0.1/32',
          esp_proposals: 'aes128gcm16',
          label: other,
          label_mode: 'simple',
        },
      },
    });
    await establish(both, 'ours');
    const sa = await agreed(both, 2);
    expect(sa.children.map(({ child, label }) => `${child} ${label}`).sort()).toEqual([
      `net/label1 ${context}`,
      `net/label2 ${other}`,
    ]);
    await both.charon.terminate({ child: 'second' });
    await agreed(both, 1);
    await both.charon.initiate('second');
    expect((await agreed(both, 2)).children.map(({ label }) => label).sort()).toEqual(
      [other, context].sort(),
    );
    await takeDown(both, 'ours');
  });
});
