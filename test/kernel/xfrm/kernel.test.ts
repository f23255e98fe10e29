/** The data plane over this machine's own kernel, in a network namespace of the test's own: all but SAs is real. */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Libc, libc } from '../../../src/kernel/libc.ts';
import type { KernelNotice, PolicyCommand, SaCommand } from '../../../src/kernel/port.ts';
import { xfrmAddressOf } from '../../../src/kernel/xfrm/addresses.ts';
import { XfrmKernel, type XfrmKernelOptions } from '../../../src/kernel/xfrm/kernel.ts';
import { ourReqids } from '../../../src/kernel/xfrm/leftovers.ts';
import type { MessageOf } from '../../../src/kernel/xfrm/messages.ts';
import { XfrmMonitor } from '../../../src/kernel/xfrm/monitor.ts';
import { MessageType, Mode } from '../../../src/kernel/xfrm/numbers.ts';
import { neighbourDiscoveryBypass, newPolicies, policyDeletion } from '../../../src/kernel/xfrm/policies.ts';
import {
  allocateSpi,
  dumpPolicies,
  dumpSas,
  flushPolicies,
  flushSas,
} from '../../../src/kernel/xfrm/requests.ts';
import { XfrmSocket } from '../../../src/kernel/xfrm/socket.ts';
import { Encr } from '../../../src/wire/numbers.ts';
import { ownNetwork } from './own-network.ts';
import { net } from './selectors.ts';

const network = ownNetwork();
const why = typeof network === 'string' ? network : undefined;
if (why) console.warn(`skipped: ${why}`);

const reqid = ourReqids.first;
const policy: PolicyCommand = {
  direction: 'out',
  reqid,
  mode: 'tunnel',
  local: net('10.1.0.0/16'),
  remote: net('10.2.0.0/16'),
  localAddress: '192.0.2.1',
  remoteAddress: '192.0.2.2',
};
const sa: SaCommand = {
  id: { spi: 0x1001, destination: '192.0.2.2' },
  source: '192.0.2.1',
  direction: 'out',
  mode: 'tunnel',
  reqid,
  encryption: { transform: Encr.AES_GCM_16, keyBits: 128, key: new Uint8Array(20) },
  ...{ esn: false, replayWindow: 32, local: [policy.local], remote: [policy.remote] },
};
/** One that any number may run with, as after a kill. */
function unlocked(): Libc {
  const calls = libc();
  const AF_UNIX = 1;
  return {
    ...calls,
    bind: (fd: number, address: Uint8Array, length: number) =>
      address[0] === AF_UNIX ? 0 : calls.bind(fd, address, length),
  };
}
const expiry = () => Number(readFileSync('/proc/sys/net/core/xfrm_acq_expires', 'utf8'));

describe.skipIf(why !== undefined)('the data plane of the kernel', () => {
  let socket: XfrmSocket;
  let kernel: XfrmKernel;
  let remarks: string[];
  let heard: (notice: KernelNotice) => void;

  const open = (options: Partial<XfrmKernelOptions> = {}) =>
    new XfrmKernel({
      notice: (notice) => heard(notice),
      now: () => performance.now(),
      unixTime: () => Date.now(),
      remark: (text) => remarks.push(text),
      ...options,
    });
  const next = () =>
    new Promise<KernelNotice>((resolve) => {
      heard = resolve;
    });
  const policies = () =>
    socket.dump(dumpPolicies()).filter((one): one is MessageOf<'NEWPOLICY'> => one.kind === 'NEWPOLICY');
  /** Reqid, or the action, of each policy out to 10.2.0.0/16. */
  const outward = () =>
    policies()
      .filter(({ body }) => body.sel.family === 2 && body.dir === 1)
      .map(({ body, attributes }) => {
        const template = attributes.find(({ kind }) => kind === 'TMPL');
        return template?.kind === 'TMPL' ? template.value[0]?.reqid : ['bypass', 'discard'][body.action];
      });
  const apply = (kind: 'addPolicy' | 'deletePolicy', change: Partial<PolicyCommand> = {}) =>
    kernel.apply({ kind, policy: { ...policy, ...change } });

  beforeAll(() => {
    if (typeof network !== 'string') network.enter();
    execFileSync('sh', [
      '-ec',
      'ip link set lo up; ip addr add 10.1.0.1/16 dev lo; ip route add 10.2.0.0/16 dev lo; echo 0 >/proc/sys/net/ipv4/conf/lo/disable_xfrm',
    ]);
    socket = new XfrmSocket();
  });
  afterAll(() => {
    socket?.close();
    if (typeof network !== 'string') network.leave();
  });
  beforeEach(() => {
    remarks = [];
    heard = () => {};
    kernel = open();
  });
  afterEach(() => {
    kernel.close();
    for (const message of [flushPolicies(), flushSas()]) socket.do(message);
  });

  describe('has of equal policies', () => {
    it('the newest, and each until it is deleted', () => {
      apply('addPolicy');
      const child = { reqid: reqid + 1 };
      apply('addPolicy', child);
      expect(outward()).toEqual([reqid + 1]);
      apply('addPolicy', { reqid: reqid + 2 });
      apply('deletePolicy', child);
      expect(outward()).toEqual([reqid + 2]);
      apply('deletePolicy', { reqid: reqid + 2 });
      expect(outward()).toEqual([reqid]);
      apply('deletePolicy');
      expect(outward()).toEqual([]);
    });

    it('the one of the best rank, whatever came last', () => {
      apply('addPolicy', { action: 'discard', rank: 'shunt' });
      apply('addPolicy');
      expect(outward()).toEqual(['discard']);
      apply('deletePolicy', { action: 'discard', rank: 'shunt' });
      expect(outward()).toEqual([reqid]);
    });

    it('one of several that are the same until the last goes', () => {
      apply('addPolicy');
      apply('addPolicy');
      apply('deletePolicy');
      expect(outward()).toEqual([reqid]);
      apply('deletePolicy');
      expect(outward()).toEqual([]);
      expect(() => apply('deletePolicy')).toThrow(
        expect.objectContaining({ code: 'KERNEL', command: 'deletePolicy', errno: 'ENOENT' }),
      );
    });

    it('as many kernel policies as a range needs, and none that is not needed', () => {
      const range = { ...net('10.2.0.1/32'), end: Uint8Array.of(10, 2, 0, 6) };
      apply('addPolicy', { remote: net('10.2.0.2/31') });
      apply('addPolicy', { remote: range, reqid: reqid + 1 });
      expect(outward().sort()).toEqual(Array(4).fill(reqid + 1));
      apply('deletePolicy', { remote: range, reqid: reqid + 1 });
      expect(outward()).toEqual([reqid]);
    });

    it('those of another mark or interface beside them', () => {
      apply('addPolicy');
      apply('addPolicy', { settings: { ifId: 7, reqid: 5 } });
      apply('addPolicy', { settings: { markOut: { value: 1, mask: 3 }, priority: 9 } });
      expect(new Set(outward())).toEqual(new Set([5, reqid]));
      expect(outward()).toHaveLength(3);
      expect(policies().map(({ body }) => body.priority)).toContain(9);
    });
  });

  it('refuses what the kernel has no way to say, and nothing of it stays', () => {
    expect(() => apply('addPolicy', { localAddress: 'here' })).toThrow(
      expect.objectContaining({ code: 'KERNEL', errno: 'EINVAL' }),
    );
    expect(outward()).toEqual([]);
    expect(() => kernel.apply({ kind: 'deleteSa', id: sa.id })).toThrow(
      expect.objectContaining({ command: 'deleteSa', errno: 'ESRCH' }),
    );
    expect(kernel.counters(sa.id)).toBeUndefined();
  });

  it('says in one line which algorithm the kernel lacks, and in the port its errno', () => {
    const transforms = { encr: Encr.AES_GCM_16, keyBits: 128, integ: 0 };
    const lack = kernel.lacks(transforms);
    expect(socket.dump(dumpSas())).toEqual([]);
    if (lack === undefined) return kernel.apply({ kind: 'addSa', sa });
    expect(lack).toBe('AES_GCM_16-128: Requested AEAD algorithm not found (ENOSYS)');
    expect(() => kernel.apply({ kind: 'addSa', sa })).toThrow(
      expect.objectContaining({ code: 'KERNEL', command: 'addSa', errno: 'ENOSYS' }),
    );
    expect(remarks).toEqual([
      'the kernel cannot do ESP by AES_GCM_16-128: Requested AEAD algorithm not found (ENOSYS)',
    ]);
    expect(kernel.lacks({ encr: Encr.DES, keyBits: 56, integ: 0 })).toContain('no name for it');
  });

  it('tells the packet that has no SA, by the reqid of the command', async () => {
    apply('addPolicy', { settings: { reqid: 77 } });
    const notice = next();
    const packet = createSocket('udp4');
    packet.send('x', 5000, '10.2.0.1', () => packet.close());
    expect(await notice).toMatchObject({
      kind: 'acquire',
      reqid,
      sequence: expect.any(Number),
      remote: net('10.2.0.1/32', 17, 5000),
    });
    apply('deletePolicy', { settings: { reqid: 77 } });
  });

  it('tells of a packet again when the larval state of the first has expired', async () => {
    kernel.close();
    kernel = open({ acquireExpiry: 1 });
    apply('addPolicy');
    const expired = new Promise<void>((resolve, reject) => {
      const monitor = new XfrmMonitor({
        groups: ['EXPIRE'],
        told: () => {
          monitor.close();
          resolve();
        },
        lost: () => {},
        failed: reject,
      });
    });
    const packet = createSocket('udp4');
    const first = next();
    packet.send('x', 5000, '10.2.0.1');
    const before = await first;
    await expired;
    const second = next();
    packet.send('x', 5000, '10.2.0.1', () => packet.close());
    const after = await second;
    expect(after).toMatchObject({ kind: 'acquire', remote: net('10.2.0.1/32', 17, 5000) });
    expect(after).not.toMatchObject({ sequence: before.kind === 'acquire' && before.sequence });
  });

  it('takes the larval states of its packets with it', async () => {
    apply('addPolicy');
    const notice = next();
    const packet = createSocket('udp4');
    packet.send('x', 5000, '10.2.0.1', () => packet.close());
    await notice;
    const larval = () =>
      socket.dump(dumpSas()).filter((one) => one.kind === 'NEWSA' && one.body.reqid === reqid);
    expect(larval()).toHaveLength(1);
    kernel.close();
    expect(larval()).toEqual([]);
  });

  it('finds again what it did not hear of, and puts back what others deleted', async () => {
    const calls = { ...libc() };
    let lost = 0;
    // The kernel had more to tell than the monitor's socket held: ENOBUFS instead of the message.
    kernel.close();
    kernel = open({
      calls: {
        ...calls,
        recv(fd, octets, length, flags) {
          const got = calls.recv(fd, octets, length, flags);
          if (got < 20 || octets[4] !== MessageType.ACQUIRE) return got;
          lost++;
          return -1;
        },
        errno: () => (lost === 1 && ++lost ? 105 : calls.errno()),
      },
    });
    apply('addPolicy');
    apply('addPolicy', { direction: 'in' });
    for (const one of policies().filter(({ body }) => body.dir === 0 && body.sel.family === 2))
      socket.do(policyDeletion(one));
    const notice = next();
    const packet = createSocket('udp4');
    packet.send('x', 5000, '10.2.0.1', () => packet.close());
    expect(await notice).toMatchObject({ kind: 'acquire', reqid, remote: net('10.2.0.1/32', 17, 5000) });
    expect(
      policies()
        .filter(({ body }) => body.sel.family === 2)
        .map(({ body }) => body.dir),
    ).toEqual(expect.arrayContaining([0, 1]));
  });

  it('hears nothing of the policies of others', async () => {
    socket.doAll(newPolicies({ ...policy, reqid: 5 }));
    const packet = createSocket('udp4');
    const sent = (to: string) => new Promise((resolve) => packet.send('x', 5000, to, resolve));
    await sent('10.2.0.1');
    apply('addPolicy', { remote: net('10.2.3.0/24') });
    const notice = next();
    await sent('10.2.3.1');
    packet.close();
    expect(await notice).toMatchObject({ remote: net('10.2.3.1/32', 17, 5000) });
  });

  describe('at its end', () => {
    it('leaves nothing of ours, and all of others', () => {
      kernel.close();
      const [neighbours] = neighbourDiscoveryBypass();
      if (neighbours) socket.do(neighbours);
      const before = expiry();
      kernel = open({ acquireExpiry: before + 100 });
      expect(expiry()).toBe(before + 100);
      expect(policies()).toHaveLength(15);
      socket.doAll(newPolicies({ ...policy, reqid: 5, remote: net('10.3.0.0/16') }));
      apply('addPolicy');
      apply('addPolicy', { direction: 'fwd' });
      apply('addPolicy', { action: 'bypass', remote: net('10.4.0.0/16') });
      kernel.close();
      expect(policies().map(({ body }) => body.sel.proto)).toEqual(expect.arrayContaining([58, 0]));
      expect(policies()).toHaveLength(2);
      expect(expiry()).toBe(before);
      kernel.close();
    });

    it('of a run that was killed, the next one clears what it left', () => {
      kernel.close();
      // What a killed one leaves: it never closes, and has no lock any more.
      const killed = open({ calls: unlocked() });
      killed.apply({ kind: 'addPolicy', policy });
      killed.apply({
        kind: 'addPolicy',
        policy: { ...policy, action: 'discard', remote: net('10.9.0.0/16') },
      });
      const end = (text: string) => xfrmAddressOf(text) ?? { family: 0, octets: new Uint8Array(16) };
      socket.ask(
        allocateSpi({
          ...{ source: end('192.0.2.1'), destination: end('192.0.2.2') },
          ...{ mode: Mode.TUNNEL, reqid, min: 0x1000, max: 0x1fff },
        }),
      );
      remarks = [];
      const second = open();
      expect(remarks).toEqual(['cleared in the kernel from a run before: SAs 1, policies 17']);
      expect(socket.dump(dumpSas())).toEqual([]);
      expect(outward()).toEqual([]);
      second.close();
      killed.close();
    });

    it('of one that others live beside, deletes what is its own', () => {
      apply('addPolicy');
      const other = open({ calls: unlocked(), reqids: [5] });
      apply('addPolicy', { remote: net('10.3.0.0/16') });
      socket.doAll(newPolicies({ ...policy, reqid: 5, remote: net('10.4.0.0/16') }));
      remarks = [];
      other.close();
      expect(remarks).toEqual([]);
      const left = policies().filter(({ body }) => body.sel.family === 2);
      expect(left).toHaveLength(2);
    });
  });

  describe('of another of the same namespace', () => {
    it('is refused before anything is cleared, and is there when this one is gone', () => {
      apply('addPolicy');
      const before = policies();
      expect(() => open()).toThrow(
        expect.objectContaining({
          code: 'SYSTEM',
          errno: 'EADDRINUSE',
          message: expect.stringContaining('another ikev2 daemon has this kernel'),
        }),
      );
      expect(policies()).toEqual(before);
      kernel.close();
      kernel = open();
      apply('addPolicy');
      expect(outward()).toEqual([reqid]);
    });

    it('holds the descriptors of one refused no longer', () => {
      const descriptors = () => readdirSync('/proc/self/fd').length;
      const refused = () => {
        try {
          open();
        } catch {}
      };
      refused();
      const before = descriptors();
      for (let n = 0; n < 10; n++) refused();
      expect(descriptors()).toBe(before);
    });
  });
});
