/**
 * `ikev2 bench` against real responders: what it counts is what they did.
 *
 *   bench   IKE_SA_INIT, IKE_AUTH, CREATE_CHILD_SA (rekey), INFORMATIONAL { D } -->   charon, pluto
 */
import { expect } from 'vitest';
import type { Result } from '../../src/load/index.ts';
import { secret } from './both-ends.ts';
import * as charonPair from './charon-pair.ts';
import { inNetwork, type Link } from './peers/namespaces.ts';
import { suite } from './peers/needs.ts';
import { ikev2 } from './peers/places.ts';
import { run } from './peers/process.ts';
import { it } from './peers/staged.ts';
import * as plutoPair from './pluto-pair.ts';

const few = ['--count', '8', '--warm-up', '2', '--concurrency', '3', '--psk', secret];

async function bench(wire: Link, ...args: string[]): Promise<Result> {
  const command = [process.execPath, ikev2, 'bench', '--json', '--target', wire.right.address, ...args];
  const { code, stdout, stderr } = await run([...inNetwork(wire.left.namespace), ...command], {
    within: 60_000,
  });
  expect(code, `${stdout}${stderr}`).toBe(0);
  const line = stdout.split('\n').find((each) => each.startsWith('{"kind":"result"'));
  return JSON.parse(line ?? '{}') as Result;
}

suite('ikev2 bench against charon', ['namespaces', 'charon', 'fakexfrm', 'ours'], () => {
  const setting = {
    noData: true,
    connection: { unique: 'never' },
    child: { remote_ts: '10.0.0.0/8', local_ts: '0.0.0.0/0' },
  };
  const traffic = ['--id', `@${charonPair.ids.ours}`, '--subnet', '10.0.0.0/8+n'];

  it.concurrent('makes SAs, and leaves them', async ({ stage }) => {
    const { charon, wire } = await charonPair.bench(stage, setting);
    const result = await bench(wire, ...few, ...traffic, '--leave');
    expect(result).toMatchObject({ done: 8, failed: 0, trouble: {} });
    const sas = (await charon.list()).filter(({ state }) => state === 'ESTABLISHED');
    expect(sas).toHaveLength(10);
  });

  it.concurrent('rekeys a child of each, and deletes them', async ({ stage }) => {
    const { charon, wire } = await charonPair.bench(stage, setting);
    const result = await bench(wire, ...few, ...traffic, '--rekey');
    expect(result).toMatchObject({ done: 8, failed: 0, trouble: {} });
    expect(result.rekeyLatency?.count).toBe(8);
    await charon.empty();
  });

  it.concurrent('says what charon refused', async ({ stage }) => {
    const { wire } = await charonPair.bench(stage, setting);
    const refused = ['--count', '2', '--warm-up', '0', '--psk', secret, ...traffic, '--suite'];
    const command = [process.execPath, ikev2, 'bench', '--target', wire.right.address, ...refused];
    const done = await run([
      ...inNetwork(wire.left.namespace),
      ...command,
      'aes256-sha512-modp4096',
      '--timeout',
      '2s',
    ]);
    expect(done.code).toBe(1);
    expect(done.stdout).toContain('NO_PROPOSAL_CHOSEN');
  });
});

suite('ikev2 bench against pluto', ['namespaces', 'pluto', 'fakexfrm', 'ours'], () => {
  const conn = {
    rightid: '@pluto.example',
    leftid: '',
    left: '%any',
    leftsubnet: '10.0.0.0/8',
    narrowing: 'yes',
  };
  const setting = { plutoConn: conn, plutoSetup: { uniqueids: 'no' } };
  const traffic = ['--subnet', '10.0.0.0/8+n', '--peer-subnet', '10.2.0.1/32'];

  it.concurrent('makes SAs, each with an identity and an address of its own', async ({ stage }) => {
    const { pluto, wire } = await plutoPair.bench(stage, setting);
    const result = await bench(wire, ...few, ...traffic, '--leave');
    expect(result).toMatchObject({ done: 8, failed: 0, trouble: {} });
    expect(await pluto.spis()).toHaveProperty('size', 20);
  });

  it.concurrent('deletes what it made', async ({ stage }) => {
    const { pluto, wire } = await plutoPair.bench(stage, setting);
    expect(await bench(wire, ...few, ...traffic)).toMatchObject({ done: 8, failed: 0, trouble: {} });
    await pluto.empty();
  });

  it.concurrent('asks for cookies when it is busy', async ({ stage }) => {
    const { wire } = await plutoPair.bench(stage, {
      ...setting,
      plutoSetup: { 'ddos-mode': 'busy', uniqueids: 'no' },
    });
    const cookies = await bench(wire, '--mode', 'cookie', '--count', '20', '--warm-up', '2');
    expect(cookies).toMatchObject({ done: 20, failed: 0 });
    expect(await bench(wire, ...few, ...traffic)).toMatchObject({ done: 8, failed: 0 });
  });
});
