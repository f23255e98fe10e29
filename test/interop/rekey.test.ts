/** Rekeys with charon and with pluto: CREATE_CHILD_SA in both roles. */
import { expect } from 'vitest';
import {
  agreed,
  anotherChild,
  anotherIkeSa,
  type BothEnds,
  createChild,
  establish,
  rekey,
  takeDown,
} from './both-ends.ts';
import * as charons from './charon-pair.ts';
import { type Need, suite } from './peers/needs.ts';
import type { Ours } from './peers/ours.ts';
import type { Stage } from './peers/stage.ts';
import { it } from './peers/staged.ts';
import { Kind, Notice, withNotify } from './peers/traffic.ts';
import * as plutos from './pluto-pair.ts';

interface Bench {
  readonly name: 'charon' | 'pluto';
  readonly needs: readonly Need[];
  readonly pair: (stage: Stage, pfs: 'yes' | 'no') => Promise<Tunnel>;
}

interface Tunnel extends BothEnds<Ours> {
  /** Traffic goes through, where the peer has a data plane. */
  readonly carries: () => Promise<void>;
}

const benches: readonly Bench[] = [
  {
    name: 'charon',
    needs: ['charon', 'tun'],
    async pair(stage, pfs) {
      const charonEsp = pfs === 'yes' ? 'aes128gcm16-x25519' : 'aes128gcm16';
      const both = await charons.pair(stage, { charonEsp, conn: { pfs } });
      return { ...both, carries: () => charons.pings(both) };
    },
  },
  {
    name: 'pluto',
    needs: ['pluto', 'fakexfrm'],
    async pair(stage, pfs) {
      return { ...(await plutos.pair(stage, { conn: { pfs } })), carries: async () => {} };
    },
  },
];

for (const { name, needs, pair } of benches) {
  suite(`rekeys with ${name}`, ['namespaces', 'tshark', 'ours', ...needs], () => {
    for (const who of ['ours', name]) {
      const other = who === 'ours' ? name : 'ours';

      for (const pfs of ['no', 'yes'] as const) {
        it.concurrent(`${who} rekeys the child, pfs=${pfs}, twice`, async ({ stage }) => {
          const both = await pair(stage, pfs);
          await establish(both, 'ours');
          const spis: (number | undefined)[] = [];
          for (const again of [false, true, true]) {
            if (again) await rekey(both, who, 'child');
            await anotherChild(both, ...spis);
            spis.push((await agreed(both)).children[0]?.inboundSpi);
            await both.carries();
          }
          const seen = await createChild(both);
          expect(withNotify(seen, Notice.REKEY_SA)).toBe(2);
          for (const { payloads } of seen) expect(payloads.includes(Kind.ke)).toBe(pfs === 'yes');
          await takeDown(both, other);
        });
      }

      it.concurrent(`${who} rekeys the IKE SA, then the other end does, then the child`, async ({
        stage,
      }) => {
        const both = await pair(stage, 'no');
        await establish(both, 'ours');
        const spis = [(await agreed(both)).spiI];
        for (const next of [who, other]) {
          await rekey(both, next, 'ike');
          await anotherIkeSa(both, ...spis);
          const sa = await agreed(both);
          spis.push(sa.spiI);
          expect(sa.role).toBe(next === 'ours' ? 'initiator' : 'responder');
          await both.carries();
        }
        const [child] = (await agreed(both)).children;
        await rekey(both, who, 'child');
        await anotherChild(both, child?.inboundSpi);
        await agreed(both);
        await both.carries();
        await takeDown(both, other);
      });
    }
  });
}

suite('groups of rekeys with charon', ['namespaces', 'charon', 'tun', 'tshark', 'ours'], () => {
  for (const who of charons.roles) {
    it.concurrent(`INVALID_KE_PAYLOAD in CREATE_CHILD_SA, ${who} rekeys`, async ({ stage }) => {
      const [many, one] = ['aes128gcm16-ecp256-x25519', 'aes128gcm16-x25519'];
      const both = await charons.pair(stage, {
        esp: who === 'ours' ? many : one,
        charonEsp: who === 'ours' ? one : many,
        conn: { pfs: 'yes' },
      });
      await establish(both, 'ours');
      const first = (await agreed(both)).children[0]?.inboundSpi;
      await rekey(both, who, 'child');
      await anotherChild(both, first);
      await agreed(both);
      expect(withNotify(await createChild(both), Notice.INVALID_KE_PAYLOAD)).toBe(1);
      await charons.pings(both);
    });
  }
});
