/** Our daemon and Libreswan's pluto 4.10, which is made to believe that its kernel has ESP. */
import { expect } from 'vitest';
import { link } from './peers/namespaces.ts';
import { suite } from './peers/needs.ts';
import { Ours } from './peers/ours.ts';
import { Pluto } from './peers/pluto.ts';
import { until } from './peers/process.ts';
import type { Stage } from './peers/stage.ts';
import { it } from './peers/staged.ts';
import { Exchange, Kind, messages, Notice, withNotify } from './peers/traffic.ts';
import { agreed, establish, pair, roles, takeDown } from './pluto-pair.ts';
import { suites } from './suites.ts';

suite('with pluto', ['namespaces', 'nft', 'pluto', 'fakexfrm', 'ours'], () => {
  for (const initiator of roles) {
    const other = initiator === 'ours' ? 'pluto' : 'ours';

    for (const { pluto: ike, plutoEsp: esp } of suites) {
      if (ike === undefined || esp === undefined) continue;
      it.concurrent(`${initiator} initiates, ${ike}`, async ({ stage }) => {
        const both = await pair(stage, { conn: { ike, esp } });
        await establish(both, initiator);
        await takeDown(both, other);
      });
    }

    it.concurrent(`${initiator} initiates over IPv6`, async ({ stage }) => {
      const both = await pair(stage, { ipv6: true });
      await establish(both, initiator);
      await takeDown(both, initiator);
    });

    it.concurrent(`${initiator} initiates from behind a NAT`, async ({ stage }) => {
      const both = await pair(stage, { behindNat: initiator });
      await establish(both, initiator);
      const sa = await both.ours.established();
      expect(sa.path.socket).toBe('nat');
      expect(sa.children[0]?.encapsulated).toBe(true);
      expect(initiator === 'ours' ? sa.nat.here : sa.nat.peer).toBe(true);
      await takeDown(both, other);
    });

    it.concurrent(`${initiator} initiates, encapsulation=yes`, async ({ stage }) => {
      const both = await pair(stage, { conn: { encapsulation: 'yes' } });
      await establish(both, initiator);
      expect((await both.ours.established()).children[0]?.encapsulated).toBe(true);
      await takeDown(both, initiator);
    });

    it.concurrent(`${initiator} initiates between IKE ports of our own`, async ({ stage }) => {
      const both = await pair(stage, { conn: { leftikeport: '5500', rightikeport: '5501' } });
      await establish(both, initiator);
      await takeDown(both, other);
    });

    for (const [kind, leftid, rightid] of [
      ['addresses', '', ''],
      ['RFC822', 'me@ours.example', 'it@pluto.example'],
      ['KEY_ID', '@#0102ff', '@[a-key]'],
    ] as const) {
      it.concurrent(`${initiator} initiates, identities are ${kind}`, async ({ stage }) => {
        const both = await pair(stage, { conn: { leftid, rightid } });
        await establish(both, initiator);
        await takeDown(both, other);
      });
    }

    it.concurrent(`${initiator} initiates, SIGTERM deletes at pluto and exits 0`, async ({ stage }) => {
      const both = await pair(stage);
      await establish(both, initiator);
      expect(await both.ours.terminate()).toBe(0);
      await both.pluto.empty();
    });
  }

  it.concurrent('liveness checks go both ways', async ({ stage }) => {
    const both = await pair(stage, { conn: { dpddelay: '1s' } });
    await establish(both, 'ours');
    const checks = async (response: boolean) => {
      const seen = messages(await both.ours.packets()).filter(
        (one) => one.exchange === Exchange.INFORMATIONAL,
      );
      return seen.filter((one) => one.response === response).length >= 4 ? true : undefined;
    };
    await until('requests', () => checks(false), 12_000);
    await until('responses', () => checks(true), 5_000);
    await both.ours.established();
    await both.pluto.established();
  });

  // The other way round pluto 4.10 compares TSi with the address it sees (no §2.23.1): TS_UNACCEPTABLE.
  it.concurrent('transport mode from behind a NAT, pluto initiates', async ({ stage }) => {
    const both = await pair(stage, {
      behindNat: 'pluto',
      conn: { type: 'transport', leftsubnet: '', rightsubnet: '' },
    });
    await establish(both, 'pluto');
    const [child] = (await agreed(both)).children;
    expect(child).toMatchObject({ mode: 'transport', encapsulated: true });
    await takeDown(both, 'ours');
  });
});

suite('negotiation with pluto', ['namespaces', 'pluto', 'fakexfrm', 'tshark', 'ours'], () => {
  it.concurrent('COOKIE: pluto asks for one', async ({ stage }) => {
    const both = await pair(stage, { plutoSetup: { 'ddos-mode': 'busy' } });
    await establish(both, 'ours');
    expect(withNotify(messages(await both.ours.packets()), Notice.COOKIE)).toBe(2);
  });

  it.concurrent('COOKIE: we ask for one', async ({ stage }) => {
    const both = await pair(stage, { oursSetup: { 'ddos-mode': 'busy' } });
    await establish(both, 'pluto');
    expect(withNotify(messages(await both.ours.packets()), Notice.COOKIE)).toBe(2);
  });

  const groups = { ike: 'aes_gcm128-sha2_256-dh19+dh31' };
  it.concurrent('INVALID_KE_PAYLOAD: pluto wants another group', async ({ stage }) => {
    const both = await pair(stage, { oursConn: groups });
    await establish(both, 'ours');
    expect(withNotify(messages(await both.ours.packets()), Notice.INVALID_KE_PAYLOAD)).toBe(1);
  });

  it.concurrent('INVALID_KE_PAYLOAD: we want another group', async ({ stage }) => {
    const both = await pair(stage, { plutoConn: groups });
    await establish(both, 'pluto');
    expect(withNotify(messages(await both.ours.packets()), Notice.INVALID_KE_PAYLOAD)).toBe(1);
  });

  for (const initiator of roles) {
    const other = initiator === 'ours' ? 'pluto' : 'ours';
    it.concurrent(`COOKIE and INVALID_KE_PAYLOAD together, ${initiator} initiates`, async ({ stage }) => {
      const both = await pair(stage, {
        [`${other}Setup`]: { 'ddos-mode': 'busy' },
        [`${initiator}Conn`]: groups,
      });
      await establish(both, initiator);
      const seen = messages(await both.ours.packets());
      expect(withNotify(seen, Notice.COOKIE)).toBeGreaterThanOrEqual(2);
      expect(withNotify(seen, Notice.INVALID_KE_PAYLOAD)).toBe(1);
    });

    it.concurrent(`fragments both ways, ${initiator} initiates`, async ({ stage }) => {
      const long = (name: string) => `@${'long.'.repeat(300)}${name}.example`;
      // The updown command would not take identities of this length.
      const updown = { leftupdown: '%disabled', rightupdown: '%disabled' };
      const both = await pair(stage, {
        conn: { leftid: long('ours'), rightid: long('pluto'), fragmentation: 'yes', ...updown },
      });
      await establish(both, initiator);
      const auth = messages(await both.ours.packets()).filter(
        ({ exchange }) => exchange === Exchange.IKE_AUTH,
      );
      for (const response of [false, true]) {
        const fragments = auth.filter((one) => one.response === response);
        expect(fragments.length).toBeGreaterThan(1);
        expect(fragments.every(({ payloads }) => payloads.includes(Kind.fragment))).toBe(true);
      }
    });
  }

  it.concurrent('tshark opens everything with our key log', async ({ stage }) => {
    for (const { pluto: ike, plutoEsp: esp, opaque } of suites) {
      if (opaque || ike === undefined || esp === undefined) continue;
      const both = await pair(stage, { conn: { ike, esp } });
      await establish(both, 'pluto');
      await takeDown(both, 'pluto');
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

suite('refusals with pluto', ['namespaces', 'pluto', 'fakexfrm', 'ours'], () => {
  for (const initiator of roles) {
    it.concurrent(`wrong PSK, ${initiator} initiates: AUTHENTICATION_FAILED at both, nothing left`, async ({
      stage,
    }) => {
      const both = await pair(stage, { plutoSecret: 'something else' });
      const done = initiator === 'ours' ? await both.ours.up('net') : await both.pluto.up('net');
      expect(done.code).not.toBe(0);
      if (initiator === 'ours') expect(done.stdout + done.stderr).toContain('AUTHENTICATION_FAILED');
      else await both.ours.says('AUTHENTICATION_FAILED');
      expect(both.pluto.log).toContain('AUTHENTICATION_FAILED');
      await Promise.all([both.ours.empty(), both.pluto.empty()]);
    });

    it.concurrent(`no common proposal, ${initiator} initiates`, async ({ stage }) => {
      const both = await pair(stage, {
        plutoConn: { ike: 'aes256-sha2_512-dh14' },
        conn: { 'retransmit-timeout': '2s' },
      });
      const done = initiator === 'ours' ? await both.ours.up('net') : await both.pluto.up('net');
      expect(done.code).not.toBe(0);
      if (initiator === 'ours') expect(done.stdout + done.stderr).toContain('NO_PROPOSAL_CHOSEN');
      expect(both.pluto.log).toContain('NO_PROPOSAL_CHOSEN');
      await Promise.all([both.ours.empty(), both.pluto.empty()]);
    });

    it.concurrent(`no common ESP proposal, ${initiator} initiates: no child`, async ({ stage }) => {
      const both = await pair(stage, { plutoConn: { esp: 'aes256-sha2_512' } });
      const done = initiator === 'ours' ? await both.ours.up('net') : await both.pluto.up('net');
      // pluto counts an IKE SA without a child as a success.
      if (initiator === 'ours') expect(done.code).toBe(1);
      expect(both.pluto.log).toContain('NO_PROPOSAL_CHOSEN');
      expect((await both.ours.list()).every(({ children }) => children.length === 0)).toBe(true);
    });
  }
});

/** The pair of files this project starts from, as they stand. */
const rem1rem2 = {
  secrets: ': PSK "somesharedkey"\n',
  config: `conn rem1-rem2
        left=192.168.1.2
        right=192.168.1.3
        authby=secret
        auto=start
        type=transport
        #labeled-ipsec=yes
        #policy-label=system_u:object_r:ipsec_spd_t:s0
`,
};

suite('rem1-rem2 with pluto', ['namespaces', 'pluto', 'fakexfrm', 'ours'], () => {
  const start = async (stage: Stage, auto: string) => {
    const wire = await stage.keep(await link(), (one) => one.close());
    const conns = ['rem1-rem2'];
    const pluto = await stage.daemon(Pluto.start({ side: wire.right, conns, ...rem1rem2 }));
    const config = rem1rem2.config.replace('auto=start', `auto=${auto}`);
    const ours = await stage.daemon(
      Ours.start({ side: wire.left, config, secrets: rem1rem2.secrets, kernel: 'memory' }),
    );
    return { ours, pluto };
  };
  const inTransport = async ({ ours, pluto }: Awaited<ReturnType<typeof start>>) => {
    const sa = await ours.established();
    expect(sa.children[0]).toMatchObject({ mode: 'transport', encapsulated: false });
    await pluto.established();
    expect(pluto.log).toMatch(/established Child SA.*IPsec transport/);
  };

  it.concurrent('auto=start as it stands: we initiate', async ({ stage }) => {
    const both = await start(stage, 'start');
    await inTransport(both);
    expect((await both.ours.established()).role).toBe('initiator');
    expect(await both.ours.terminate()).toBe(0);
    await both.pluto.empty();
  });

  it.concurrent('pluto initiates', async ({ stage }) => {
    const both = await start(stage, 'add');
    expect((await both.pluto.up('rem1-rem2')).code).toBe(0);
    await inTransport(both);
    await both.pluto.down('rem1-rem2');
    await both.ours.empty();
  });

  it.concurrent('auto=start comes back after the Delete of pluto', async ({ stage }) => {
    const both = await start(stage, 'start');
    const first = await both.ours.established();
    await both.pluto.established();
    await both.pluto.down('rem1-rem2');
    const renewed = await both.ours.when('another SA', (sas) =>
      sas.find((sa) => sa.phase === 'established' && sa.spiI !== first.spiI && sa.children.length > 0),
    );
    expect(renewed.role).toBe('initiator');
    await inTransport(both);
  });
});
