/** Commands that cannot be said to the kernel: refused before anything changes. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KernelCommand, PolicyCommand, SaCommand } from '../../../src/kernel/port.ts';
import { newSa } from '../../../src/kernel/xfrm/commands.ts';
import { XfrmKernel } from '../../../src/kernel/xfrm/kernel.ts';
import { ourReqids } from '../../../src/kernel/xfrm/leftovers.ts';
import { Encr } from '../../../src/wire/numbers.ts';
import { acknowledged, answerWith, type FakeKernel, fakeKernel } from './fake-libc.ts';
import { net } from './selectors.ts';

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
const range = (start: number[], end: number[]) => ({
  ...net('10.2.0.0/16'),
  start: Uint8Array.from(start),
  end: Uint8Array.from(end),
});
const sixteen = (octet: number) => Array.from({ length: 16 }, () => octet);

const policies: [string, Partial<PolicyCommand>][] = [
  ['if_id -1', { settings: { ifId: -1 } }],
  ['reqid -1', { reqid: -1 }],
  ['reqid 1.5', { reqid: 1.5 }],
  ['reqid= of 2^32', { settings: { reqid: 2 ** 32 } }],
  ['protocol -1', { local: { ...policy.local, protocol: -1 } as PolicyCommand['local'] }],
  ['port 70000', { local: { ...net('10.1.0.0/16', 6), endPort: 70_000 } }],
  ['priority 2^40', { settings: { priority: 2 ** 40 } }],
  ['mark -1', { settings: { mark: { value: -1, mask: 1 } } }],
  ['a label too long', { label: new Uint8Array(70_000) }],
  ['addresses of 5 octets', { local: range([10, 0, 0, 0, 0], [10, 0, 0, 0, 9]) }],
  ['a range of two families', { local: range([10, 0, 0, 0], sixteen(255)) }],
  ['a range that ends before it starts', { local: range([10, 0, 0, 9], [10, 0, 0, 1]) }],
];
const sas: [string, Partial<SaCommand>][] = [
  ['if_id -1', { settings: { ifId: -1 } }],
  ['reqid 1.5', { reqid: 1.5 }],
  ['SPI -1', { id: { ...sa.id, spi: -1 } }],
  ['1e20 packets', { limits: { octets: 0, packets: 1e20 } }],
  ['1.5 octets', { limits: { octets: 1.5, packets: 0 } }],
  ['port 70000', { encapsulation: { sourcePort: 4500, destinationPort: 70_000 } }],
  ['a label too long', { label: new Uint8Array(70_000) }],
];

describe('a command that cannot be said', () => {
  let fake: FakeKernel;
  let kernel: XfrmKernel;
  let remarks: string[];
  const kinds = (from: number) => fake.asked.slice(from).map(({ kind }) => kind);
  const invalid = (kind: KernelCommand['kind']) =>
    expect.objectContaining({ code: 'KERNEL', command: kind, errno: 'EINVAL' });

  beforeEach(() => {
    [fake, remarks] = [fakeKernel(), []];
    kernel = new XfrmKernel({
      calls: fake.calls,
      notice: () => {},
      now: () => 0,
      unixTime: () => 0,
      remark: (text) => remarks.push(text),
    });
  });
  afterEach(() => kernel.close());

  it.each(policies)('of a policy: %s', (_, change) => {
    const before = fake.asked.length;
    expect(() => kernel.apply({ kind: 'addPolicy', policy: { ...policy, ...change } })).toThrow(
      invalid('addPolicy'),
    );
    expect(kinds(before)).toEqual([]);
    expect(() => kernel.apply({ kind: 'deletePolicy', policy: { ...policy, ...change } })).toThrow(
      expect.objectContaining({ errno: 'ENOENT' }),
    );
    kernel.apply({ kind: 'addPolicy', policy });
    kernel.close();
    expect(kinds(before).filter((kind) => kind === 'DELPOLICY')).toHaveLength(16);
    expect(remarks).toEqual([]);
  });

  it.each(sas)('of an SA: %s', (_, change) => {
    const before = fake.asked.length;
    expect(() => kernel.apply({ kind: 'addSa', sa: { ...sa, ...change } })).toThrow(invalid('addSa'));
    expect(kinds(before)).toEqual([]);
    kernel.close();
    expect(kinds(before)).not.toContain('DELSA');
  });

  it('of an SA that moves', () => {
    kernel.apply({ kind: 'addSa', sa });
    kernel.apply({ kind: 'addPolicy', policy });
    fake.answer = (asked) => (asked.message.kind === 'GETSA' ? [answerWith(asked, newSa(sa))] : undefined);
    const before = fake.asked.length;
    const move = { kind: 'updateSa', id: sa.id, source: '192.0.2.1', destination: '192.0.2.9' } as const;
    const encapsulation = { sourcePort: 4500, destinationPort: 70_000 };
    expect(() => kernel.apply({ ...move, encapsulation })).toThrow(invalid('updateSa'));
    expect(kinds(before)).toEqual(['GETSA']);
    kernel.apply({ kind: 'deletePolicy', policy });
    kernel.apply({ kind: 'deleteSa', id: sa.id });
  });

  it('of more selectors than are good, without making them', () => {
    const wide = range([...sixteen(0).slice(1), 1], [...sixteen(255).slice(1), 254]);
    const begun = performance.now();
    for (let n = 0; n < 100; n++)
      expect(() =>
        kernel.apply({ kind: 'addPolicy', policy: { ...policy, local: wide, remote: wide } }),
      ).toThrow(invalid('addPolicy'));
    expect(performance.now() - begun).toBeLessThan(1000);
  });
});

it('at its end every step is taken, whatever became of the one before', () => {
  const fake = fakeKernel();
  const remarks: string[] = [];
  const kernel = new XfrmKernel({
    calls: fake.calls,
    notice: () => {},
    now: () => 0,
    unixTime: () => 0,
    remark: (text) => remarks.push(text),
  });
  kernel.apply({ kind: 'addPolicy', policy });
  const before = fake.asked.length;
  fake.answer = (asked) => (asked.message.kind === 'DELPOLICY' ? [acknowledged(asked, 1)] : undefined);
  kernel.close();
  expect(remarks).toEqual([expect.stringContaining('could not be cleared: DELPOLICY: EPERM')]);
  expect(fake.asked.slice(before).map(({ kind }) => kind)).toContain('DUMPSA');
  expect(() => kernel.apply({ kind: 'addPolicy', policy })).toThrow(
    expect.objectContaining({ code: 'KERNEL', errno: 'EBADF' }),
  );
  expect(kernel.counters(sa.id)).toBeUndefined();
});
