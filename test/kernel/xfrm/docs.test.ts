/** What docs/xfrm.md shows is what runs: every line of code of it is one of this file. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  dumpPolicies,
  flushPolicies,
  newPolicies,
  noticeOf,
  type PolicyCommand,
  sadInfo,
  XfrmKernel,
  XfrmMonitor,
  XfrmSocket,
} from '../../../src/kernel/xfrm/index.ts';
import { Encr } from '../../../src/wire/numbers.ts';
import { ownNetwork } from './own-network.ts';

const network = ownNetwork();
const why = typeof network === 'string' ? network : undefined;
if (why) console.warn(`skipped: ${why}`);

const page = readFileSync(new URL('../../../docs/xfrm.md', import.meta.url), 'utf8');

describe('docs/xfrm.md', () => {
  beforeAll(() => {
    if (typeof network !== 'string') network.enter();
  });
  afterAll(() => {
    vi.restoreAllMocks();
    if (typeof network !== 'string') network.leave();
  });

  it.skipIf(why !== undefined)('runs', () => {
    const console = { log: vi.fn() };
    const all = { kind: 'range', protocol: 0, startPort: 0, endPort: 65535 } as const;
    const policy: PolicyCommand = {
      direction: 'out',
      reqid: 7,
      mode: 'tunnel',
      local: { ...all, start: Uint8Array.of(10, 1, 0, 0), end: Uint8Array.of(10, 1, 255, 255) },
      remote: { ...all, start: Uint8Array.of(10, 2, 0, 0), end: Uint8Array.of(10, 2, 255, 255) },
      localAddress: '192.0.2.1',
      remoteAddress: '192.0.2.2',
    };
    const socket = new XfrmSocket();
    for (const message of newPolicies(policy)) socket.do(message);
    for (const { kind, body } of socket.dump(dumpPolicies())) console.log(kind, body);
    expect(console.log).toHaveBeenCalledExactlyOnceWith('NEWPOLICY', expect.objectContaining({ dir: 1 }));
    const { attributes } = { attributes: socket.ask(sadInfo()).attributes };
    expect(attributes[0]).toEqual({ kind: 'CNT', value: 0 });
    socket.do(flushPolicies());
    const monitor = new XfrmMonitor({
      groups: ['ACQUIRE', 'EXPIRE', 'MAPPING'],
      told: (message) => console.log(noticeOf(message)),
      lost: () => console.log('there was more than the socket could hold: dump'),
      failed: (error) => console.log(error.message),
    });
    monitor.close();
    const kernel = new XfrmKernel({
      notice: (notice) => console.log(notice.kind),
      now: () => performance.now(),
      unixTime: () => Date.now(),
    });
    kernel.lacks({ encr: Encr.AES_GCM_16, keyBits: 128, integ: 0 });
    kernel.apply({ kind: 'addPolicy', policy });
    kernel.close();
    expect(socket.dump(dumpPolicies())).toEqual([]);
    socket.close();
  });

  it('says what runs here', () => {
    const here = readFileSync(new URL(import.meta.url), 'utf8');
    const code = [...page.matchAll(/```ts\n(.*?)```/gs)].flatMap(([, block = '']) => block.split('\n'));
    const shown = code
      .map((line) => line.replace(/;? *\/\/.*$/, '').trim())
      .filter((line) => line !== '' && !line.startsWith('import '));
    expect(shown.length).toBeGreaterThan(15);
    expect(shown.filter((line) => !here.includes(line))).toEqual([]);
  });

  it('names what there is', async () => {
    const names = await import('../../../src/kernel/xfrm/index.ts');
    const table = page.slice(page.indexOf('| SAs |'), page.indexOf('| any other'));
    const named = [...table.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((name) => name && !(name in names))).toEqual([]);
  });
});
