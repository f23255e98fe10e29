/** Our daemon and pluto 4.10, each proving itself by a certificate. */
import { byCertificate, holderOf } from './pluto-certificates.ts';
import { establish, pair, roles, takeDown } from './pluto-pair.ts';
import { root } from './peers/holders.ts';
import { suite } from './peers/needs.ts';
import { it } from './peers/staged.ts';

const needs = ['namespaces', 'pluto', 'fakexfrm', 'ours'] as const;

suite('certificates with pluto', needs, () => {
  const ca = root('ca', { kind: 'rsa2048' });
  const ours = holderOf('ours', ca);
  const pluto = holderOf('pluto', ca);

  for (const initiator of roles) {
    it.concurrent(`RSA-2048, ${initiator} initiates`, async ({ stage }) => {
      const setting = await byCertificate({ ours: { holder: ours, trusts: [ca] }, pluto: { holder: pluto, trusts: [ca] } });
      const both = await pair(stage, setting);
      await establish(both, initiator).finally(()=>console.log(both.pluto.log, both.ours.log));
      await takeDown(both, initiator);
    });
  }
});
