import { describe, expect, test } from 'vitest';
import { hostsToResolve } from '../../src/config/index.ts';
import { formatIdentity } from '../../src/policy/identity.ts';
import { formatIkeProposal } from '../../src/policy/proposal-text.ts';
import { formatRange } from '../../src/policy/range.ts';
import type { SelectorPolicy } from '../../src/policy/selector.ts';
import { IdType } from '../../src/wire/numbers.ts';
import { conn, errors, good, pad, read, remarks, strongKey, text } from './read.ts';

const shown = (each: SelectorPolicy): string => {
  const ports = each.protocol === 0 ? '' : ` ${each.protocol}/${each.startPort}-${each.endPort}`;
  return `${each.dynamic ? 'host' : formatRange(each)}${ports}`;
};

describe('files that must work as they stand', () => {
  const rem1 = `# rem1-rem2.conf
conn rem1-rem2
        left=192.168.1.2
        right=192.168.1.3
        authby=secret
        auto=start
        type=transport
        #labeled-ipsec=yes
        #policy-label=system_u:object_r:ipsec_spd_t:s0
`;
  const secrets = '# rem1-rem2.secrets\n: PSK "somesharedkey"\n';

  test.each([
    ['192.168.1.2', '192.168.1.3', 'left'],
    ['192.168.1.3', '192.168.1.2', 'right'],
  ])('rem1-rem2 on %s', (own, peer, ours) => {
    const config = good(rem1, { addresses: [own] }, secrets);
    expect(remarks(config)).toEqual([
      expect.stringMatching(/^\/s:2:7: warning: this pre-shared key has less than 128 bits of entropy/),
    ]);
    expect(config.connections).toMatchObject([{ name: 'rem1-rem2', ours }]);
    const [entry] = config.policy.pad;
    expect(entry).toMatchObject({
      name: 'rem1-rem2',
      start: 'start',
      local: { address: own, port: 500, auth: [{ kind: 'psk' }] },
      remote: { address: peer, port: 500, auth: [{ kind: 'psk' }] },
      encapsulation: 'auto',
      fragmentation: 'yes',
      retransmit: { interval: 500, timeout: 60_000 },
      dpdDelay: 0,
      natKeepalive: 20_000,
      unique: true,
      initialContact: true,
      vendorIds: [],
      children: [
        {
          name: 'rem1-rem2',
          mode: 'transport',
          action: 'protect',
          pfs: true,
          narrowing: false,
          replayWindow: 128,
        },
      ],
    });
    expect(entry && formatIdentity(entry.local.identity)).toBe(own);
    expect(entry?.remote.identity && formatIdentity(entry.remote.identity)).toBe(peer);
    const [key] = config.policy.preSharedKeys;
    expect(Buffer.from(key?.secret.octets ?? []).toString()).toBe('somesharedkey');
    expect(key).toMatchObject({ selectors: [], where: '/s:2' });
  });

  test("the peers' pluto conn", () => {
    const config = good(
      'config setup\n\tlogfile=/run/pluto/pluto.log\n\tikev1-policy=drop\n\tuniqueids=no\nconn psk\n\tikev2=insist            # keyexchange=ikev2 from 5.0\n' +
        '\tauthby=secret\n\tleft=10.99.0.1\n\tright=10.99.0.2\n\tleftid=@lA\n\trightid=@lB\n\tleftsubnet=10.1.0.1/32\n\trightsubnet=10.2.0.1/32\n' +
        '\tike=aes_gcm128-sha2_256-dh31,aes128-sha2_256-dh14\n\tesp=aes_gcm128,aes128-sha2_256\n\tpfs=no\n\tauto=add\n',
      { addresses: ['10.99.0.2'] },
    );
    const [entry] = config.policy.pad;
    expect(entry?.ike.map((each) => formatIkeProposal(each, 'strongswan'))).toEqual([
      'aes128gcm16-prfsha256-x25519',
      'aes128-sha256-prfsha256-modp2048',
    ]);
    expect(
      entry?.children.map(({ local, remote, pfs }) => ({
        local: local.map(shown),
        remote: remote.map(shown),
        pfs,
      })),
    ).toEqual([{ local: ['10.2.0.1/32'], remote: ['10.1.0.1/32'], pfs: false }]);
    expect(entry && formatIdentity(entry.local.identity)).toBe('@lB');
    expect(entry?.unique).toBe(false);
    expect(config.settings).toMatchObject({ logFile: '/run/pluto/pluto.log', debug: false });
  });

  test("the HOWTO's certificate conn", () => {
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
    const config = good(howto);
    expect(config.policy.pad).toMatchObject([
      {
        name: 'private-or-clear',
        local: { address: '192.0.2.1', identity: { type: IdType.NULL }, auth: [{ kind: 'null' }] },
        remote: {
          address: undefined,
          identity: undefined,
          auth: [{ kind: 'signature' }],
          keys: { raw: [], identityInCertificate: true },
        },
        configuration: { role: 'client' },
        retransmit: { timeout: 3000 },
        keyingTries: 1,
        children: [{ mode: 'tunnel', narrowing: true }],
      },
    ]);
    expect(config.policy.pad[0]?.remote.keys).not.toHaveProperty('authority');
    const said = remarks(config);
    expect(said.filter((each) => !each.includes(': warning: '))).toEqual([]);
    expect(said.join('\n')).toContain('right=%opportunisticgroup stands for any peer');
    expect(said.join('\n')).toContain('no authority is trusted');
  });
});

describe('which end is ours', () => {
  test.each([
    ['left', ['left=192.0.2.1', 'right=198.51.100.2'], '192.0.2.1', '198.51.100.2'],
    ['right', ['left=198.51.100.2', 'right=192.0.2.1'], '192.0.2.1', '198.51.100.2'],
    ['left', ['left=2001:DB8:0::1', 'right=2001:db8::2'], '2001:db8::1', '2001:db8::2'],
    ['left', ['left=%defaultroute', 'right=198.51.100.2'], '192.0.2.1', '198.51.100.2'],
    ['right', ['left=2001:db8::9', 'right=%defaultroute'], '2001:db8::1', '2001:db8::9'],
    ['left', ['left=%defaultroute', 'right=%any'], '192.0.2.1', undefined],
    ['left', ['left=%defaultroute', 'right=%any', 'hostaddrfamily=ipv6'], '2001:db8::1', undefined],
    ['left', ['left=192.0.2.1', 'right=0.0.0.0'], '192.0.2.1', undefined],
    ['left', ['left=2001:db8::1', 'right=::'], '2001:db8::1', undefined],
    ['right', ['left=%any', 'right=192.0.2.1'], '192.0.2.1', undefined],
    ['right', ['left=127.0.0.1', 'right=127.0.0.1', 'leftikeport=1500'], '127.0.0.1', '127.0.0.1'],
  ])('%s of %j', (ours, lines, own, peer) => {
    const config = good(conn(...lines));
    expect(config.connections).toMatchObject([{ ours }]);
    expect(config.policy.pad).toMatchObject([{ local: { address: own }, remote: { address: peer } }]);
  });

  test.each([
    [['right=192.0.2.1', 'left=127.0.0.1'], 'both ends are this host'],
    [['left=198.51.100.1'], 'neither end is this host'],
    [['left=%any', 'right=%any'], 'neither end is this host'],
    [['left=%defaultroute', 'right=%defaultroute'], 'both ends are this host'],
    [['left=192.0.2.1', 'right=2001:db8::2'], 'one end is IPv4 and the other IPv6'],
    [['left=10.0.0.300'], 'left="10.0.0.300" is no address'],
    [['left=%ppp0'], 'left="%ppp0": interfaces are not supported yet'],
    [['left=10.0.0.0/8'], 'left="10.0.0.0/8" is no address'],
    [['left='], 'has no left='],
  ])('%j', (lines, message) => {
    const all = errors(read(conn(...lines)));
    expect(all).toHaveLength(1);
    expect(all[0]).toContain(message);
  });

  test.each(['%group', '%opportunisticgroup', '%oppo'])('right=%s stands for any peer', (group) => {
    const config = good(conn(`right=${group}`));
    expect(config.policy.pad).toMatchObject([{ remote: { address: undefined } }]);
    expect(remarks(config)).toEqual([
      `/c:5:8: warning: conn "a": right=${group} stands for any peer, as policy groups are not read yet (expected ikev2 up a --peer ADDRESS, or a peer that begins)`,
    ]);
  });

  test('the port of our socket tells two ends on one address apart', () => {
    const lines = conn('left=127.0.0.1', 'right=127.0.0.1', 'leftikeport=1500', 'rightikeport=1501');
    expect(good(lines, { ikePort: 1500 }).policy.pad).toMatchObject([
      { local: { port: 1500 }, remote: { port: 1501 } },
    ]);
    expect(good(lines, { ikePort: 1501 }).policy.pad).toMatchObject([
      { local: { port: 1501 }, remote: { port: 1500 } },
    ]);
    expect(errors(read(lines))[0]).toContain('neither end');
  });

  test('listen= says which addresses are ours', () => {
    const file = `config setup\n\tlisten=127.0.0.11\n${conn('left=127.0.0.11', 'right=127.0.0.1')}`;
    expect(good(file)).toMatchObject({
      connections: [{ ours: 'left' }],
      settings: { listen: ['127.0.0.11'] },
    });
    expect(good(file, { listen: ['127.0.0.1'] }).connections).toMatchObject([{ ours: 'right' }]);
    expect(errors(read('config setup\n\tlisten=eth0\n'))).toHaveLength(1);
  });

  test('no default route', () => {
    expect(
      errors(read(conn('left=%defaultroute', 'right=2001:db8::9'), { defaultRoute: { ipv4: '192.0.2.1' } })),
    ).toEqual(['/c:4:7: error: %defaultroute: this host has no IPv6 default route (expected an address)']);
  });
});

describe('host names', () => {
  const file = conn('right=VPN.example.net', 'leftid=me.example.net', 'rightid=@vpn.example.net');

  test('are collected', () => {
    const secrets = 'peer.example.net @x : PSK "key"\n';
    expect(hostsToResolve(text(file, secrets))).toEqual([
      'me.example.net',
      'peer.example.net',
      'vpn.example.net',
    ]);
  });

  test('are taken from the resolved ones, of the right family', () => {
    const resolved = new Map([
      ['vpn.example.net', ['2001:db8::7', '198.51.100.7']],
      ['me.example.net', ['192.0.2.9']],
    ]);
    const [entry] = good(file, { resolved }).policy.pad;
    expect(entry?.remote.address).toBe('198.51.100.7');
    expect(entry && formatIdentity(entry.local.identity)).toBe('192.0.2.9');
  });

  test('that do not resolve leave their conn out, with a warning', () => {
    const config = good(`${file}conn b\n\talso=a\n\tauto=start\n`.replace('auto=add\n', ''), {});
    expect(config.policy.pad).toEqual([]);
    expect(config.waiting).toEqual([{ connection: 'b', name: 'vpn.example.net' }]);
    expect(
      remarks(config).some((each) => each.includes('conn "b" waits: "vpn.example.net" does not resolve')),
    ).toBe(true);
  });

  test('may be our own', () => {
    const config = good(conn('left=me.example', 'right=198.51.100.2'), {
      resolved: new Map([['me.example', ['192.0.2.1']]]),
    });
    expect(config.connections).toMatchObject([{ ours: 'left' }]);
  });
});

describe('also= and %default', () => {
  test('settings come from the conn, then also=, then %default', () => {
    const file =
      'conn %default\n\tauthby=secret\n\tpfs=no\n\tdpddelay=9\nconn b\n\tright=198.51.100.2\n\tpfs=yes\nconn a\n\tleft=192.0.2.1\n\talso=b\n\tauto=add\n\tdpddelay=5s\n';
    const config = good(file);
    expect(config.policy.pad).toMatchObject([{ name: 'a', dpdDelay: 5000, children: [{ pfs: true }] }]);
    expect(config.connections[0]?.parameters.map(({ name, at }) => `${name}:${at.line}`).sort()).toEqual(
      ['auto:11', 'authby:2', 'dpddelay:12', 'left:9', 'pfs:7', 'right:6'].sort(),
    );
  });

  test('alsoflip= changes sides', () => {
    const file =
      'conn b\n\tleft=198.51.100.2\n\tleftid=@peer\n\trightsubnet=10.0.0.0/8\nconn a\n\tleft=192.0.2.1\n\talsoflip=b\n\tauthby=secret\n\tauto=add\n';
    const [entry] = good(file).policy.pad;
    expect(entry?.remote.identity && formatIdentity(entry.remote.identity)).toBe('@peer');
    expect(entry?.children[0]?.local.map(shown)).toEqual(['10.0.0.0/8']);
  });

  test.each([
    [
      'circle',
      'conn a\n\talso=b\nconn b\n\talso=c\nconn c\n\talso=a\n',
      'also= goes in a circle: "a" -> "b" -> "c" -> "a"',
    ],
    ['itself', 'conn a\n\talso=a\n', 'also= goes in a circle: "a" -> "a"'],
    [
      'nobody',
      'conn office\n\tauto=add\nconn a\n\talso=offise\n',
      'there is no conn "offise" (expected "office")',
    ],
    ['in %default', 'conn %default\n\talso=a\n', 'also= cannot stand in conn %default'],
    ['two values', 'conn a\n\tpfs=no\n\tpfs=yes\n', 'pfs= has another value at /c:2'],
    ['two conns', 'conn a\nconn a\n', 'there is another conn "a" at /c:1'],
  ])('%s', (_, file, message) => {
    expect(
      errors(read(file)).some((each) => each.includes(message)),
      errors(read(file)).join('\n'),
    ).toBe(true);
  });

  test('the same section twice, and the same value twice, are fine', () => {
    expect(
      errors(
        read(
          `${conn('also="b c"', 'also=b')}conn b\n\talso=d\nconn c\n\talso=d\n\tpfs=no\nconn d\n\tpfs=no\n`,
        ),
      ),
    ).toEqual([]);
  });

  test('a long chain ends', () => {
    const chain = Array.from({ length: 3000 }, (_, at) => `conn c${at}\n\talso=c${at + 1}\n`).join('');
    expect(
      errors(read(`${chain}conn c3000\n\tauto=ignore\n`)).some((each) => each.includes('nests deeper')),
    ).toBe(true);
  });
});

describe('proposals', () => {
  test('esn= and replay-window= decide the sequence numbers', () => {
    const esn = (...lines: string[]) => pad(...lines).children[0]?.proposals.map((each) => each.esn);
    expect(esn('esp=aes_gcm256')).toEqual([[true, false]]);
    expect(esn('esp=aes_gcm256', 'esn=yes')).toEqual([[true]]);
    expect(esn('phase2alg=aes_gcm256', 'esn=no')).toEqual([[false]]);
    expect(esn('esp=aes_gcm256', 'replay-window=0')).toEqual([[false]]);
    expect(errors(read(conn('esn=yes', 'replay-window=0')))).toHaveLength(1);
  });

  test('mistakes in them point into the value', () => {
    const [error] = errors(read(conn('ike=aes128-sha2_256-dh14,aes-bogus')));
    expect(error).toMatch(/^\/c:6:\d+: error: ike="aes128-sha2_256-dh14,aes-bogus": /);
  });

  test('esp= and phase2alg= are one', () => {
    expect(errors(read(conn('esp=aes_gcm', 'phase2alg=aes')))[0]).toContain('esp= has another value');
  });
});

describe('the rest of a conn', () => {
  test.each([
    [['auto=up'], { start: 'start' }],
    [['auto=route'], { start: 'ondemand' }],
    [['auto=keep'], { start: 'keep' }],
    [['auto=ignore'], { start: 'ignore' }],
    [['encapsulation=yes'], { encapsulation: 'yes' }],
    [['fragmentation=insist'], { fragmentation: 'force' }],
    [['retransmit-interval=200', 'retransmit-timeout=3'], { retransmit: { interval: 200, timeout: 3000 } }],
    [['dpddelay=30'], { dpdDelay: 30_000 }],
    [['nat-keepalive=no'], { natKeepalive: 0 }],
    [['initial-contact=no'], { initialContact: false }],
    [['leftikeport=1500', 'rightikeport=1501'], { local: { port: 1500 }, remote: { port: 1501 } }],
    [['narrowing=yes'], { children: [{ narrowing: true }] }],
    [['replay-window=64'], { children: [{ replayWindow: 64 }] }],
    [['rightid=%any'], { remote: { identity: undefined } }],
    [['leftauth=secret', 'rightauth=secret', 'authby='], { local: { auth: [{ kind: 'psk' }] } }],
    [['send-vendorid=yes'], { vendorIds: [new TextEncoder().encode('ikev2 (TypeScript)')] }],
  ])('%j', (lines, expected) => {
    expect(pad(...lines)).toMatchObject(expected);
  });

  test('config setup reaches the policy', () => {
    const setup = (...lines: string[]) =>
      good(`config setup\n${lines.map((line) => `\t${line}\n`).join('')}${conn()}`).policy;
    expect(setup()).toMatchObject({ cookieThreshold: 25_000, halfOpenLimit: 50_000 });
    expect(setup('ddos-mode=busy', 'max-halfopen-ike=9')).toMatchObject({
      cookieThreshold: 0,
      halfOpenLimit: 9,
    });
    expect(setup('ddos-ike-threshold=7')).toMatchObject({ cookieThreshold: 7 });
    expect(setup('ddos-mode=unlimited').cookieThreshold).toBeGreaterThan(1e9);
    expect(setup('uniqueids=no', 'keep-alive=5').pad).toMatchObject([{ unique: false, natKeepalive: 5000 }]);
  });

  test.each([
    [['leftid=%any'], 'our own leftid= cannot be %any'],
    [['leftid=@#xyz'], 'leftid=: "@#xyz"'],
    [['retransmit-interval=0'], 'no time to wait'],
    [['replay-window=99999'], 'replay-window='],
  ])('%j is refused', (lines, message) => {
    const all = errors(read(conn(...lines)));
    expect(
      all.filter((each) => each.includes(message)),
      all.join('\n'),
    ).toHaveLength(1);
  });

  test('a peer of any address can only be waited for', () => {
    const config = good(conn('right=%any', 'auto=start'));
    expect(config.policy.pad).toMatchObject([
      { start: 'add', remote: { address: undefined, identity: undefined } },
    ]);
    expect(remarks(config)).toEqual([
      '/c:5:7: warning: auto=start with a peer of any address: this host can only wait for it, as with auto=add',
    ]);
  });

  test('no key that fits is a warning', () => {
    expect(remarks(good(conn('rightid=@b'), {}, `@x @y : PSK "${strongKey}"\n`))[0]).toContain(
      'conn "a": no pre-shared key fits',
    );
  });

  test('all mistakes are reported, and no policy', () => {
    const result = read(
      { '/c': `${conn('pfs=x', 'include=y')}conn b\n\tauthby=bogus\ninclude z\n` },
      {},
      'bogus\n: RSA {\n',
    );
    expect(result).not.toHaveProperty('policy');
    expect(errors(result).length).toBeGreaterThanOrEqual(5);
  });
});
