/** Certificates that are not taken, by us or by pluto 4.10: AUTHENTICATION_FAILED, nothing left at either, and a line of ours that says why. */
import { expect } from 'vitest';
import { altNames, dns } from '../pki/issue.ts';
import { type Belongings, certify, revocationList, root } from './peers/holders.ts';
import { suite } from './peers/needs.ts';
import { ocspResponder, ocspUri } from './peers/ocsp.ts';
import { it } from './peers/staged.ts';
import { byCertificate, type Certified, holderOf, ids } from './pluto-certificates.ts';
import { establish, pair, roles } from './pluto-pair.ts';

const ca = root('ca', { kind: 'rsa2048' });
const other = root('other', { kind: 'rsa2048' });
const ours = holderOf('ours', ca);
const pluto = holderOf('pluto', ca);
const both: Certified = { ours: { holder: ours, trusts: [ca] }, pluto: { holder: pluto, trusts: [ca] } };
const ofPluto = 'the certificate of C=CA, O=Interop, CN=pluto';
const past = { from: -20, to: -10 };

const between = certify({
  subject: 'C=CA, O=Interop, CN=between',
  kind: 'rsa2048',
  issuer: ca,
  authority: true,
  ...past,
});

interface Refusal {
  readonly name: string;
  readonly certified: Certified;
  /** Serial numbers an OCSP responder beside the verifier says to be revoked. */
  readonly ocsp?: readonly number[];
  /** The line of whoever verifies; where another says it when pluto initiates, that too. */
  readonly says: string;
  readonly toPluto?: string;
}

const names = (who: 'ours' | 'pluto') => altNames(dns(ids[who]));
const online = (who: 'ours' | 'pluto'): Belongings => ({
  holder: holderOf(who, ca, { extensions: [names(who), ocspUri('127.0.0.1')] }),
  trusts: [ca],
});
const strictCrl = { 'crl-strict': 'yes' };
const strictOcsp = { 'ocsp-enable': 'yes', 'ocsp-strict': 'yes' };

/** We verify. */
const byUs: readonly Refusal[] = [
  {
    name: 'of another authority',
    certified: { ...both, pluto: { holder: holderOf('pluto', other), trusts: [ca] } },
    says: `${ofPluto} is not trusted: no trusted authority: C=CA, O=Interop, CN=other`,
  },
  {
    // Pluto itself would not load a certificate of its own that has expired.
    name: 'of an authority that has expired',
    certified: {
      ...both,
      pluto: { holder: holderOf('pluto', between), others: [between], trusts: [ca] },
      plutoConn: { sendca: 'issuer' },
    },
    says: `${ofPluto} is not trusted: certificate has expired: C=CA, O=Interop, CN=between`,
  },
  {
    name: 'revoked by a CRL',
    certified: { ...both, ours: { ...both.ours, lists: [revocationList(ca, [17])] }, oursSetup: strictCrl },
    says: `${ofPluto} is not trusted: certificate is revoked`,
  },
  {
    name: 'without a CRL, which must be',
    certified: { ...both, oursSetup: strictCrl },
    says: `${ofPluto}: whether it is revoked is not known, and must be`,
  },
  {
    name: 'revoked by OCSP',
    certified: { ...both, pluto: online('pluto'), oursSetup: strictOcsp },
    ocsp: [17],
    says: `${ofPluto} is not trusted: certificate is revoked`,
  },
  {
    name: 'with an OCSP responder that does not answer, and must',
    certified: { ...both, pluto: online('pluto'), oursSetup: strictOcsp },
    says: `${ofPluto}: whether it is revoked is not known, and must be`,
  },
  {
    name: 'of another than wanted',
    certified: { ...both, oursConn: { rightid: '@another.example' } },
    says: 'the peer is C=CA, O=Interop, CN=pluto, wanted @another.example',
    toPluto: "no connection for the peer's identity C=CA, O=Interop, CN=pluto",
  },
  {
    name: 'without the name that was said',
    certified: {
      ...both,
      pluto: {
        holder: holderOf('pluto', ca, { extensions: [altNames(dns('another.example'))] }),
        trusts: [ca],
      },
      conn: { rightid: '@pluto.example' },
      plutoConn: { 'require-id-on-certificate': 'no' },
    },
    says: 'the certificate is not for @pluto.example: neither subject nor alternative name',
  },
  {
    name: 'other than the one known',
    certified: {
      ...both,
      ours: { ...both.ours, known: [holderOf('pluto', ca, { serial: 18 })] },
      oursConn: { rightcert: 'known0' },
    },
    says: 'C=CA, O=Interop, CN=pluto sent another certificate than the one known of it',
  },
];

/** Pluto verifies. */
const byPluto: readonly Refusal[] = [
  {
    name: 'of another authority',
    certified: { ...both, ours: { holder: holderOf('ours', other), trusts: [ca] } },
    says: "Peer's Certificate issuer is not recognized",
  },
  {
    name: 'expired',
    certified: { ...both, ours: { holder: holderOf('ours', ca, past), trusts: [ca] } },
    says: "Peer's Certificate has expired",
  },
  {
    name: 'revoked by a CRL',
    certified: {
      ...both,
      pluto: { ...both.pluto, lists: [revocationList(ca, [16])] },
      plutoSetup: strictCrl,
    },
    says: "Peer's Certificate has been revoked",
  },
  {
    name: 'revoked by OCSP',
    certified: { ...both, ours: online('ours'), plutoSetup: strictOcsp },
    ocsp: [16],
    says: "Peer's Certificate has been revoked",
  },
  {
    name: 'of another than wanted',
    certified: { ...both, plutoConn: { leftid: '@another.example' } },
    says: "peer certificate subjectAltName extension does not match ID_FQDN 'another.example'",
    toPluto: "no connection for the peer's identity C=CA, O=Interop, CN=pluto asking for @another.example",
  },
];

const needs = ['namespaces', 'pluto', 'fakexfrm', 'ours'] as const;

suite('certificates we refuse of pluto', needs, () => {
  for (const initiator of roles)
    for (const { name, certified, ocsp, says, toPluto } of byUs)
      it.concurrent(`${name}; ${initiator} initiates`, async ({ stage }) => {
        const live = await pair(stage, await byCertificate(certified));
        if (ocsp) await stage.daemon(ocspResponder(live.wire.left, ca, ocsp));
        const done = initiator === 'ours' ? await live.ours.up('net') : await live.pluto.up('net');
        expect(done.code).not.toBe(0);
        await live.ours.says(`AUTHENTICATION_FAILED: ${(initiator === 'pluto' && toPluto) || says}`);
        await Promise.all([live.ours.empty(), live.pluto.empty()]);
      });
});

suite('certificates pluto refuses of us', needs, () => {
  for (const { name, certified, ocsp, says } of byPluto)
    it.concurrent(`${name}; ours initiates`, async ({ stage }) => {
      const live = await pair(stage, await byCertificate(certified));
      if (ocsp) await stage.daemon(ocspResponder(live.wire.right, ca, ocsp));
      const done = await live.ours.up('net');
      expect(done.code).toBe(1);
      expect(done.stderr).toContain(
        'peer answered AUTHENTICATION_FAILED to our identity C=CA, O=Interop, CN=ours and our signature',
      );
      await Promise.all([live.ours.empty(), live.pluto.empty()]);
      expect(live.pluto.log).toContain(says);
    });

  for (const { name, certified, ocsp, says, toPluto } of byPluto)
    it.concurrent(`${name}; pluto initiates`, async ({ stage }) => {
      const setting = await byCertificate({
        ...certified,
        oursConn: { ...certified.oursConn, dpddelay: '1s', 'retransmit-timeout': '2s' },
      });
      const live = await pair(stage, setting);
      if (ocsp) await stage.daemon(ocspResponder(live.wire.right, ca, ocsp));
      const done = await live.pluto.up('net');
      expect(done.code).not.toBe(0);
      await live.pluto.empty();
      if (toPluto === undefined) {
        expect(live.pluto.log).toContain(says);
        // Pluto forgets us without a word, and does not answer any more.
        await live.ours.says('TIMEOUT: INFORMATIONAL (liveness): no answer from');
      } else await live.ours.says(toPluto);
      await live.ours.empty();
    });
});

suite('certificates that are known not to be revoked', needs, () => {
  for (const initiator of roles) {
    it.concurrent(`by CRLs; ${initiator} initiates`, async ({ stage }) => {
      const lists = [revocationList(ca, [99])];
      const strict = { oursSetup: strictCrl, plutoSetup: strictCrl };
      const live = await pair(
        stage,
        await byCertificate({ ours: { ...both.ours, lists }, pluto: { ...both.pluto, lists }, ...strict }),
      );
      await establish(live, initiator);
    });

    it.concurrent(`by OCSP; ${initiator} initiates`, async ({ stage }) => {
      const strict = { oursSetup: strictOcsp, plutoSetup: strictOcsp };
      const live = await pair(
        stage,
        await byCertificate({ ours: online('ours'), pluto: online('pluto'), ...strict }),
      );
      for (const side of [live.wire.left, live.wire.right])
        await stage.daemon(ocspResponder(side, ca, [99], [16, 17]));
      await establish(live, initiator);
    });
  }
});
