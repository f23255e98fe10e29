/** updown commands: a live pluto and we tell the same of the same conn, variable by variable. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { secret } from './both-ends.ts';
import { ipsecConf, type Keywords } from './peers/ipsec-conf.ts';
import { scratch } from './peers/mounts.ts';
import { link, type Side } from './peers/namespaces.ts';
import { suite } from './peers/needs.ts';
import { Ours } from './peers/ours.ts';
import { Pluto } from './peers/pluto.ts';
import { until } from './peers/process.ts';
import type { Stage } from './peers/stage.ts';
import { it } from './peers/staged.ts';

interface Case {
  readonly conn: Keywords;
  /** Of one end alone; left is the one that is compared. */
  readonly left?: Keywords;
  readonly right?: Keywords;
  readonly ipv6?: boolean;
  readonly initiator?: 'right';
}

type Variables = Readonly<Record<string, string>>;

const nets = { leftid: '@left.example', rightid: '@right.example' };

const cases: Readonly<Record<string, Case>> = {
  'two networks': {
    conn: { ...nets, leftsubnet: '10.1.0.0/16', rightsubnet: '10.2.0.1/32' },
    left: { leftsourceip: '10.1.0.1', metric: '7', mtu: '1400', nflog: '9' },
  },
  'two networks, and the peer begins': {
    conn: { ...nets, leftsubnet: '10.1.0.0/16', rightsubnet: '10.2.0.0/15', pfs: 'no', esn: 'no' },
    initiator: 'right',
  },
  'hosts, with ports and names that a shell could take for more': {
    conn: {
      leftid: `"CN=it's $HOME, O=x"`,
      rightid: '"CN=`reboot`; rm -rf $HOME, O=x"',
      type: 'transport',
      leftprotoport: 'tcp/22',
      rightprotoport: 'tcp',
    },
  },
  'IPv6 networks': {
    conn: { leftsubnet: 'fd01::/64', rightsubnet: 'fd02::/48', fragmentation: 'force', rekey: 'no' },
    ipv6: true,
  },
  'IPv4 networks between IPv6 hosts': {
    conn: { ...nets, leftid: '@#6162', leftsubnet: '10.1.0.0/16', rightsubnet: '10.2.0.0/16' },
    ipv6: true,
  },
  'a client with an internal address': {
    conn: {
      ...nets,
      leftmodecfgclient: 'yes',
      rightmodecfgserver: 'yes',
      rightsubnet: '10.2.0.0/16',
      narrowing: 'yes',
    },
    right: {
      left: '%any',
      leftaddresspool: '10.3.0.1-10.3.0.9',
      narrowing: 'no',
      modecfgdns: '"10.2.0.53, 10.2.0.54"',
      modecfgdomains: '"corp.example, lab.example"',
    },
  },
};

suite('updown commands, as pluto runs them', ['namespaces', 'pluto', 'fakexfrm', 'ours'], () => {
  for (const [name, one] of Object.entries(cases)) {
    it.concurrent(name, async ({ stage }) => {
      const [ours, theirs] = await Promise.all([told(stage, 'ours', one), told(stage, 'pluto', one)]);
      expect(ours.map(({ PLUTO_VERB }) => PLUTO_VERB)).toEqual(theirs.map(({ PLUTO_VERB }) => PLUTO_VERB));
      const verbs = ours.map(({ PLUTO_VERB = '' }) => PLUTO_VERB.split('-')[0]);
      expect(verbs).toEqual(['up', 'prepare', 'route', 'down', 'unroute']);
      expect(ours.map(comparable)).toEqual(theirs.map(comparable));
    });
  }
});

/** Numbers that each run chooses itself, and what the shim makes up, are but of the same kind. */
function comparable(variables: Variables): Variables {
  const { PLUTO_ADDTIME: _time, PLUTO_STACK: _stack, ...rest } = variables;
  const kind = (value = ''): string =>
    value.replace(/^0x[1-9a-f][0-9a-f]*$/, 'an SPI').replace(/^[1-9]\d*$/, 'a number');
  const { SPI_IN, SPI_OUT, PLUTO_SA_REQID, PLUTO_CONN_KIND } = rest;
  return {
    ...rest,
    SPI_IN: kind(SPI_IN),
    SPI_OUT: kind(SPI_OUT),
    PLUTO_SA_REQID: kind(PLUTO_SA_REQID),
    // An instance that is being deleted has a kind of its own there.
    ...(PLUTO_CONN_KIND === 'CK_GOING_AWAY' && { PLUTO_CONN_KIND: 'CK_INSTANCE' }),
  };
}

/** What left's command is told while the connection comes up, goes down and is forgotten. */
async function told(stage: Stage, who: 'ours' | 'pluto', one: Case): Promise<Variables[]> {
  const wire = await stage.keep(await link(), (each) => each.close());
  const address = (side: Side) => (one.ipv6 ? side.address6 : side.address);
  const place = await stage.keep(scratch('updown'), (each) => each.remove());
  const log = join(place.path, 'told');
  const script = join(place.path, 'updown');
  // One record a write: two commands never mix.
  writeFileSync(script, `#!/bin/sh\nrecord="$(env; echo =)"\nprintf '%s\\n' "$record" >> '${log}'\n`);
  chmodSync(script, 0o755);
  const conn = {
    left: address(wire.left),
    right: address(wire.right),
    ikev2: 'insist',
    authby: 'secret',
    auto: 'add',
    ...one.conn,
  };
  const config = (further: Keywords): string => ipsecConf({ conns: { net: { ...conn, ...further } } });
  const secrets = `: PSK "${secret}"\n`;
  const args = ['--impair', 'revival'];
  const right = await stage.daemon(
    Pluto.start({
      side: wire.right,
      config: config({ rightupdown: '%disabled', ...one.right }),
      conns: ['net'],
      args,
      secrets,
    }),
  );
  const own = { side: wire.left, config: config({ leftupdown: script, ...one.left }), secrets };
  const left =
    who === 'pluto'
      ? await stage.daemon(Pluto.start({ ...own, conns: ['net'], args }))
      : await stage.daemon(Ours.start({ ...own, kernel: 'memory', listen: [conn.left] }));
  const ran = (verb: string): Promise<true> =>
    until(
      `${who} runs ${verb}`,
      () => (read(log).some(({ PLUTO_VERB }) => PLUTO_VERB?.startsWith(verb)) ? true : undefined),
      15_000,
      () => `${left.log}\n${right.log}`,
    );
  const up = one.initiator === 'right' ? await right.up('net') : await left.up('net');
  expect(up.code, `${up.stdout}${up.stderr}\n${left.log}\n${right.log}`).toBe(0);
  await ran('route');
  await left.down('net');
  await ran('down');
  await left.stop();
  return read(log);
}

const read = (log: string): Variables[] =>
  existsSync(log)
    ? readFileSync(log, 'utf8')
        .split('\n=\n')
        .slice(0, -1)
        .map((record) =>
          Object.fromEntries(
            record
              .split('\n')
              .filter((line) => /^(PLUTO_|SPI_|VTI_|XAUTH_|CAT=|NFLOG=|CONNMARK)/.test(line))
              .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
          ),
        )
    : [];
