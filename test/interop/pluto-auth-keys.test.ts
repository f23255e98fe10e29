/** Our daemon and pluto 4.10 with raw public keys, with keys from PKCS#12 files, and with shared keys of which there are many. */
import { expect } from 'vitest';
import { root } from './peers/holders.ts';
import type { Keywords } from './peers/ipsec-conf.ts';
import { scratch } from './peers/mounts.ts';
import { suite } from './peers/needs.ts';
import { fileSecret, newHostKey, nssOf, pkcs12, type RawKind } from './peers/nss.ts';
import { ikev2 } from './peers/places.ts';
import { must } from './peers/process.ts';
import { it } from './peers/staged.ts';
import { holderOf, ids } from './pluto-certificates.ts';
import { establish, pair, roles, type Setting, takeDown } from './pluto-pair.ts';

const needs = ['namespaces', 'pluto', 'fakexfrm', 'ours'] as const;

const own = (verb: string, ...args: string[]) =>
  must([process.execPath, ikev2, verb, ...args], { within: 60_000 });

/** `leftrsasigkey=0s...`, as either tool prints it, as a keyword. */
function keyword(line: string): Keywords {
  const [, name = '', value = ''] = /^\s*(\w+)\s*=\s*(\S+)/m.exec(line.replaceAll(/^\s*#.*$/gm, '')) ?? [];
  return { [name]: value };
}

/** A directory with a key that `ikev2 newhostkey` made, and the key's line. */
async function ourHostKey(kind: RawKind): Promise<{ readonly store: string; readonly line: string }> {
  const { path: store } = scratch('store');
  await own('newhostkey', '--type', kind, '--dir', store);
  return { store, line: await own('showhostkey', '--left', '--dir', store) };
}

const made = new Map<string, unknown>();

/** Made once for all tests: keys take their time. */
function once<T>(name: string, make: () => T): T {
  if (!made.has(name)) made.set(name, make());
  return made.get(name) as T;
}

const ofOurs = (kind: RawKind) => once(`ours ${kind}`, () => ourHostKey(kind));
const ofPluto = (kind: RawKind) => once(`pluto ${kind}`, () => newHostKey(kind, 'right'));
const anothers = () => once('another', () => newHostKey('rsa', 'right'));

async function rawKeys(kind: RawKind): Promise<Setting> {
  const [ours, pluto] = await Promise.all([ofOurs(kind), ofPluto(kind)]);
  return {
    store: ours.store,
    nss: pluto.nss,
    conn: { authby: kind === 'rsa' ? 'rsasig' : 'ecdsa', ...keyword(ours.line), ...keyword(pluto.line) },
  };
}

suite('raw keys with pluto', needs, () => {
  for (const initiator of roles) {
    for (const kind of ['rsa', 'ecdsa'] as const)
      it.concurrent(`${kind}, ${initiator} initiates`, async ({ stage }) => {
        const both = await pair(stage, await rawKeys(kind));
        await establish(both, initiator);
        await takeDown(both, initiator);
      });

    it.concurrent(`we know another key; ${initiator} initiates`, async ({ stage }) => {
      const [setting, another] = await Promise.all([rawKeys('rsa'), anothers()]);
      const both = await pair(stage, { ...setting, oursConn: keyword(another.line) });
      const done = initiator === 'ours' ? await both.ours.up('net') : await both.pluto.up('net');
      expect(done.code).not.toBe(0);
      await both.ours.says(
        'AUTHENTICATION_FAILED: AUTH of @pluto.example does not hold with the key known of it',
      );
      await Promise.all([both.ours.empty(), both.pluto.empty()]);
    });

    it.concurrent(`pluto knows another key; ${initiator} initiates`, async ({ stage }) => {
      const [setting, another] = await Promise.all([rawKeys('rsa'), anothers()]);
      const both = await pair(stage, {
        ...setting,
        plutoConn: keyword(another.line.replace('right', 'left')),
      });
      const done = initiator === 'ours' ? await both.ours.up('net') : await both.pluto.up('net');
      // whack counts its own refusal as a success.
      expect(both.pluto.log).toContain('authentication failed: using RSASSA-PSS with SHA2_512');
      if (initiator === 'ours')
        expect(done.stderr).toContain(
          'peer answered AUTHENTICATION_FAILED to our identity @ours.example and our signature',
        );
      else await both.ours.says('DELETED_BY_PEER');
      await Promise.all([both.ours.empty(), both.pluto.empty()]);
    });
  }
});

suite('PKCS#12 files, with pluto', needs, () => {
  const ca = root('ca', { kind: 'rsa2048' });
  const [ours, pluto] = [holderOf('ours', ca), holderOf('pluto', ca)];
  const conn = { authby: 'rsasig', leftid: '%fromcert', rightid: '%fromcert' };
  const plutoConn = { rightcert: 'pluto' };

  it.concurrent('given directly: leftcert=file.p12, and its secret in ipsec.secrets', async ({ stage }) => {
    const file = await pkcs12('ours', ours, [ca]);
    const both = await pair(stage, {
      conn,
      plutoConn,
      nss: await nssOf({ holder: pluto, trusts: [ca] }),
      oursConn: { leftcert: file },
      oursSecrets: `: P12 ${file} "${fileSecret}"\n`,
      store: {},
    });
    await establish(both, 'ours');
    expect((await both.ours.established()).localId).toBe('C=CA, O=Interop, CN=ours');
    await takeDown(both, 'pluto');
  });

  it.concurrent('put into the store by ikev2 import', async ({ stage }) => {
    const { path: store } = scratch('store');
    process.env.IKEV2_TEST_SECRET = fileSecret;
    await own(
      'import',
      await pkcs12('me', ours, [ca]),
      '--dir',
      store,
      '--passphrase-env',
      'IKEV2_TEST_SECRET',
    );
    const nss = await nssOf({ holder: pluto, trusts: [ca] });
    const both = await pair(stage, { conn, plutoConn, nss, oursConn: { leftcert: 'me' }, store });
    await establish(both, 'pluto');
    await takeDown(both, 'ours');
  });
});

const [a, b] = [`@${ids.ours}`, `@${ids.pluto}`];
const line = (who: string, key: string) => `${who}: PSK "${key}"`;

/** ipsec.secrets, in which the key of a pair is always "the right one", and what else is said of others. */
const keyFiles: readonly [name: string, lines: readonly string[]][] = [
  [
    'the pair before one end and before any',
    [line('', 'a wrong one'), line(`${b} `, 'one more'), line(`${a} ${b} `, 'the right one')],
  ],
  ['the pair in the other order', [line('%any ', 'a wrong one'), line(`${b} ${a} `, 'the right one')]],
  [
    'the peer with %any before %any alone',
    [line('%any %any ', 'a wrong one'), line(`%any ${b} `, 'the right one'), line('@x %any ', 'one more')],
  ],
  [
    'addresses are not identities',
    [line('192.168.1.2 192.168.1.3 ', 'a wrong one'), line(`${a} ${b} `, 'the right one')],
  ],
  [
    'others are not asked',
    [
      line(`@other.example ${b} `, 'a wrong one'),
      line(`${a} @other.example `, 'one more'),
      line('', 'the right one'),
    ],
  ],
];

suite('several shared keys with pluto', needs, () => {
  const right = ': PSK "the right one"\n';
  for (const [i, [name, lines]] of keyFiles.entries()) {
    const all = `${lines.join('\n')}\n`;
    for (const [who, oursSecrets, plutoSecrets] of [
      ['we have them', all, right],
      ['pluto has them', right, all],
      ['both have them', all, all],
    ] as const)
      it.concurrent(`${name}; ${who}`, async ({ stage }) => {
        const both = await pair(stage, { oursSecrets, plutoSecrets });
        await establish(both, roles[i % 2] ?? 'ours');
      });
  }
});
