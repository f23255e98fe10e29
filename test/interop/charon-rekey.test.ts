/** Rekeys and further children with strongSwan's charon 5.9.8: CREATE_CHILD_SA in both roles, proven by pings. */
import { afterEach, expect, it } from 'vitest';
import { agreed, establish, type Initiator, nets, type Pair, pair, pings, roles } from './charon-pair.ts';
import { suite } from './peers/needs.ts';
import { Stage } from './peers/stage.ts';
import { Exchange, Kind, messages, Notice, withNotify } from './peers/traffic.ts';

const stage = new Stage();
afterEach(() => stage.end());

async function rekey(both: Pair, who: Initiator, what: 'child' | 'ike'): Promise<void> {
  if (who === 'ours') {
    const done = await both.ours.rekey('net', what);
    expect(done.code, `${done.stdout}${done.stderr}\n${both.ours.log}\n${both.charon.log}`).toBe(0);
  } else await both.charon.rekey(what === 'child' ? { child: 'net' } : { ike: 'psk' });
}

const createChild = async ({ ours }: Pair) =>
  messages(await ours.packets()).filter(({ exchange }) => exchange === Exchange.CREATE_CHILD_SA);

suite('rekeys with charon', ['namespaces', 'charon', 'tun', 'tshark', 'ours'], () => {
  for (const who of roles) {
    for (const pfs of [false, true]) {
      it(`${who} rekeys the child, ${pfs ? 'with' : 'without'} PFS, twice`, async () => {
        const charonEsp = pfs ? 'aes128gcm16-x25519' : 'aes128gcm16';
        const both = await pair(stage, { charonEsp, conn: { pfs: pfs ? 'yes' : 'no' } });
        await establish(both, 'ours');
        const spis = new Set<number | undefined>();
        for (let i = 0; i < 3; i++) {
          if (i > 0) await rekey(both, who, 'child');
          await both.ours.when('another child', (sas) =>
            sas.some(({ children }) => children.length === 1 && !spis.has(children[0]?.inboundSpi))
              ? true
              : undefined,
          );
          spis.add((await agreed(both)).children[0]?.inboundSpi);
          await pings(both);
        }
        expect(spis.size).toBe(3);
        const seen = await createChild(both);
        expect(seen).toHaveLength(4);
        expect(withNotify(seen, Notice.REKEY_SA)).toBe(2);
        for (const { payloads } of seen) expect(payloads.includes(Kind.ke)).toBe(pfs);
      });
    }

    it(`${who} rekeys the IKE SA, then the other end does, then the child`, async () => {
      const both = await pair(stage);
      await establish(both, 'ours');
      const spis = [(await agreed(both)).spiI];
      for (const next of [who, who === 'ours' ? 'charon' : 'ours'] as const) {
        await rekey(both, next, 'ike');
        await both.ours.when('another IKE SA', (sas) =>
          sas.some(({ spiI, phase }) => phase === 'established' && !spis.includes(spiI)) ? true : undefined,
        );
        const sa = await agreed(both);
        spis.push(sa.spiI);
        expect(sa.role).toBe(next === 'ours' ? 'initiator' : 'responder');
        await pings(both);
      }
      await rekey(both, who, 'child');
      await agreed(both);
      await pings(both);
    });

    it(`INVALID_KE_PAYLOAD in CREATE_CHILD_SA, ${who} rekeys`, async () => {
      const [many, one] = ['aes128gcm16-ecp256-x25519', 'aes128gcm16-x25519'];
      const both = await pair(stage, {
        esp: who === 'ours' ? many : one,
        charonEsp: who === 'ours' ? one : many,
        conn: { pfs: 'yes' },
      });
      await establish(both, 'ours');
      const first = (await agreed(both)).children[0]?.inboundSpi;
      await rekey(both, who, 'child');
      await both.ours.when('another child', (sas) =>
        sas.some(({ children }) => children.length === 1 && children[0]?.inboundSpi !== first)
          ? true
          : undefined,
      );
      await agreed(both);
      expect(withNotify(await createChild(both), Notice.INVALID_KE_PAYLOAD)).toBe(1);
      await pings(both);
    });
  }
});

suite('several children with charon', ['namespaces', 'charon', 'tun', 'ours'], () => {
  const second = { local_ts: `${nets.charon}/32`, remote_ts: '10.1.0.3/32', esp_proposals: 'aes128gcm16' };
  const conn = { leftsubnet: '', leftsubnets: '10.1.0.1/32,10.1.0.3/32' };

  it('come up together; each end deletes one, and `up` brings back what is missing', async () => {
    const both = await pair(stage, { conn, children: { other: second } });
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
      expect((await both.ours.rekey('net', what)).code).toBe(0);
      await agreed(both, 2);
    }
    await pings(both);
  });

  it('`up` names the one that is refused, and the other stays', async () => {
    const both = await pair(stage, { conn });
    const done = await both.ours.up('net');
    expect(done.code).toBe(1);
    expect(done.stderr).toMatch(/1 of 2 children are missing: child "net\S*": PEER_REFUSED.*TS_UNACCEPTABLE/);
    await agreed(both, 1);
  });
});
