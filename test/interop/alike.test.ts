/** Two conns between the same hosts with the same identities, `net` and `six`, which differ in their networks alone. */
import { expect } from 'vitest';
import { secret } from './both-ends.ts';
import { ipsecConf, type Keywords } from './peers/ipsec-conf.ts';
import { link } from './peers/namespaces.ts';
import { suite } from './peers/needs.ts';
import { Ours } from './peers/ours.ts';
import { childEstablished, ikeEstablished, Pluto } from './peers/pluto.ts';
import type { Stage } from './peers/stage.ts';
import { it } from './peers/staged.ts';
import { roles } from './pluto-pair.ts';

const names = ['net', 'six'] as const;
type Name = (typeof names)[number];

const networks: Record<Name, Keywords> = {
  net: { leftsubnet: '10.1.0.0/16', rightsubnet: '10.2.0.0/16' },
  six: { leftsubnet: 'fd01::/64', rightsubnet: 'fd02::/64' },
};

interface Both {
  readonly ours: Ours;
  readonly pluto: Pluto;
  up(who: string, name: Name): Promise<void>;
}

/** Left is ours; each end has its conns in this order. */
async function both(stage: Stage, order: readonly Name[], setup: Keywords): Promise<Both> {
  const wire = await stage.keep(await link(), (one) => one.close());
  const { left, right } = wire;
  const conn: Keywords = {
    left: left.address,
    leftid: '@ours.example',
    right: right.address,
    rightid: '@pluto.example',
    ikev2: 'insist',
    authby: 'secret',
    ike: 'aes_gcm128-sha2_256-dh31',
    esp: 'aes_gcm128',
    'retransmit-interval': '200ms',
    'retransmit-timeout': '4s',
    auto: 'add',
  };
  const conns = Object.fromEntries(order.map((name) => [name, { ...conn, ...networks[name] }]));
  const config = ipsecConf({ setup, conns });
  const secrets = `: PSK "${secret}"\n`;
  const args = ['--impair', 'revival'];
  const pluto = await stage.daemon(Pluto.start({ side: right, config, conns: order, secrets, args }));
  const ours = await stage.daemon(Ours.start({ side: left, config, secrets, kernel: 'memory' }));
  return {
    ours,
    pluto,
    async up(who, name) {
      const done = who === 'ours' ? await ours.up(name) : await pluto.up(name);
      expect(done.code, `${done.stdout}${done.stderr}\n${ours.log}\n${pluto.log}`).toBe(0);
    },
  };
}

/** Both ends have these children, each of its own conn. */
async function agree({ ours, pluto }: Both, ...wanted: readonly Name[]): Promise<{ ikeSas: number }> {
  const isWanted = (found: readonly (string | undefined)[]) =>
    found.toSorted().join() === [...wanted].sort().join();
  const sas = await ours.when(`children of ${wanted.join()}`, (all) => {
    const up = all.filter(({ phase }) => phase === 'established');
    const children = up.flatMap((sa) => sa.children);
    const isEach = children.every(({ child, connection }) => child === connection);
    return isEach && isWanted(children.map(({ connection }) => connection)) ? up : undefined;
  });
  await pluto.when(`children of ${wanted.join()}`, (states) => {
    const children = states.filter(({ state }) => state === childEstablished);
    return isWanted(children.map(({ conn }) => conn)) ? true : undefined;
  });
  return { ikeSas: sas.length };
}

suite('two conns of the same ends with pluto', ['namespaces', 'pluto', 'fakexfrm', 'ours'], () => {
  for (const initiator of roles) {
    for (const order of [names, names.toReversed()]) {
      for (const uniqueids of ['yes', 'no']) {
        it.concurrent(`${initiator} brings up net, then six; ${order.join(' before ')}, uniqueids=${uniqueids}`, async ({
          stage,
        }) => {
          const pair = await both(stage, order, { uniqueids });
          await pair.up(initiator, 'net');
          await agree(pair, 'net');
          await pair.up(initiator, 'six');
          const { ikeSas } = await agree(pair, 'net', 'six');
          // Pluto asks for the second child on the IKE SA it has.
          expect(ikeSas).toBe(initiator === 'pluto' ? 1 : 2);
          for (const name of names) {
            const done = await pair.ours.rekey(name, 'child');
            expect(done.code, `${done.stdout}${done.stderr}`).toBe(0);
          }
          await agree(pair, 'net', 'six');
          if (initiator === 'pluto') await pair.pluto.down('net');
          else expect((await pair.ours.down('net')).code).toBe(0);
          await agree(pair, 'six');
          expect((await pair.ours.down('six')).code).toBe(0);
          await Promise.all([pair.ours.empty(), pair.pluto.empty()]);
        });
      }
    }
  }

  it.concurrent('each end brings up one', async ({ stage }) => {
    const pair = await both(stage, names, {});
    await pair.up('ours', 'net');
    await pair.up('pluto', 'six');
    await agree(pair, 'net', 'six');
    // It is up already, on whichever IKE SA.
    await pair.up('ours', 'six');
    expect(await agree(pair, 'net', 'six')).toEqual({ ikeSas: 1 });
    const done = await pair.ours.rekey('six', 'ike');
    expect(done.code, `${done.stdout}${done.stderr}`).toBe(0);
    await pair.pluto.when('one IKE SA', (states) =>
      states.filter(({ state }) => state === ikeEstablished).length === 1 ? true : undefined,
    );
    await agree(pair, 'net', 'six');
    for (const name of ['six', 'net']) expect((await pair.ours.down(name)).code).toBe(0);
    await Promise.all([pair.ours.empty(), pair.pluto.empty()]);
  });
});
