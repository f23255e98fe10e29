/** Our daemon and pluto 4.10, each proving itself by a certificate. */
import { expect } from 'vitest';
import { altNames, dns } from '../pki/issue.ts';
import { certify, root } from './peers/holders.ts';
import type { Keywords } from './peers/ipsec-conf.ts';
import { suite } from './peers/needs.ts';
import { it } from './peers/staged.ts';
import { Exchange, Kind, messages } from './peers/traffic.ts';
import { byCertificate, type Certified, holderOf, ids } from './pluto-certificates.ts';
import { establish, pair, roles, takeDown } from './pluto-pair.ts';

const ca = root('ca', { kind: 'rsa2048' });
const ours = holderOf('ours', ca);
const pluto = holderOf('pluto', ca);
const both: Certified = { ours: { holder: ours, trusts: [ca] }, pluto: { holder: pluto, trusts: [ca] } };

const ends = (kind: 'rsa3072' | 'p256' | 'p384'): Certified => ({
  ours: { holder: holderOf('ours', ca, { kind }), trusts: [ca] },
  pluto: { holder: holderOf('pluto', ca, { kind }), trusts: [ca] },
});

/** What pluto says of our signature. */
const signatures: readonly [name: string, certified: Certified, authby: string, said: string][] = [
  ['RSA-2048, rsasig', both, 'rsasig', "'2048-bit RSASSA-PSS with SHA2_512'"],
  ['RSA-2048, rsa-sha2', both, 'rsa-sha2', "'2048-bit RSASSA-PSS with SHA2_512'"],
  ['RSA-2048, rsa-sha2_256', both, 'rsa-sha2_256', "'2048-bit RSASSA-PSS with SHA2_256'"],
  ['RSA-2048, rsa-sha1', both, 'rsa-sha1', "'2048-bit PKCS#1 1.5 RSA with SHA1'"],
  ['RSA-3072', ends('rsa3072'), 'rsasig', "'3072-bit RSASSA-PSS with SHA2_512'"],
  ['ECDSA P-256', ends('p256'), 'ecdsa', "'P-256 ECDSA with SHA2_256'"],
  ['ECDSA P-384', ends('p384'), 'ecdsa', "'P-384 ECDSA with SHA2_384'"],
];

suite('signatures with pluto', ['namespaces', 'pluto', 'fakexfrm', 'ours'], () => {
  for (const initiator of roles)
    for (const [name, certified, authby, said] of signatures)
      it.concurrent(`${name}, ${initiator} initiates`, async ({ stage }) => {
        const live = await pair(stage, await byCertificate({ ...certified, conn: { authby } }));
        await establish(live, initiator);
        expect(live.pluto.log).toContain(said);
        await takeDown(live, initiator);
      });
});

const byDn = 'C=CA, O=Interop, CN=';

const identities: readonly [name: string, conn: Keywords, own?: Partial<Certified>][] = [
  ['textual distinguished names', { leftid: `"${byDn}ours"`, rightid: `"${byDn}pluto"` }],
  [
    'distinguished names with a wildcard',
    {},
    {
      oursConn: { leftid: `"${byDn}ours"`, rightid: `"${byDn}*"` },
      plutoConn: { leftid: `"${byDn}*"`, rightid: `"${byDn}pluto"` },
    },
  ],
  ['FQDN', { leftid: `@${ids.ours}`, rightid: `@${ids.pluto}` }],
];

suite('identities of certificates with pluto', ['namespaces', 'pluto', 'fakexfrm', 'ours'], () => {
  for (const initiator of roles)
    for (const [name, conn, own] of identities)
      it.concurrent(`${name}; ${initiator} initiates`, async ({ stage }) => {
        const live = await pair(stage, await byCertificate({ ...both, ...own, conn }));
        await establish(live, initiator);
        const { localId, remoteId } = await live.ours.established();
        const isDn = name !== 'FQDN';
        expect(localId).toBe(isDn ? `${byDn}ours` : `@${ids.ours}`);
        expect(remoteId).toBe(isDn ? `${byDn}pluto` : `@${ids.pluto}`);
        await takeDown(live, initiator);
      });
});

const between = certify({
  subject: `${byDn}between`,
  kind: 'rsa2048',
  issuer: ca,
  authority: true,
  serial: 3,
});
const below = { ours: holderOf('ours', between), pluto: holderOf('pluto', between) };

const chains: readonly [name: string, Certified][] = [
  [
    'each end has what stands between',
    {
      ours: { holder: below.ours, others: [between], trusts: [ca] },
      pluto: { holder: below.pluto, others: [between], trusts: [ca] },
    },
  ],
  [
    'we send ours',
    {
      ours: { holder: below.ours, others: [between], trusts: [ca] },
      pluto: { holder: pluto, trusts: [ca] },
      oursConn: { sendca: 'issuer' },
    },
  ],
  [
    'pluto sends its own',
    {
      ours: { holder: ours, trusts: [ca] },
      pluto: { holder: below.pluto, others: [between], trusts: [ca] },
      plutoConn: { sendca: 'issuer' },
    },
  ],
];

const many = altNames(...Array.from({ length: 130 }, (_, i) => dns(`name-${i}.of.many.example.net`)));
const large: Certified = {
  ours: { holder: holderOf('ours', ca, { extensions: [many] }), trusts: [ca] },
  pluto: { holder: holderOf('pluto', ca, { extensions: [many] }), trusts: [ca] },
  conn: { fragmentation: 'yes' },
};

suite(
  'chains and large certificates with pluto',
  ['namespaces', 'pluto', 'fakexfrm', 'tshark', 'ours'],
  () => {
    for (const initiator of roles) {
      for (const [name, certified] of chains)
        it.concurrent(`an authority between: ${name}; ${initiator} initiates`, async ({ stage }) => {
          const live = await pair(stage, await byCertificate(certified));
          await establish(live, initiator);
          await takeDown(live, initiator);
        });

      it.concurrent(`certificates of 4 kB, in fragments; ${initiator} initiates`, async ({ stage }) => {
        expect(large.ours.holder?.certificate.der.length).toBeGreaterThan(4000);
        const live = await pair(stage, await byCertificate(large));
        await establish(live, initiator);
        const seen = messages(await live.ours.packets());
        for (const response of [false, true]) {
          const auth = seen.filter((one) => one.exchange === Exchange.IKE_AUTH && one.response === response);
          expect(auth.length).toBeGreaterThan(2);
          expect(auth.every(({ payloads }) => payloads.includes(Kind.fragment))).toBe(true);
        }
        await takeDown(live, initiator);
      });
    }
  },
);
