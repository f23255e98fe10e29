/** EAP-TLS with pluto 4.10 as the authenticator: it has no other method, and no peer. */
import { expect } from 'vitest';
import { root } from './peers/holders.ts';
import type { Keywords } from './peers/ipsec-conf.ts';
import { suite } from './peers/needs.ts';
import { it } from './peers/staged.ts';
import { byCertificate, holderOf } from './pluto-certificates.ts';
import { establish, pair, takeDown } from './pluto-pair.ts';

const ca = root('ca', { kind: 'rsa2048' });
const other = root('other', { kind: 'rsa2048' });
const ours = { holder: holderOf('ours', ca), trusts: [ca] };
const pluto = { holder: holderOf('pluto', ca), trusts: [ca] };

const eap: Keywords = { authby: '', leftauth: 'eaponly', leftautheap: 'tls' };

suite('EAP-TLS with pluto', ['namespaces', 'pluto', 'fakexfrm', 'ours'], () => {
  it.concurrent('pluto proves itself by a signature too', async ({ stage }) => {
    const conn = { ...eap, rightauth: 'rsasig', rightautheap: 'tls' };
    const both = await pair(stage, await byCertificate({ ours, pluto, conn }));
    await establish(both, 'ours');
    await takeDown(both, 'ours');
  });

  it.concurrent('EAP alone (RFC 5998)', async ({ stage }) => {
    const conn = { ...eap, rightauth: 'eaponly', rightautheap: 'tls' };
    const both = await pair(stage, await byCertificate({ ours, pluto, conn }));
    await establish(both, 'ours');
    await takeDown(both, 'pluto');
  });

  it.concurrent('pluto has a certificate of another authority', async ({ stage }) => {
    const conn = { ...eap, rightauth: 'eaponly', rightautheap: 'tls' };
    const stranger = { holder: holderOf('pluto', other), trusts: [ca, other] };
    const both = await pair(stage, await byCertificate({ ours, pluto: stranger, conn }));
    const done = await both.ours.up('net');
    expect(done.code).toBe(1);
    expect(done.stderr).toContain("EAP: the peer's certificate: SELF_SIGNED_CERT_IN_CHAIN");
    await both.ours.empty();
  });

  it.concurrent('we have a certificate of another authority', async ({ stage }) => {
    const conn = { ...eap, rightauth: 'eaponly', rightautheap: 'tls' };
    const both = await pair(
      stage,
      await byCertificate({ ours: { holder: holderOf('ours', other), trusts: [ca] }, pluto, conn }),
    );
    const done = await both.ours.up('net');
    expect(done.code).toBe(1);
    // Without an alert of TLS: pluto does not say why.
    expect(done.stderr).toContain('EAP: the authenticator has nothing to say in EAP-TLS');
    await both.ours.empty();
  });
});
