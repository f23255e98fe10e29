/** Our daemon and charon 5.9.8: how certificates get from one to the other, whom they are for, and what comes after. */
import { expect } from 'vitest';
import { altNames, dns, email, ip } from '../pki/issue.ts';
import { rekey } from './both-ends.ts';
import { byCertificate, type Certified, holderOf, plugins, proofs, underOne } from './charon-certificates.ts';
import {
  agreed,
  establish,
  type Initiator,
  ids,
  type Pair,
  pair,
  roles,
  type Setting,
  takeDown,
} from './charon-pair.ts';
import { certify, type Holder, once, revocationList, root } from './peers/holders.ts';
import { suite } from './peers/needs.ts';
import { ocspResponder, ocspUri } from './peers/ocsp.ts';
import { it } from './peers/staged.ts';
import { Exchange, Kind, messages, type SeenMessage } from './peers/traffic.ts';

const needs = ['namespaces', 'charon', 'fakexfrm', 'ours'] as const;
const authority = once(() => root());

const authMessages = async ({ ours }: Pair): Promise<SeenMessage[]> =>
  messages(await ours.packets()).filter(({ exchange }) => exchange === Exchange.IKE_AUTH);

suite('paths with charon', needs, () => {
  const between = once(() =>
    certify({ subject: 'C=CA, O=Interop, CN=between', issuer: authority(), authority: true, serial: 2 }),
  );
  const ends = once(() => ({ ours: holderOf('ours', between()), charon: holderOf('charon', between()) }));
  const paths: readonly {
    name: string;
    setting: () => Setting;
    sent: (initiator: Initiator) => readonly [ours: number, charon: number];
  }[] = [
    {
      name: 'the authority between is sent',
      setting: () =>
        byCertificate({
          ours: { holder: ends().ours, others: [between()], trusts: [authority()] },
          charon: { holder: ends().charon, others: [between()], trusts: [authority()] },
          conn: { sendca: 'all' },
        }),
      sent: () => [2, 2],
    },
    {
      name: 'the authority between is sent to one that lacks it',
      setting: () =>
        byCertificate({
          ours: { holder: ends().ours, others: [between()], trusts: [authority()] },
          charon: { holder: ends().charon, trusts: [authority()] },
          conn: { sendca: 'issuer' },
        }),
      // As a responder it sends on what it has just been sent.
      sent: (initiator) => [2, initiator === 'ours' ? 2 : 1],
    },
    {
      name: 'the authority between is at hand',
      setting: () =>
        byCertificate({
          ours: { holder: ends().ours, trusts: [authority()] },
          charon: { holder: ends().charon, others: [between()], trusts: [authority()] },
        }),
      sent: () => [1, 2],
    },
    {
      name: 'two authorities, a third trusted too',
      setting: () => {
        const [one, two, third] = [
          root('one'),
          root('two', { kind: 'rsa2048' }),
          root('third', { kind: 'ed25519' }),
        ];
        const trusts = [third, one, two];
        return byCertificate({
          ours: { holder: holderOf('ours', one, { kind: 'ed25519' }), trusts },
          charon: { holder: holderOf('charon', two), trusts },
        });
      },
      sent: () => [1, 1],
    },
  ];
  for (const { name, setting, sent } of paths) {
    for (const initiator of roles) {
      it.concurrent(`${name}, ${initiator} initiates`, async ({ stage }) => {
        const both = await pair(stage, setting());
        await establish(both, initiator);
        const seen = await authMessages(both);
        const counts = ['ours', 'charon'].map((who) => {
          const theirs = seen.filter(({ response }) => response !== (who === initiator));
          return theirs.flatMap(({ payloads }) => payloads).filter((kind) => kind === Kind.cert).length;
        });
        expect(counts).toEqual(sent(initiator));
      });
    }
  }

  for (const initiator of roles) {
    it.concurrent(`certificates of 4 kB in fragments, ${initiator} initiates`, async ({ stage }) => {
      const names = Array.from({ length: 80 }, (_, at) => dns(`name-${at}.${'long.'.repeat(8)}example`));
      const [ours, charon] = (['ours', 'charon'] as const).map((who) =>
        holderOf(who, authority(), { kind: 'rsa3072', extensions: [altNames(...names, dns(ids[who]))] }),
      );
      if (!ours || !charon) throw new Error('two of them');
      expect(ours.certificate.der.length).toBeGreaterThan(4_000);
      const trusts = [authority()];
      const both = await pair(
        stage,
        byCertificate({ ours: { holder: ours, trusts }, charon: { holder: charon, trusts } }),
      );
      await establish(both, initiator);
      const seen = await authMessages(both);
      for (const response of [false, true]) {
        const fragments = seen.filter((one) => one.response === response);
        expect(fragments.length).toBeGreaterThan(3);
        expect(fragments.every(({ payloads }) => payloads.includes(Kind.fragment))).toBe(true);
      }
    });
  }
});

suite('certificates whose status must be known, with charon', needs, () => {
  for (const initiator of roles) {
    it.concurrent(`by CRLs at hand, ${initiator} initiates`, async ({ stage }) => {
      const lists = [revocationList(authority(), [99])];
      const both = await pair(
        stage,
        byCertificate({
          ours: { holder: holderOf('ours', authority()), trusts: [authority()], lists },
          charon: { holder: holderOf('charon', authority()), trusts: [authority()], lists },
          remote: { revocation: 'strict' },
          more: { setup: { 'crl-strict': 'yes' } },
        }),
      );
      await establish(both, initiator);
      expect(both.charon.log).toContain('certificate status is good');
    });

    it.concurrent(`by OCSP, ${initiator} initiates`, async ({ stage }) => {
      // Each asks a responder at its own end of the wire.
      const holder = (who: 'ours' | 'charon', at: string) =>
        holderOf(who, authority(), { extensions: [altNames(dns(ids[who])), ocspUri(at)] });
      const both = await pair(
        stage,
        byCertificate({
          ours: { holder: holder('ours', '192.168.1.3'), trusts: [authority()] },
          charon: { holder: holder('charon', '192.168.1.2'), trusts: [authority()] },
          remote: { revocation: 'strict' },
          more: { setup: { 'ocsp-enable': 'yes', 'ocsp-strict': 'yes' }, plugins: `${plugins} curl` },
        }),
      );
      for (const side of [both.wire.left, both.wire.right])
        await stage.daemon(ocspResponder(side, authority(), [], [16, 17]));
      await establish(both, initiator);
      expect(both.charon.log).toContain('certificate status is good');
    });
  }
});

suite('requests for certificates with charon', needs, () => {
  const holders = once(() => ({
    ours: holderOf('ours', authority()),
    charon: holderOf('charon', authority()),
  }));
  const known = (): Pick<Certified, 'ours' | 'charon'> => ({
    ours: { holder: holders().ours, trusts: [authority()], known: [holders().charon] },
    charon: { holder: holders().charon, trusts: [authority()], known: [holders().ours] },
  });
  const send: readonly {
    name: string;
    setting: () => Setting;
    sent: readonly [ours: boolean, charon: boolean];
  }[] = [
    {
      name: 'both ask, both answer',
      setting: () => byCertificate({ ...known(), conn: { leftsendcert: 'ifasked' } }),
      sent: [true, true],
    },
    {
      name: 'charon asks for none, and has ours',
      setting: () =>
        byCertificate({
          ...known(),
          conn: { leftsendcert: 'ifasked' },
          remote: { certs: 'known0.pem' },
          more: { connection: { send_certreq: false } },
        }),
      sent: [false, true],
    },
    {
      name: 'charon asks for none, and gets ours',
      setting: () => byCertificate({ ...known(), more: { connection: { send_certreq: false } } }),
      sent: [true, true],
    },
    {
      name: 'nobody sends any',
      setting: () =>
        byCertificate({
          ...known(),
          conn: { leftsendcert: 'never' },
          remote: { certs: 'known0.pem' },
          more: { connection: { send_cert: 'never' } },
        }),
      sent: [false, false],
    },
  ];
  for (const { name, setting, sent } of send) {
    for (const initiator of roles) {
      it.concurrent(`${name}, ${initiator} initiates`, async ({ stage }) => {
        const both = await pair(stage, setting());
        await establish(both, initiator);
        const seen = await authMessages(both);
        const hasSent = ['ours', 'charon'].map((who) =>
          seen.some(
            ({ response, payloads }) => response !== (who === initiator) && payloads.includes(Kind.cert),
          ),
        );
        expect(hasSent).toEqual(sent);
      });
    }
  }
});

suite('identities in certificates with charon', needs, () => {
  const named = (
    ours: Uint8Array,
    charon: Uint8Array,
    conn: Setting['conn'],
    local: string,
    remote: string,
  ) => {
    const holder = (who: 'ours' | 'charon', name: Uint8Array): Holder =>
      holderOf(who, authority(), { extensions: [altNames(name)] });
    return byCertificate({
      ours: { holder: holder('ours', ours), trusts: [authority()] },
      charon: { holder: holder('charon', charon), trusts: [authority()] },
      ...(conn && { conn }),
      local: { id: local },
      remote: { id: remote },
    });
  };
  const names: readonly { name: string; setting: () => Setting; charonId: string }[] = [
    {
      name: 'distinguished names',
      setting: () =>
        underOne(authority(), {
          conn: { leftid: '%fromcert', rightid: '"C=CA, O=Interop, CN=charon"' },
          local: { id: 'C=CA, O=Interop, CN=charon' },
          remote: { id: 'C=CA, O=Interop, CN=ours' },
        }),
      charonId: 'C=CA, O=Interop, CN=charon',
    },
    {
      name: 'distinguished names with a *',
      setting: () =>
        underOne(authority(), {
          conn: { leftid: '%fromcert', rightid: '"C=CA, O=Interop, CN=*"' },
          local: { id: 'C=CA, O=Interop, CN=charon' },
          remote: { id: '"C=CA, O=Interop, CN=*"' },
        }),
      charonId: 'C=CA, O=Interop, CN=charon',
    },
    {
      name: 'mail addresses',
      setting: () =>
        named(
          email('us@ours.example'),
          email('it@charon.example'),
          { leftid: 'us@ours.example', rightid: 'it@charon.example' },
          'it@charon.example',
          'us@ours.example',
        ),
      charonId: 'it@charon.example',
    },
    {
      name: 'addresses',
      setting: () =>
        named(
          ip(192, 168, 1, 2),
          ip(192, 168, 1, 3),
          { leftid: '192.168.1.2', rightid: '192.168.1.3' },
          '192.168.1.3',
          '192.168.1.2',
        ),
      charonId: '192.168.1.3',
    },
    {
      name: 'whoever is certified',
      setting: () => underOne(authority(), { conn: { rightid: '%fromcert' }, remote: { id: '%any' } }),
      charonId: '@charon.example',
    },
  ];
  for (const { name, setting, charonId } of names) {
    for (const initiator of roles) {
      it.concurrent(`${name}, ${initiator} initiates`, async ({ stage }) => {
        const both = await pair(stage, setting());
        await establish(both, initiator);
        expect((await both.ours.established()).remoteId).toBe(charonId);
      });
    }
  }
});

suite('different proofs of each end with charon', needs, () => {
  for (const initiator of roles) {
    it.concurrent(`we by shared key, charon by certificate, ${initiator} initiates`, async ({ stage }) => {
      const setting = underOne(authority(), {
        conn: { leftcert: '', leftauth: 'secret', rightauth: 'ecdsa' },
        remote: { auth: 'psk' },
      });
      const both = await pair(stage, setting);
      await establish(both, initiator);
      expect(proofs(both)).toEqual({ ours: 'pre-shared key', charon: 'ECDSA_WITH_SHA256_DER' });
    });

    it.concurrent(`we by certificate, charon by shared key, ${initiator} initiates`, async ({ stage }) => {
      const setting = underOne(authority(), {
        conn: { leftauth: 'ecdsa', rightauth: 'secret' },
        local: { auth: 'psk' },
      });
      const both = await pair(stage, setting);
      await establish(both, initiator);
      expect(proofs(both)).toEqual({ ours: 'ECDSA_WITH_SHA256_DER', charon: 'pre-shared key' });
    });

    it.concurrent(`charon wants two rounds of authentication, ${initiator} initiates`, async ({ stage }) => {
      const usual = underOne(authority());
      const again = { round: 2, auth: 'psk' };
      const both = await pair(stage, {
        ...usual,
        connection: {
          ...usual.connection,
          'local-2': { ...again, id: ids.charon },
          'remote-2': { ...again, id: ids.ours },
        },
      });
      const done = await (initiator === 'ours' ? both.ours.up('net') : both.charon.initiate('net'));
      expect(done.code).not.toBe(0);
      await Promise.all([both.ours.empty(), both.charon.empty()]);
      const lines = both.ours.log.split('\n').filter((line) => /IKE SA (?:failed|deleted)/.test(line));
      expect(lines).toEqual([expect.stringContaining('AUTHENTICATION_FAILED')]);
    });
  }
});

suite('after certificates with charon', needs, () => {
  for (const who of roles) {
    it.concurrent(`rekeys, reauthentication and deletion, begun by ${who}`, async ({ stage }) => {
      const short = {
        ikelifetime: '12s',
        'ipsec-lifetime': '1h',
        rekeymargin: '4s',
        rekeyfuzz: '0%',
        reauth: 'yes',
      };
      const both = await pair(stage, underOne(authority(), who === 'ours' ? { conn: short } : {}));
      await establish(both, who);
      const first = await agreed(both);
      await rekey(both, who, 'child');
      await both.ours.when('another child', ([sa]) =>
        sa && sa.children.length === 1 && sa.children[0]?.inboundSpi !== first.children[0]?.inboundSpi
          ? true
          : undefined,
      );
      await rekey(both, who, 'ike');
      await both.ours.when('another IKE SA', ([sa, other]) =>
        sa && !other && sa.spiI !== first.spiI ? true : undefined,
      );
      const second = await agreed(both);
      if (who === 'charon') await both.charon.reauthenticate('psk');
      const third = async () => ((await both.ours.count('ikeEstablished')) === 2 ? true : undefined);
      await both.ours.when('a third IKE SA', third, 20_000);
      expect((await agreed(both)).spiI).not.toBe(second.spiI);
      await takeDown(both, who);
    });
  }
});
