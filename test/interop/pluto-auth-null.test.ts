/** NULL authentication with pluto 4.10: of both ends, of one, and beside a signature. RFC 7619. */
import { expect } from 'vitest';
import { root } from './peers/holders.ts';
import type { Keywords } from './peers/ipsec-conf.ts';
import { link } from './peers/namespaces.ts';
import { suite } from './peers/needs.ts';
import { nssOf } from './peers/nss.ts';
import { Ours } from './peers/ours.ts';
import { Pluto } from './peers/pluto.ts';
import { must } from './peers/process.ts';
import { it } from './peers/staged.ts';
import { messages, withNotify } from './peers/traffic.ts';
import { byCertificate, holderOf } from './pluto-certificates.ts';
import { establish, pair, roles, takeDown } from './pluto-pair.ts';

const ca = root('ca', { kind: 'rsa2048' });
const ours = { holder: holderOf('ours', ca), trusts: [ca] };
const pluto = { holder: holderOf('pluto', ca), trusts: [ca] };
const nobody = { trusts: [ca] };

const onlyNull: Keywords = { authby: 'null', leftid: '%null', rightid: '%null' };

/** Libreswan's notify with a NULL AUTH beside a signature. */
const NULL_AUTH = 40_960;

suite('NULL with pluto', ['namespaces', 'pluto', 'fakexfrm', 'tshark', 'ours'], () => {
  for (const initiator of roles) {
    it.concurrent(`both ends; ${initiator} initiates`, async ({ stage }) => {
      const both = await pair(stage, { conn: onlyNull });
      await establish(both, initiator);
      expect(await both.ours.established()).toMatchObject({ localId: '%null', remoteId: '%null' });
      await takeDown(both, initiator);
    });

    it.concurrent(`we are nobody, pluto has a certificate; ${initiator} initiates`, async ({ stage }) => {
      const conn = { authby: '', leftauth: 'null', leftid: '%null', rightauth: 'rsasig' };
      const both = await pair(stage, await byCertificate({ ours: nobody, pluto, conn }));
      await establish(both, initiator);
      expect((await both.ours.established()).remoteId).toBe('C=CA, O=Interop, CN=pluto');
      await takeDown(both, initiator);
    });

    it.concurrent(`we have a certificate, pluto is nobody; ${initiator} initiates`, async ({ stage }) => {
      const conn = { authby: '', leftauth: 'rsasig', rightauth: 'null', rightid: '%null' };
      const both = await pair(stage, await byCertificate({ ours, pluto: nobody, conn }));
      await establish(both, initiator);
      expect((await both.ours.established()).remoteId).toBe('%null');
      await takeDown(both, initiator);
    });

    // Pluto that takes nothing else announces no hashes: of our signatures only the old one is left.
    it.concurrent(`beside a signature, for a responder that takes nothing else; ${initiator} initiates`, async ({
      stage,
    }) => {
      const either: Keywords =
        initiator === 'ours'
          ? { authby: 'rsa-sha1,null', leftid: '%null', leftsendcert: 'never', rightid: '%null' }
          : { authby: 'rsasig,null' };
      const both = await pair(
        stage,
        await byCertificate({
          ours,
          pluto,
          oursConn: initiator === 'ours' ? either : { ...onlyNull, leftcert: '' },
          plutoConn: initiator === 'pluto' ? either : { ...onlyNull, rightcert: '' },
        }),
      );
      await establish(both, initiator);
      // tshark reads nothing behind an identity without octets.
      if (initiator === 'ours') expect(both.pluto.log).toMatch(/IKE_AUTH request: SK\{.*AUTH,N\(NULL_AUTH\)/);
      else expect(withNotify(messages(await both.ours.packets()), NULL_AUTH)).toBeGreaterThan(0);
      await takeDown(both, initiator);
    });

    it.concurrent(`nobody is not taken for who has a certificate; ${initiator} initiates`, async ({
      stage,
    }) => {
      const both = await pair(
        stage,
        await byCertificate({
          ours,
          pluto: nobody,
          plutoConn: onlyNull,
        }),
      );
      const done = initiator === 'ours' ? await both.ours.up('net') : await both.pluto.up('net');
      expect(done.code).not.toBe(0);
      await both.ours.says(
        initiator === 'ours'
          ? 'nothing that our key can make, our policy allows and the peer announced to verify'
          : "AUTHENTICATION_FAILED: no connection for the peer's identity %null",
      );
      await both.ours.empty();
    });
  }

  it.concurrent('when pluto can verify no signature of ours, we are nobody', async ({ stage }) => {
    const plutoConn = { ...onlyNull, rightcert: '' };
    const both = await pair(
      stage,
      await byCertificate({ ours, pluto, oursConn: { authby: 'rsasig,null' }, plutoConn }),
    );
    await establish(both, 'ours');
    expect((await both.ours.established()).localId).toBe('%null');
    await takeDown(both, 'pluto');
  });
});

/** Of the opportunistic HOWTO: clients that are nobody, servers with certificates. */
const howto = `conn private-or-clear
        rightid=%fromcert
        rightrsasigkey=%cert
        rightauth=rsasig
        right=%opportunisticgroup
        rightmodecfgclient=yes
        rightcat=yes
        rightca=%any
        left=%defaultroute
        leftid=%null
        leftauth=null
        leftmodecfgclient=yes
        leftcat=yes
        narrowing=yes
        type=tunnel
        ikev2=insist
        negotiationshunt=drop
        failureshunt=passthrough
        keyingtries=1
        retransmit-timeout=3s
        auto=ondemand
`;

suite('the opportunistic HOWTO with pluto', ['namespaces', 'pluto', 'fakexfrm', 'ours'], () => {
  it.concurrent('private-or-clear, for one peer by hand', async ({ stage }) => {
    const wire = await stage.keep(await link(), (one) => one.close());
    const { left, right } = wire;
    await must(['ip', '-n', left.namespace, 'route', 'add', 'default', 'via', right.address]);
    const server = `conn server
        left=${right.address}
        leftid=%fromcert
        leftcert=pluto
        leftauth=rsasig
        right=%any
        rightid=%null
        rightauth=null
        narrowing=yes
        type=tunnel
        ikev2=insist
        auto=add
`;
    const peer = await stage.daemon(
      Pluto.start({ side: right, config: server, conns: ['server'], secrets: '', nss: await nssOf(pluto) }),
    );
    const client = await stage.daemon(
      Ours.start({
        side: left,
        config: howto,
        secrets: '',
        kernel: 'memory',
        store: { 'cacerts/ca.pem': ca.pem },
      }),
    );
    const done = await client.up('private-or-clear', 30_000, right.address);
    expect(done.code, `${done.stdout}${done.stderr}${client.log}${peer.log}`).toBe(0);
    const sa = await client.established();
    expect(sa).toMatchObject({ localId: '%null', remoteId: 'C=CA, O=Interop, CN=pluto' });
    expect(sa.children[0]).toMatchObject({ mode: 'tunnel' });
    await peer.established();
    expect((await client.down('private-or-clear')).code).toBe(0);
    await Promise.all([client.empty(), peer.empty()]);
  });
});
