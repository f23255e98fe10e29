/** Our daemon and strongSwan's charon 5.9.8; ESP in user space on both sides, proven by pings. */
import { expect } from 'vitest';
import { agreed, establish, pair, pings, roles, takeDown } from './charon-pair.ts';
import { suite } from './peers/needs.ts';
import { until } from './peers/process.ts';
import { it } from './peers/staged.ts';
import { strangers } from './peers/stranger.ts';
import { Exchange, Kind, messages, Notice, withNotify } from './peers/traffic.ts';
import { suites } from './suites.ts';

suite('with charon, ESP in user space', ['namespaces', 'nft', 'charon', 'tun', 'ours'], () => {
  for (const initiator of roles) {
    const other = initiator === 'ours' ? 'charon' : 'ours';

    for (const { charon: ike, charonEsp: esp } of suites) {
      it.concurrent(`${initiator} initiates, ${ike}`, async ({ stage }) => {
        const both = await pair(stage, { ike, esp });
        await establish(both, initiator);
        await pings(both);
        await takeDown(both, other);
      });
    }

    it.concurrent(`${initiator} initiates over IPv6`, async ({ stage }) => {
      const both = await pair(stage, { ipv6: true });
      await establish(both, initiator);
      await pings(both);
      await takeDown(both, initiator);
    });

    it.concurrent(`${initiator} initiates from behind a NAT`, async ({ stage }) => {
      const both = await pair(stage, { behindNat: initiator });
      await establish(both, initiator);
      await pings(both);
      const sa = await both.ours.established();
      expect(sa.path.socket).toBe('nat');
      if (initiator === 'ours') {
        const seen = await both.charon.established();
        expect(seen.fields['remote-host']).toBe(both.wire.leftSeenAs);
        expect(seen.fields['remote-port']).not.toBe('4500');
      } else {
        expect(sa.path.remote.address).toBe(both.wire.leftSeenAs);
        expect(sa.path.remote.port).not.toBe(4500);
        expect(sa.nat.peer).toBe(true);
      }
      await takeDown(both, other);
    });

    it.concurrent(`${initiator} initiates, SIGTERM deletes at charon and exits 0`, async ({ stage }) => {
      const both = await pair(stage);
      await establish(both, initiator);
      expect(await both.ours.terminate()).toBe(0);
      await both.charon.empty();
    });
  }

  it.concurrent('liveness checks of charon are answered', async ({ stage }) => {
    const both = await pair(stage, { connection: { dpd_delay: '1s' } });
    await establish(both, 'ours');
    const answers = () => both.charon.log.match(/parsed INFORMATIONAL response/g)?.length ?? 0;
    await until('two checks answered', () => (answers() >= 2 ? true : undefined), 8_000);
    await pings(both);
  });

  it.concurrent('our liveness checks are answered', async ({ stage }) => {
    const both = await pair(stage, { conn: { dpddelay: '1s' } });
    await establish(both, 'charon');
    const answers = () => both.charon.log.match(/generating INFORMATIONAL response/g)?.length ?? 0;
    await until('two checks answered', () => (answers() >= 2 ? true : undefined), 8_000);
    await pings(both);
  });
});

suite('negotiation with charon', ['namespaces', 'charon', 'tun', 'tshark', 'ours'], () => {
  it.concurrent('COOKIE: charon asks for one', async ({ stage }) => {
    const both = await pair(stage, { settings: { cookie_threshold: 1 } });
    await strangers(both.wire.left, both.wire.right);
    await establish(both, 'ours');
    expect(withNotify(messages(await both.ours.packets()), Notice.COOKIE)).toBe(2);
  });

  it.concurrent('COOKIE: we ask for one', async ({ stage }) => {
    const both = await pair(stage, { setup: { 'ddos-mode': 'busy' } });
    await establish(both, 'charon');
    expect(withNotify(messages(await both.ours.packets()), Notice.COOKIE)).toBe(2);
  });

  const groups = 'aes128gcm16-prfsha256-ecp256-x25519';
  it.concurrent('INVALID_KE_PAYLOAD: charon wants another group', async ({ stage }) => {
    const both = await pair(stage, { ike: groups, charonIke: 'aes128gcm16-prfsha256-x25519' });
    await establish(both, 'ours');
    expect(withNotify(messages(await both.ours.packets()), Notice.INVALID_KE_PAYLOAD)).toBe(1);
  });

  it.concurrent('INVALID_KE_PAYLOAD: we want another group', async ({ stage }) => {
    const both = await pair(stage, { ike: 'aes128gcm16-prfsha256-x25519', charonIke: groups });
    await establish(both, 'charon');
    expect(withNotify(messages(await both.ours.packets()), Notice.INVALID_KE_PAYLOAD)).toBe(1);
  });

  it.concurrent('COOKIE and INVALID_KE_PAYLOAD together', async ({ stage }) => {
    const ours = await pair(stage, { setup: { 'ddos-mode': 'busy' }, charonIke: groups });
    await establish(ours, 'charon');
    const seen = messages(await ours.ours.packets());
    expect(withNotify(seen, Notice.COOKIE)).toBeGreaterThanOrEqual(2);
    expect(withNotify(seen, Notice.INVALID_KE_PAYLOAD)).toBe(1);
    await stage.end();
    const theirs = await pair(stage, {
      ike: groups,
      charonIke: 'aes128gcm16-prfsha256-x25519',
      settings: { cookie_threshold: 1 },
    });
    await strangers(theirs.wire.left, theirs.wire.right);
    await establish(theirs, 'ours');
    expect(withNotify(messages(await theirs.ours.packets()), Notice.COOKIE)).toBeGreaterThanOrEqual(2);
  });

  for (const initiator of roles) {
    it.concurrent(`fragments of charon are put together, ${initiator} initiates`, async ({ stage }) => {
      const both = await pair(stage, { settings: { fragment_size: 220 } });
      await establish(both, initiator);
      const auth = messages(await both.ours.packets()).filter(
        ({ exchange }) => exchange === Exchange.IKE_AUTH,
      );
      const fragments = auth.filter((one) => one.response === (initiator === 'ours'));
      expect(fragments.length).toBeGreaterThan(1);
      expect(fragments.every(({ payloads }) => payloads.includes(Kind.fragment))).toBe(true);
      await pings(both);
    });
  }

  it.concurrent('charon puts our fragments together', async ({ stage }) => {
    const keys = [128, 192, 256];
    const aead = ['gcm16', 'gcm12', 'gcm8', 'ccm16', 'ccm12', 'ccm8'];
    const offers = keys.flatMap((bits) => [
      ...aead.map((mode) => `aes${bits}${mode}`),
      ...['sha256', 'sha384', 'sha512', 'sha1', 'aesxcbc'].map((hash) => `aes${bits}-${hash}`),
    ]);
    // charon cuts identities at 512 octets, so the rest of the length comes from what we offer.
    const both = await pair(stage, {
      oursId: `${'long.'.repeat(98)}example`,
      esp: offers.join(','),
      charonEsp: 'aes256-aesxcbc',
    });
    await establish(both, 'ours');
    const auth = messages(await both.ours.packets()).filter(({ exchange }) => exchange === Exchange.IKE_AUTH);
    const fragments = auth.filter(({ response }) => !response);
    expect(fragments.length).toBeGreaterThan(1);
    expect(fragments.every(({ payloads }) => payloads.includes(Kind.fragment))).toBe(true);
    await pings(both);
  });

  it.concurrent('tshark opens everything with our key log', async ({ stage }) => {
    for (const { charon: ike, charonEsp: esp, opaque } of suites) {
      if (opaque) continue;
      const both = await pair(stage, { ike, esp });
      await establish(both, 'ours');
      await takeDown(both, 'ours');
      const seen = messages(await both.ours.packets());
      const auth = seen.filter(({ exchange }) => exchange === Exchange.IKE_AUTH);
      const inner = [Kind.auth, Kind.sa, Kind.tsi, Kind.tsr];
      const said = (wanted: boolean) => auth.find(({ response }) => response === wanted)?.payloads;
      expect(said(false), ike).toEqual(expect.arrayContaining([Kind.idi, ...inner]));
      expect(said(true), ike).toEqual(expect.arrayContaining([Kind.idr, ...inner]));
      await stage.end();
    }
  });
});

suite('refusals with charon', ['namespaces', 'charon', 'tun', 'ours'], () => {
  it.concurrent('wrong PSK, we initiate: AUTHENTICATION_FAILED at both, nothing left', async ({ stage }) => {
    const both = await pair(stage, { charonSecret: 'something else' });
    const done = await both.ours.up('net');
    expect(done.code).toBe(1);
    expect(done.stdout + done.stderr).toContain('AUTHENTICATION_FAILED');
    expect(both.charon.log).toContain('N(AUTH_FAILED)');
    await Promise.all([both.ours.empty(), both.charon.empty()]);
  });

  it.concurrent('wrong PSK, charon initiates: AUTHENTICATION_FAILED at both, nothing left', async ({
    stage,
  }) => {
    const both = await pair(stage, { charonSecret: 'something else' });
    expect((await both.charon.initiate('net')).code).not.toBe(0);
    expect(both.charon.log).toContain('received AUTHENTICATION_FAILED notify error');
    await both.ours.says('AUTHENTICATION_FAILED');
    await Promise.all([both.ours.empty(), both.charon.empty()]);
  });

  it.concurrent('no common proposal, we initiate', async ({ stage }) => {
    const both = await pair(stage, { charonIke: 'aes256-sha512-modp2048' });
    const done = await both.ours.up('net');
    expect(done.code).toBe(1);
    expect(done.stdout + done.stderr).toContain('NO_PROPOSAL_CHOSEN');
    await Promise.all([both.ours.empty(), both.charon.empty()]);
  });

  it.concurrent('no common proposal, charon initiates', async ({ stage }) => {
    const both = await pair(stage, { charonIke: 'aes256-sha512-modp2048' });
    expect((await both.charon.initiate('net')).code).not.toBe(0);
    expect(both.charon.log).toContain('received NO_PROPOSAL_CHOSEN notify error');
    await Promise.all([both.ours.empty(), both.charon.empty()]);
  });

  it.concurrent('no common ESP proposal, we initiate: the child is refused', async ({ stage }) => {
    const both = await pair(stage, { charonEsp: 'aes256-sha512' });
    const done = await both.ours.up('net');
    expect(done.code).toBe(1);
    expect(done.stdout + done.stderr).toContain('NO_PROPOSAL_CHOSEN');
    expect((await both.ours.list()).every(({ children }) => children.length === 0)).toBe(true);
  });

  it.concurrent('no common ESP proposal, charon initiates: the child is refused, the IKE SA lives', async ({
    stage,
  }) => {
    const both = await pair(stage, { charonEsp: 'aes256-sha512' });
    expect((await both.charon.initiate('net')).code).not.toBe(0);
    const up = (phase: string) => (phase === 'established' ? true : undefined);
    await both.ours.when('IKE SA up', ([sa]) => sa && up(sa.phase));
    expect((await both.ours.list())[0]?.children).toEqual([]);
    await both.charon.terminate({ ike: 'psk' });
    await both.ours.empty();
  });
});

suite('without a data plane, with charon', ['namespaces', 'charon', 'fakexfrm', 'tshark', 'ours'], () => {
  for (const initiator of roles) {
    it.concurrent(`transport mode, ${initiator} initiates`, async ({ stage }) => {
      const both = await pair(stage, {
        noData: true,
        conn: { type: 'transport', leftsubnet: '', rightsubnet: '' },
        child: { mode: 'transport', local_ts: 'dynamic', remote_ts: 'dynamic' },
      });
      await establish(both, initiator);
      expect((await both.ours.established()).children[0]).toMatchObject({
        mode: 'transport',
        encapsulated: false,
      });
      expect((await both.charon.established()).children[0]?.fields.mode).toBe('TRANSPORT');
      expect(withNotify(messages(await both.ours.packets()), Notice.USE_TRANSPORT_MODE)).toBe(2);
      await takeDown(both, initiator);
    });
  }

  for (const initiator of roles) {
    it.concurrent(`transport mode, ${initiator} initiates from behind a NAT (RFC 7296 §2.23.1)`, async ({
      stage,
    }) => {
      const both = await pair(stage, {
        noData: true,
        behindNat: initiator,
        conn: { type: 'transport', leftsubnet: '', rightsubnet: '' },
        child: { mode: 'transport', local_ts: 'dynamic', remote_ts: 'dynamic' },
      });
      await establish(both, initiator);
      const [child] = (await agreed(both)).children;
      expect(child).toMatchObject({ mode: 'transport', encapsulated: true });
      expect((await both.charon.established()).children[0]?.fields.mode).toBe('TRANSPORT');
      await takeDown(both, initiator);
    });
  }

  it.concurrent('charon begins without a child (RFC 6023), and asks for it by CREATE_CHILD_SA', async ({
    stage,
  }) => {
    const both = await pair(stage, { noData: true, connection: { childless: 'force' } });
    await establish(both, 'charon');
    await agreed(both);
    const auth = messages(await both.ours.packets()).filter(({ exchange }) => exchange === Exchange.IKE_AUTH);
    expect(auth).toHaveLength(2);
    expect(auth.every(({ payloads }) => payloads.includes(Kind.auth) && !payloads.includes(Kind.sa))).toBe(
      true,
    );
    await takeDown(both, 'charon');
  });
});
