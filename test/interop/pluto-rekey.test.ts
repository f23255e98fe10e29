/** Rekeys and further children with Libreswan's pluto 4.10: CREATE_CHILD_SA in both roles. */
import { afterEach, expect, it } from 'vitest';
import { suite } from './peers/needs.ts';
import { Stage } from './peers/stage.ts';
import { Exchange, Kind, messages, Notice, withNotify } from './peers/traffic.ts';
import { agreed, establish, type Initiator, type Pair, pair, roles, takeDown } from './pluto-pair.ts';

const stage = new Stage();
afterEach(() => stage.end());

async function rekey(both: Pair, who: Initiator, what: 'child' | 'ike'): Promise<void> {
  if (who === 'pluto') return both.pluto.rekey('net', what);
  const done = await both.ours.rekey('net', what);
  expect(done.code, `${done.stdout}${done.stderr}\n${both.ours.log}\n${both.pluto.log}`).toBe(0);
}

const createChild = async ({ ours }: Pair) =>
  messages(await ours.packets()).filter(({ exchange }) => exchange === Exchange.CREATE_CHILD_SA);

const anotherChild = ({ ours }: Pair, spi: number | undefined) =>
  ours.when('another child', (sas) =>
    sas.some(({ children }) => children.length === 1 && children[0]?.inboundSpi !== spi) ? true : undefined,
  );

suite('rekeys with pluto', ['namespaces', 'pluto', 'fakexfrm', 'tshark', 'ours'], () => {
  for (const who of roles) {
    const other = who === 'ours' ? 'pluto' : 'ours';

    for (const pfs of ['no', 'yes']) {
      it(`${who} rekeys the child, pfs=${pfs}, twice`, async () => {
        const both = await pair(stage, { conn: { pfs } });
        await establish(both, 'ours');
        for (let i = 0; i < 2; i++) {
          const { children } = await agreed(both);
          await rekey(both, who, 'child');
          await anotherChild(both, children[0]?.inboundSpi);
        }
        await agreed(both);
        const seen = await createChild(both);
        expect(withNotify(seen, Notice.REKEY_SA)).toBe(2);
        for (const { payloads } of seen) expect(payloads.includes(Kind.ke)).toBe(pfs === 'yes');
        await takeDown(both, other);
      });
    }

    it(`${who} rekeys the IKE SA, then the other end does, then the child`, async () => {
      const both = await pair(stage);
      await establish(both, 'ours');
      const spis = [(await agreed(both)).spiI];
      for (const next of [who, other] as const) {
        await rekey(both, next, 'ike');
        await both.ours.when('another IKE SA', (sas) =>
          sas.some(({ spiI, phase }) => phase === 'established' && !spis.includes(spiI)) ? true : undefined,
        );
        const sa = await agreed(both);
        spis.push(sa.spiI);
        expect(sa.role).toBe(next === 'ours' ? 'initiator' : 'responder');
      }
      const [child] = (await agreed(both)).children;
      await rekey(both, who, 'child');
      await anotherChild(both, child?.inboundSpi);
      await agreed(both);
      await takeDown(both, other);
    });
  }

  // The other way round pluto 4.10 compares TSi with the address it sees (no §2.23.1): TS_UNACCEPTABLE.
  it('transport mode from behind a NAT, pluto initiates', async () => {
    const both = await pair(stage, {
      behindNat: 'pluto',
      conn: { type: 'transport', leftsubnet: '', rightsubnet: '' },
    });
    await establish(both, 'pluto');
    const [child] = (await agreed(both)).children;
    expect(child).toMatchObject({ mode: 'transport', encapsulated: true });
    await takeDown(both, 'ours');
  });
});
