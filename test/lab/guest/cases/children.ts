/** Narrowed selectors, several children of one IKE SA, and children that have carried enough. */
import { ok } from 'node:assert/strict';
import type { Keywords } from '../../../interop/peers/ipsec-conf.ts';
import { run } from '../../../interop/peers/process.ts';
import { type Case, fromBothEnds, labCase } from '../case.ts';
import { type Host, other, type Places } from '../namespaces.ts';
import { holding } from '../xfrm.ts';
import { sameInBothKernels } from './fields.ts';

const narrower = ({ subnet }: Places): Keywords => ({
  leftsubnet: subnet.ours.replace('/24', '/28'),
  rightsubnet: subnet.pluto.replace('/24', '/28'),
});

const narrowed = (initiator: Host): Case =>
  labCase(
    `narrowing, ${initiator === 'ours' ? 'we begin' : 'pluto begins'}`,
    { conn: { narrowing: 'yes' }, [other(initiator)]: narrower },
    async (bench) => {
      await bench.up(initiator);
      const { policies } = await holding('ours', bench.places);
      ok(
        policies.length > 0 && policies.every((policy) => /\/28 dst \S+\/28/.test(policy)),
        policies.join('\n'),
      );
      await bench.ping();
      await sameInBothKernels(bench);
      await bench.down(initiator);
    },
  );

/** Halves of both subnets: four children, which look the same from both ends. */
const halves = ({ subnet }: Places): Keywords => {
  const of = (whole: string) => `${whole.replace('.0/24', '.0/25')},${whole.replace('.0/24', '.128/25')}`;
  const [leftsubnets, rightsubnets] = [of(subnet.ours), of(subnet.pluto)];
  return { leftsubnet: '', rightsubnet: '', leftsubnets, rightsubnets };
};

const limit = { 'ipsec-max-bytes': '16384' };

export const children: readonly Case[] = [
  narrowed('ours'),
  narrowed('pluto'),
  ...fromBothEnds('four children of one IKE SA', { conn: halves }, async (bench, initiator) => {
    await bench.up(initiator, 4);
    await bench.ping('ours');
    await bench.ping('pluto');
    await sameInBothKernels(bench);
    await bench.down(initiator);
  }),
  ...(['ours', 'pluto'] as const).map((end) =>
    labCase(
      `soft expiry by octets: ${end === 'ours' ? 'we rekey' : 'pluto rekeys'}`,
      { [end]: limit },
      async (bench) => {
        await bench.up('ours');
        const before = await bench.spis();
        await bench.ping('ours', { count: 14, size: 1000 });
        await bench.isRenewed(before);
        await bench.ping();
        await bench.down('ours');
      },
    ),
  ),
  labCase('hard expiry by octets: the child ends', { ours: { ...limit, rekey: 'no' } }, async (bench) => {
    await bench.up('ours');
    await run(bench.pinging('ours', ['-c', '40', '-i', '0.02', '-s', '1000', '-W', '1']));
    await bench.hasNoSas();
    await bench.down('ours');
  }),
];
