/** This machine's own kernel, in a network namespace of this test's own: policies and larval states are real. */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { xfrmAddressOf } from '../../../src/kernel/xfrm/addresses.ts';
import { deleteSa, newSa } from '../../../src/kernel/xfrm/commands.ts';
import { noticeGroups, noticeOf } from '../../../src/kernel/xfrm/events.ts';
import type { XfrmMessage } from '../../../src/kernel/xfrm/messages.ts';
import { XfrmMonitor } from '../../../src/kernel/xfrm/monitor.ts';
import { Mode, NlmFlag } from '../../../src/kernel/xfrm/numbers.ts';
import { deletePolicies, neighbourDiscoveryBypass, newPolicies } from '../../../src/kernel/xfrm/policies.ts';
import {
  allocateSpi,
  dumpPolicies,
  dumpSas,
  flushPolicies,
  flushSas,
  getAe,
  getDefault,
  migrate,
  newAe,
  sadInfo,
  setDefault,
  spdInfo,
} from '../../../src/kernel/xfrm/requests.ts';
import { XfrmSocket } from '../../../src/kernel/xfrm/socket.ts';
import { ownNetwork } from './own-network.ts';
import { net } from './selectors.ts';

const network = ownNetwork();
const why = typeof network === 'string' ? network : undefined;
if (why) console.warn(`skipped: ${why}`);

const policy = (n: number) => ({
  direction: 'out' as const,
  reqid: n,
  mode: 'tunnel' as const,
  local: net('10.1.0.0/16'),
  remote: net(`10.2.${n >> 8}.${n & 255}/32`),
  localAddress: '192.0.2.1',
  remoteAddress: '192.0.2.2',
});
const end = (text: string) => xfrmAddressOf(text) ?? { family: 0, octets: new Uint8Array(16) };
const spi = (min: number, max: number) =>
  allocateSpi({
    source: end('192.0.2.1'),
    destination: end('192.0.2.2'),
    mode: Mode.TUNNEL,
    reqid: 7,
    min,
    max,
  });

describe.skipIf(why !== undefined)('XFRM of the kernel', () => {
  let socket: XfrmSocket;
  beforeAll(() => {
    if (typeof network !== 'string') network.enter();
    socket = new XfrmSocket();
  });
  afterAll(() => {
    socket?.close();
    if (typeof network !== 'string') network.leave();
  });

  it('takes policies, shows them as they are and deletes them', () => {
    const made = [
      ...newPolicies(policy(1)),
      ...newPolicies({ ...policy(2), direction: 'in', action: 'discard' }),
    ];
    for (const message of made) socket.do(message);
    const shown = socket.dump(dumpPolicies());
    const known = shown.flatMap((each) => (each.kind === 'NEWPOLICY' ? [each.body] : []));
    for (const { body } of made) {
      const same = known.find(({ dir }) => dir === body.dir);
      expect(same).toEqual({ ...body, index: same?.index, curlft: same?.curlft });
    }
    for (const message of deletePolicies(policy(1))) socket.do(message);
    expect(socket.dump(dumpPolicies())).toHaveLength(1);
    socket.do(flushPolicies());
    expect(socket.dump(dumpPolicies())).toEqual([]);
  });

  it('refuses with a symbolic errno', () => {
    const [message] = newPolicies(policy(1));
    if (!message) throw new Error('no policy');
    socket.do(message);
    const refused = (errno: string, command: string) =>
      expect.objectContaining({ code: 'XFRM', errno, command });
    expect(() => socket.do(message)).toThrow(refused('EEXIST', 'NEWPOLICY'));
    socket.do(flushPolicies());
    expect(() => socket.do(deleteSa({ spi: 5, destination: '192.0.2.2' }))).toThrow(
      refused('ESRCH', 'DELSA'),
    );
    socket.ask(spi(0x100, 0x100));
    expect(() => socket.ask(spi(0x100, 0x100))).toThrow(refused('ENOENT', 'ALLOCSPI'));
    socket.do(flushSas());
  });

  it('says in its own words why it has no SA', () => {
    const sa = {
      ...({
        id: { spi: 0x1001, destination: '192.0.2.2' },
        source: '192.0.2.1',
        direction: 'out',
        mode: 'tunnel',
      } as const),
      encryption: { transform: 20, keyBits: 128, key: new Uint8Array(20) },
      ...{ reqid: 1, esn: false, replayWindow: 32, local: [], remote: [] },
    };
    try {
      socket.do(newSa(sa));
    } catch (error) {
      // A kernel without ESP.
      expect(error).toMatchObject({
        errno: 'ENOSYS',
        extack: { message: 'Requested AEAD algorithm not found' },
      });
      return;
    }
    socket.do(deleteSa(sa.id));
  });

  it('allots SPIs, and shows their larval states', () => {
    const given = socket.ask(spi(0x2000, 0x2fff));
    if (given.kind !== 'NEWSA') throw new Error(given.kind);
    expect(given.body.id.spi).toBeGreaterThanOrEqual(0x2000);
    expect(given.body.id.spi).toBeLessThanOrEqual(0x2fff);
    expect(socket.dump(dumpSas())).toMatchObject([{ kind: 'NEWSA', body: { id: given.body.id, reqid: 7 } }]);
    expect(socket.ask(sadInfo())).toMatchObject({
      kind: 'NEWSADINFO',
      attributes: [{ kind: 'CNT', value: 1 }, { kind: 'HINFO' }],
    });
    socket.do(flushSas());
  });

  it('takes many at once, each with its own answer, and dumps them in parts', () => {
    const many = Array.from({ length: 1000 }, (_, n) => newPolicies(policy(n))).flat();
    expect(socket.doAll(many)).toEqual(many.map(() => undefined));
    const again = socket.doAll([...many.slice(0, 2), ...neighbourDiscoveryBypass(), ...many.slice(2, 3)]);
    expect(again.map((refused) => refused?.errno)).toEqual([
      'EEXIST',
      'EEXIST',
      ...Array(15).fill(undefined),
      'EEXIST',
    ]);
    expect(socket.dump(dumpPolicies())).toHaveLength(1015);
    expect(socket.ask(spdInfo())).toMatchObject({
      attributes: expect.arrayContaining([
        { kind: 'INFO', value: expect.objectContaining({ outcnt: 1005, incnt: 5, fwdcnt: 5 }) },
      ]),
    });
    socket.do(flushPolicies());
  });

  it('knows the SA of a GETAE, and refuses a NEWAE for what is no SA yet', () => {
    const ends = { source: end('192.0.2.1'), destination: end('192.0.2.2') };
    socket.ask(spi(0x3000, 0x3000));
    const of = { ...ends, spi: 0x3000, reqid: 7 };
    expect(socket.ask(getAe(of))).toMatchObject({
      kind: 'NEWAE',
      body: { sa_id: { spi: 0x3000 }, reqid: 7 },
      attributes: expect.arrayContaining([{ kind: 'LTIME_VAL', value: expect.anything() }]),
    });
    const numbers = { kind: 'REPLAY_VAL', value: { oseq: 5, seq: 6, bitmap: 0 } } as const;
    expect(() => socket.do(newAe(of, [numbers]), NlmFlag.REPLACE)).toThrow(
      expect.objectContaining({ command: 'NEWAE', errno: 'EINVAL' }),
    );
    expect(() => socket.ask(getAe({ ...of, spi: 0x3001 }))).toThrow(
      expect.objectContaining({ errno: 'ESRCH' }),
    );
    socket.do(flushSas());
  });

  it('takes a MIGRATE for what it is', () => {
    const [made] = newPolicies(policy(1));
    if (!made) throw new Error('no policy');
    socket.do(made);
    const [from, to] = [end('192.0.2.2'), end('192.0.2.3')];
    const move = { proto: 50, mode: Mode.TUNNEL, reqid: 1, old_family: from.family, new_family: to.family };
    const moves = [{ ...move, old_saddr: end('192.0.2.1').octets, new_saddr: end('192.0.2.1').octets }].map(
      (each) => ({ ...each, old_daddr: from.octets, new_daddr: to.octets }),
    );
    try {
      socket.do(migrate({ sel: made.body.sel, dir: made.body.dir }, moves));
      const [moved] = socket.dump(dumpPolicies());
      expect(moved?.attributes).toContainEqual(
        expect.objectContaining({
          value: [expect.objectContaining({ id: expect.objectContaining({ daddr: to.octets }) })],
        }),
      );
    } catch (error) {
      // A kernel without XFRM_MIGRATE.
      expect(error).toMatchObject({ command: 'MIGRATE', errno: 'ENOPROTOOPT' });
    }
    socket.do(flushPolicies());
  });

  it('keeps defaults', () => {
    socket.do(setDefault({ out: 'block' }));
    expect(socket.ask(getDefault()).body).toEqual({ in: 2, fwd: 2, out: 1 });
    socket.do(setDefault({ out: 'accept' }));
  });

  it('tells of itself what others do, until it is no longer asked', async () => {
    const told: XfrmMessage['kind'][] = [];
    const wanted = 203;
    await new Promise<void>((resolve, reject) => {
      const monitor = new XfrmMonitor({
        groups: ['POLICY', 'SA', 'ACQUIRE', 'EXPIRE', 'MAPPING'],
        told: ({ kind }) => {
          told.push(kind);
          if (told.length < wanted) return;
          monitor.close();
          resolve();
        },
        lost: () => reject(new Error('lost')),
        failed: reject,
      });
      for (let n = 0; n < 100; n++) {
        for (const message of [...newPolicies(policy(n)), ...deletePolicies(policy(n))]) socket.do(message);
      }
      socket.doAll(newPolicies(policy(1)));
      socket.do(flushPolicies());
      socket.do(setDefault({ out: 'accept' }));
    });
    expect(told.filter((kind) => kind === 'NEWPOLICY')).toHaveLength(101);
    expect(told.filter((kind) => kind === 'DELPOLICY')).toHaveLength(100);
    expect(told.slice(-2)).toEqual(['FLUSHPOLICY', 'GETDEFAULT']);
  });

  it('brings the ACQUIRE of a packet without an SA', async () => {
    const reqid = 0x4001;
    const setUp = 'ip link set lo up; ip addr add 10.1.0.1/16 dev lo; ip route add 10.2.0.0/16 dev lo';
    execFileSync('sh', ['-ec', `${setUp}; echo 0 >/proc/sys/net/ipv4/conf/lo/disable_xfrm`]);
    socket.doAll(newPolicies({ ...policy(1), reqid, remote: net('10.2.0.0/16') }));
    const packet = createSocket('udp4');
    const notice = await new Promise((resolve, reject) => {
      const monitor = new XfrmMonitor({
        groups: noticeGroups,
        told: (message) => {
          monitor.close();
          resolve(noticeOf(message));
        },
        lost: () => reject(new Error('lost')),
        failed: reject,
      });
      packet.send('x', 5000, '10.2.0.1', () => packet.close());
    });
    expect(notice).toMatchObject({ kind: 'acquire', reqid, remote: net('10.2.0.1/32', 17, 5000) });
    for (const message of [flushPolicies(), flushSas()]) socket.do(message);
  });

  it('is heard by eight at once, and files are read meanwhile', async () => {
    const heard = Array.from({ length: 8 }, () => {
      let first: () => void = () => {};
      const told = new Promise<void>((resolve) => {
        first = resolve;
      });
      const monitor = new XfrmMonitor({ groups: ['POLICY'], told: first, lost() {}, failed() {} });
      return { monitor, told };
    });
    await readFile('/proc/self/stat');
    for (const message of [...newPolicies(policy(1)), ...deletePolicies(policy(1))]) socket.do(message);
    await Promise.all(heard.map(({ told }) => told));
    for (const { monitor } of heard) monitor.close();
  });
});
