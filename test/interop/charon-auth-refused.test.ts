/** Certificates that prove nothing: our daemon and charon 5.9.8, each refusing what the other shows, and saying why. */
import { expect } from 'vitest';
import { altNames, dns } from '../pki/issue.ts';
import { byCertificate, type Certified, holderOf, plugins, underOne } from './charon-certificates.ts';
import { type Initiator, ids, type Pair, pair, roles, type Setting } from './charon-pair.ts';
import { type Holder, once, revocationList, root } from './peers/holders.ts';
import { suite } from './peers/needs.ts';
import { ocspResponder, ocspUri } from './peers/ocsp.ts';
import { it } from './peers/staged.ts';

const needs = ['namespaces', 'charon', 'fakexfrm', 'ours'] as const;

/** One end begins; nothing comes of it, both say AUTHENTICATION_FAILED, and nothing is left. */
async function fails(both: Pair, initiator: Initiator): Promise<string> {
  const { ours, charon } = both;
  let told = '';
  if (initiator === 'ours') {
    const done = await ours.up('net');
    told = done.stdout + done.stderr;
    expect(done.code, `${told}${charon.log}`).toBe(1);
  } else {
    const done = await charon.initiate('net');
    expect(done.code, charon.log).not.toBe(0);
  }
  await Promise.all([ours.empty(), charon.empty()]);
  if (initiator === 'ours') expect(told).toContain('AUTHENTICATION_FAILED');
  return told;
}

/** We refuse, for a reason that stands in one line of our log, and at our terminal when we began. */
async function weRefuse(both: Pair, initiator: Initiator, why: RegExp): Promise<void> {
  const told = await fails(both, initiator);
  if (initiator === 'ours') expect(told.split('\n')).toContainEqual(expect.stringMatching(why));
  const lines = both.ours.log.split('\n').filter((line) => line.includes('IKE SA failed'));
  expect(lines, both.ours.log + both.charon.log).toEqual([expect.stringMatching(why)]);
  expect(both.charon.log).toMatch(/(?:received|parsed).*(?:AUTHENTICATION_FAILED|AUTH_FAILED)/);
}

/** Charon refuses, and says why in its log; we hear of it. */
async function charonRefuses(both: Pair, initiator: Initiator, why: RegExp): Promise<void> {
  await fails(both, initiator);
  expect(both.charon.log).toMatch(why);
  const lines = both.ours.log.split('\n').filter((line) => /IKE SA (?:failed|deleted)/.test(line));
  expect(lines, both.ours.log + both.charon.log).toEqual([expect.stringContaining('AUTHENTICATION_FAILED')]);
}

interface Case {
  readonly name: string;
  readonly setting: (authority: Holder) => Setting;
  readonly why: RegExp;
  /** Before either begins. */
  readonly prepare?: (both: Pair, authority: Holder) => ReturnType<typeof ocspResponder>;
}

/** Both under one authority, but for what is said. */
const but =
  (change: (authority: Holder, usual: { ours: Holder; charon: Holder }) => Partial<Certified>) =>
  (authority: Holder): Setting => {
    const usual = { ours: holderOf('ours', authority), charon: holderOf('charon', authority) };
    return byCertificate({
      ours: { holder: usual.ours, trusts: [authority] },
      charon: { holder: usual.charon, trusts: [authority] },
      ...change(authority, usual),
    });
  };

suite('certificates of charon that we refuse', needs, () => {
  const authority = once(() => root());
  const cases: readonly Case[] = [
    {
      name: 'of another authority',
      setting: but((mine, { ours }) => {
        const other = root('other');
        return {
          charon: { holder: holderOf('charon', other), trusts: [mine, other] },
          ours: { holder: ours, trusts: [mine] },
        };
      }),
      why: /@charon\.example is not trusted: no trusted authority: C=CA, O=Interop, CN=other, the issuer of .* is not known$/,
    },
    {
      name: 'of another authority of the same name',
      setting: but((mine) => {
        const other = root();
        return { charon: { holder: holderOf('charon', other), trusts: [mine, other] } };
      }),
      why: /@charon\.example is not trusted: not signed by the key of C=CA, O=Interop, CN=root: .*CN=charon$/,
    },
    {
      name: 'expired',
      setting: but((mine) => ({
        charon: { holder: holderOf('charon', mine, { from: -9, to: -1 }), trusts: [mine] },
      })),
      why: /the certificate of @charon\.example is not trusted: certificate has expired: .*CN=charon$/,
    },
    {
      name: 'not valid yet',
      setting: but((mine) => ({ charon: { holder: holderOf('charon', mine, { from: 1 }), trusts: [mine] } })),
      why: /the certificate of @charon\.example is not trusted: certificate is not valid yet: .*CN=charon$/,
    },
    {
      name: 'revoked by a CRL at hand',
      setting: but((mine, { ours }) => ({
        ours: { holder: ours, trusts: [mine], lists: [revocationList(mine, [17])] },
      })),
      why: /the certificate of @charon\.example is not trusted: certificate is revoked: .*CN=charon$/,
    },
    {
      name: 'revoked by OCSP',
      setting: but((mine) => ({
        charon: {
          holder: holderOf('charon', mine, {
            extensions: [altNames(dns(ids.charon)), ocspUri('192.168.1.2')],
          }),
          trusts: [mine],
        },
        more: { setup: { 'ocsp-enable': 'yes' } },
      })),
      prepare: ({ wire }, mine) => ocspResponder(wire.left, mine, [17]),
      why: /the certificate of @charon\.example is not trusted: certificate is revoked: .*CN=charon$/,
    },
    {
      name: 'without a CRL where one must be',
      setting: but(() => ({ more: { setup: { 'crl-strict': 'yes' } } })),
      why: /the certificate of @charon\.example: whether it is revoked is not known/,
    },
    {
      name: 'for another name',
      setting: but((mine) => ({
        charon: {
          holder: holderOf('charon', mine, { extensions: [altNames(dns('other.example'))] }),
          trusts: [mine],
        },
      })),
      why: /the certificate is not for @charon\.example: neither subject nor alternative name/,
    },
    {
      name: 'which is not the one we know',
      setting: but((mine, { ours }) => ({
        ours: { holder: ours, trusts: [mine], known: [holderOf('charon', mine)] },
        conn: { rightcert: 'known0' },
      })),
      why: /@charon\.example sent another certificate than the one known of it/,
    },
    {
      name: 'whose key is not the one we know',
      setting: but((mine) => ({
        conn: { rightpubkey: `0s${Buffer.from(holderOf('charon', mine).key.spki).toString('base64')}` },
      })),
      why: /AUTH of @charon\.example does not hold with the key known of it/,
    },
    {
      name: 'by an algorithm our policy does not take',
      setting: (mine) => underOne(mine, { kind: 'rsa2048', conn: { authby: 'rsa-sha2' } }),
      why: /AUTH of @charon\.example is by RSASSA-PKCS1-v1_5 with SHA2_256, which our policy does not take/,
    },
  ];
  for (const { name, setting, why, prepare } of cases) {
    for (const initiator of roles) {
      it.concurrent(`${name}, ${initiator} initiates`, async ({ stage }) => {
        const both = await pair(stage, setting(authority()));
        if (prepare) await stage.daemon(prepare(both, authority()));
        await weRefuse(both, initiator, why);
      });
    }
  }
});

suite('certificates of ours that charon refuses', needs, () => {
  const authority = once(() => root());
  const cases: readonly Case[] = [
    {
      name: 'of another authority',
      setting: but((mine) => {
        const other = root('other');
        return { ours: { holder: holderOf('ours', other), trusts: [mine, other] } };
      }),
      why: /no issuer certificate found for "C=CA, O=Interop, CN=ours"/,
    },
    {
      name: 'expired',
      setting: but((mine) => ({
        ours: { holder: holderOf('ours', mine, { from: -9, to: -1 }), trusts: [mine] },
      })),
      why: /subject certificate invalid \(valid from/,
    },
    {
      name: 'revoked by a CRL it has',
      setting: but((mine, { charon }) => ({
        charon: { holder: charon, trusts: [mine], lists: [revocationList(mine, [16])] },
      })),
      why: /certificate was revoked on/,
    },
    {
      name: 'revoked by OCSP',
      setting: but((mine) => ({
        ours: {
          holder: holderOf('ours', mine, { extensions: [altNames(dns(ids.ours)), ocspUri('192.168.1.3')] }),
          trusts: [mine],
        },
        more: { plugins: `${plugins} curl` },
      })),
      prepare: ({ wire }, mine) => ocspResponder(wire.right, mine, [16]),
      why: /certificate was revoked on/,
    },
    {
      name: 'for another name',
      setting: but((mine) => ({
        ours: {
          holder: holderOf('ours', mine, { extensions: [altNames(dns('other.example'))] }),
          trusts: [mine],
        },
      })),
      why: /no trusted .*public key found for 'ours\.example'/,
    },
    {
      name: 'which is not the one it knows',
      setting: but((mine, { charon }) => ({
        charon: { holder: charon, trusts: [mine], known: [holderOf('ours', mine)] },
        remote: { certs: 'known0.pem' },
      })),
      why: /constraint check failed|no trusted .*public key found/,
    },
  ];
  for (const { name, setting, why, prepare } of cases) {
    for (const initiator of roles) {
      it.concurrent(`${name}, ${initiator} initiates`, async ({ stage }) => {
        const both = await pair(stage, setting(authority()));
        if (prepare) await stage.daemon(prepare(both, authority()));
        await charonRefuses(both, initiator, why);
      });
    }
  }
});
