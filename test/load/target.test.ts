import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseSources } from '../../src/load/addresses.ts';
import { pidOfPort, readProcess } from '../../src/load/target.ts';

const reason = existsSync('/proc/self/stat') ? undefined : 'there is no /proc here';

describe.skipIf(reason !== undefined)(
  `a process of this machine${reason ? ` (skipped: ${reason})` : ''}`,
  () => {
    it('is read: time that grows, and memory', () => {
      const before = readProcess(process.pid);
      const begun = process.cpuUsage();
      let found = 0;
      while (process.cpuUsage(begun).user + process.cpuUsage(begun).system < 50_000) found++;
      const after = readProcess(process.pid);
      expect(found).toBeGreaterThan(0);
      expect((after?.cpu ?? 0) - (before?.cpu ?? 0)).toBeGreaterThan(0.04);
      expect(after?.rss).toBeGreaterThan(1e6);
    });

    it('is not there', () => {
      expect(readProcess(2 ** 22 + 1)).toBeUndefined();
    });

    it.each([
      ['udp4', '127.0.0.1', '127.0.0.1'],
      ['udp4', '0.0.0.0', '127.0.0.1'],
      ['udp6', '::1', '::1'],
    ] as const)('is found by its port: %s %s', async (type, address, asked) => {
      const socket = createSocket(type);
      await new Promise<void>((resolve) => socket.bind(0, address, resolve));
      const { port } = socket.address();
      expect(pidOfPort({ address: asked, port })).toBe(process.pid);
      await new Promise<void>((resolve) => socket.close(resolve));
      expect(pidOfPort({ address: asked, port })).toBeUndefined();
    });
  },
);

describe('sources', () => {
  it('are the addresses of a network without its first and last', () => {
    expect(parseSources('127.1.0.0/30')).toEqual(['127.1.0.1', '127.1.0.2']);
    expect(parseSources('127.1.0.7/32')).toEqual(['127.1.0.7']);
    expect(parseSources('2001:db8::/127')).toEqual(['2001:db8::', '2001:db8::1']);
    expect(parseSources('10.0.0.0/8')).toHaveLength(1024);
    expect(parseSources('nonsense')).toBeUndefined();
  });
});
