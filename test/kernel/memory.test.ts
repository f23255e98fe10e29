import { describe, expect, it } from 'vitest';
import { MemoryKernel } from '../../src/kernel/memory.ts';
import { KernelError, type PolicyCommand, type SaCommand } from '../../src/kernel/port.ts';

const range = {
  kind: 'range',
  protocol: 0,
  startPort: 0,
  endPort: 65535,
  start: new Uint8Array([10, 0, 0, 0]),
  end: new Uint8Array([10, 0, 0, 255]),
} as const;

const sa = (spi: number, destination = '192.0.2.1'): SaCommand => ({
  id: { spi, destination },
  source: '192.0.2.2',
  direction: 'in',
  mode: 'tunnel',
  reqid: 1,
  encryption: { transform: 20, keyBits: 128, key: new Uint8Array(20).fill(7) },
  esn: false,
  replayWindow: 64,
  local: [range],
  remote: [range],
});

const policy: PolicyCommand = {
  direction: 'out',
  reqid: 1,
  mode: 'tunnel',
  local: range,
  remote: range,
  localAddress: '192.0.2.1',
  remoteAddress: '192.0.2.2',
};

const errno = (act: () => void): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof KernelError) return error.errno;
    throw error;
  }
  return 'none';
};

describe('memory kernel', () => {
  it('keeps SAs and policies until they are deleted', () => {
    const kernel = new MemoryKernel();
    kernel.apply({ kind: 'addSa', sa: sa(1) });
    kernel.apply({ kind: 'addPolicy', policy });
    expect(kernel.sas).toEqual([sa(1)]);
    expect(kernel.policies).toEqual([policy]);
    expect(kernel.counters({ spi: 1, destination: '192.0.2.1' })).toEqual({
      octets: 0,
      packets: 0,
      lastUse: undefined,
    });
    kernel.apply({ kind: 'deletePolicy', policy });
    kernel.apply({ kind: 'deleteSa', id: sa(1).id });
    expect(kernel.sas).toEqual([]);
    expect(kernel.policies).toEqual([]);
    expect(kernel.applied.map(({ kind }) => kind)).toEqual([
      'addSa',
      'addPolicy',
      'deletePolicy',
      'deleteSa',
    ]);
  });

  it('copies the key and zeroes its copy', () => {
    const kernel = new MemoryKernel();
    const given = sa(1);
    kernel.apply({ kind: 'addSa', sa: given });
    const kept = kernel.sas[0]?.encryption.key;
    given.encryption.key.fill(0);
    expect(kept).toEqual(new Uint8Array(20).fill(7));
    kernel.apply({ kind: 'deleteSa', id: given.id });
    expect(kept).toEqual(new Uint8Array(20));
  });

  it('says EEXIST, ESRCH and ENOENT', () => {
    const kernel = new MemoryKernel();
    kernel.apply({ kind: 'addSa', sa: sa(1) });
    kernel.apply({ kind: 'addPolicy', policy });
    expect(errno(() => kernel.apply({ kind: 'addSa', sa: sa(1) }))).toBe('EEXIST');
    expect(errno(() => kernel.apply({ kind: 'deleteSa', id: sa(2).id }))).toBe('ESRCH');
    const other = { ...policy, reqid: 2 };
    expect(errno(() => kernel.apply({ kind: 'deletePolicy', policy: other }))).toBe('ENOENT');
    expect(kernel.applied).toHaveLength(2);
  });

  it('holds equal policies until each is deleted; the newest of the best rank decides', () => {
    const kernel = new MemoryKernel();
    const add = (more: Partial<PolicyCommand>): PolicyCommand => {
      const made = { ...policy, ...more };
      kernel.apply({ kind: 'addPolicy', policy: made });
      return made;
    };
    const drop = (gone: PolicyCommand): void => kernel.apply({ kind: 'deletePolicy', policy: gone });
    const onDemand = add({});
    const child = add({});
    const successor = add({ reqid: 2 });
    const shunt = add({ reqid: 3, action: 'bypass', rank: 'shunt' });
    add({ reqid: 4, rank: 'opportunistic' });
    add({ direction: 'in', reqid: 5 });
    const decides = () => kernel.deciding.map(({ reqid }) => reqid);
    expect(kernel.policies).toHaveLength(6);
    expect(decides()).toEqual([3, 5]);
    drop(shunt);
    expect(decides()).toEqual([2, 5]);
    drop(successor);
    expect(decides()).toEqual([1, 5]);
    drop(child);
    expect(decides()).toEqual([1, 5]);
    drop(onDemand);
    expect(decides()).toEqual([4, 5]);
    expect(errno(() => drop(onDemand))).toBe('ENOENT');
    const marked = { mark: { value: 1, mask: 0xff } };
    add({ reqid: 6, settings: marked });
    expect(decides()).toEqual([4, 5, 6]);
  });

  it('moves an SA to other addresses', () => {
    const kernel = new MemoryKernel();
    kernel.apply({ kind: 'addSa', sa: sa(1) });
    kernel.apply({
      kind: 'updateSa',
      id: sa(1).id,
      source: '192.0.2.9',
      destination: '192.0.2.8',
      encapsulation: { sourcePort: 4500, destinationPort: 61000 },
    });
    expect(kernel.sa({ spi: 1, destination: '192.0.2.1' })).toBeUndefined();
    expect(kernel.sa({ spi: 1, destination: '192.0.2.8' })).toEqual({
      ...sa(1, '192.0.2.8'),
      source: '192.0.2.9',
      encapsulation: { sourcePort: 4500, destinationPort: 61000 },
    });
  });

  it('refuses the n-th command, of one kind when told so', () => {
    const kernel = new MemoryKernel();
    kernel.refuse(2, 'ENOBUFS');
    kernel.refuse(1, 'ENOSYS', 'addPolicy');
    kernel.apply({ kind: 'addSa', sa: sa(1) });
    expect(errno(() => kernel.apply({ kind: 'addSa', sa: sa(2) }))).toBe('ENOBUFS');
    expect(errno(() => kernel.apply({ kind: 'addPolicy', policy }))).toBe('ENOSYS');
    kernel.apply({ kind: 'addSa', sa: sa(2) });
    kernel.apply({ kind: 'addPolicy', policy });
    expect(kernel.sas.map(({ id }) => id.spi)).toEqual([1, 2]);
  });
});
