import { describe, expect, it } from 'vitest';
import { defaultCrypto } from '../../src/crypto/index.ts';
import { espSuite } from '../../src/crypto/suite.ts';
import { makePacket } from '../../src/esp/ip.ts';
import type { PolicyCommand } from '../../src/kernel/port.ts';
import { UserspaceKernel } from '../../src/kernel/userspace.ts';
import { parseAddress } from '../../src/wire/address.ts';
import { Encr } from '../../src/wire/numbers.ts';
import { counting, octetsFrom } from '../esp/suites.ts';
import { type Agreement, end, install, range, sasOf } from './pair.ts';

const suite = espSuite(defaultCrypto, { encr: Encr.AES_GCM_16, keyBits: 128, esn: false });
if (suite === undefined) throw new Error('no AES-GCM');
const nets = { local: range('10.1.0.0', '10.1.255.255'), remote: range('10.2.0.0', '10.2.255.255') };
const child: Agreement = {
  suite,
  here: { address: '192.0.2.1', traffic: nets.local },
  there: { address: '192.0.2.2', traffic: nets.remote },
};
const octets = (text: string): Uint8Array => parseAddress(text) ?? new Uint8Array();
const packetTo = (to: string): Uint8Array =>
  makePacket(octets('10.1.0.1'), octets(to), 17, octetsFrom(1, 32));

const policy = (more: Partial<PolicyCommand> = {}): PolicyCommand => ({
  direction: 'out',
  reqid: 1,
  mode: 'tunnel',
  ...nets,
  localAddress: '192.0.2.1',
  remoteAddress: '192.0.2.2',
  ...more,
});

/** An end with the child of reqid 1, and what becomes of a packet. */
function sender() {
  const one = end();
  install(one, child);
  const add = (each: PolicyCommand) => one.kernel.apply({ kind: 'addPolicy', policy: each });
  const remove = (each: PolicyCommand) => one.kernel.apply({ kind: 'deletePolicy', policy: each });
  const fate = (to = '10.2.0.1'): string => {
    const before = new Map(one.kernel.drops);
    if (one.kernel.send(packetTo(to))) return 'sent';
    const more = [...one.kernel.drops].filter(([reason, count]) => count > (before.get(reason) ?? 0));
    return more.map(([reason]) => reason).join();
  };
  return { ...one, add, remove, fate };
}

describe('policies of equal selectors', () => {
  it('all hold until each is deleted, and the newest of the best rank decides', () => {
    const { add, remove, fate } = sender();
    const opportunistic = policy({ reqid: 9, rank: 'opportunistic', action: 'discard' });
    const shunt = policy({ reqid: 9, rank: 'shunt', action: 'discard' });
    const clear = policy({ reqid: 8, action: 'bypass' });
    add(policy());
    add(opportunistic);
    expect(fate()).toBe('sent');
    add(clear);
    expect(fate()).toBe('bypass');
    add(shunt);
    expect(fate()).toBe('discard');
    remove(clear);
    remove(shunt);
    expect(fate()).toBe('sent');
    remove(policy());
    expect(fate()).toBe('discard');
    remove(opportunistic);
    expect(fate()).toBe('no-policy');
    expect(() => remove(opportunistic)).toThrow('ENOENT');
  });

  it('a command given twice holds until it is deleted twice', () => {
    const { add, remove, fate } = sender();
    add(policy());
    add(policy());
    remove(policy());
    expect(fate()).toBe('sent');
    remove(policy());
    expect(fate()).toBe('no-policy');
  });
});

it('the narrower policy decides, and a priority of its own before that', () => {
  const { add, fate } = sender();
  add(policy());
  add(policy({ reqid: 3, action: 'discard', remote: range('10.2.7.0', '10.2.7.255') }));
  expect([fate('10.2.7.1'), fate('10.2.8.1')]).toEqual(['discard', 'sent']);
  add(policy({ reqid: 4, action: 'bypass', settings: { priority: 1 } }));
  expect([fate('10.2.7.1'), fate('10.2.8.1')]).toEqual(['bypass', 'bypass']);
});

describe('a policy without SAs', () => {
  const bare = () => {
    let now = 0;
    const one = end({ now: () => now });
    one.kernel.apply({ kind: 'addPolicy', policy: policy() });
    const later = (by: number): void => {
      now += by;
    };
    return { ...one, later };
  };
  const sequences = (notices: readonly object[]) => notices.map((notice) => Reflect.get(notice, 'sequence'));
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it('asks once for each destination, and again when nothing came of it', () => {
    const { kernel, notices, later } = bare();
    for (const to of ['10.2.0.1', '10.2.0.1', '10.2.0.2']) kernel.send(packetTo(to));
    later(29_999);
    kernel.send(packetTo('10.2.0.1'));
    expect(sequences(notices)).toEqual([1, 2]);
    later(1);
    kernel.send(packetTo('10.2.0.1'));
    expect(sequences(notices)).toEqual([1, 2, 3]);
  });

  it('keeps the first packets for the SA, in their order', async () => {
    const { kernel, sent, ...one } = bare();
    for (let i = 0; i < 6; i++) kernel.send(packetTo('10.2.0.1'));
    install({ kernel, sent, ...one }, child);
    await settled();
    expect(sent).toHaveLength(4);
    expect(kernel.counters({ spi: 0x2002, destination: '192.0.2.2' })?.packets).toBe(4);
  });

  it('keeps nothing for an SA that comes too late', async () => {
    const { kernel, sent, ...one } = bare();
    kernel.send(packetTo('10.2.0.1'));
    one.later(30_000);
    install({ kernel, sent, ...one }, child);
    await settled();
    expect(sent).toEqual([]);
  });

  it('asks for no more than a thousand at once', () => {
    const { kernel, notices } = bare();
    for (let i = 0; i < 1_030; i++) kernel.send(packetTo(`10.2.${i >> 8}.${i & 255}`));
    kernel.send(packetTo('10.2.0.0'));
    kernel.send(packetTo('10.2.4.0'));
    expect(notices).toHaveLength(1_031);
  });
});

it('settings of the kernel are passed over, and that is said once', () => {
  const remarks: string[] = [];
  const kernel = new UserspaceKernel({
    crypto: defaultCrypto,
    random: counting(),
    now: () => 1,
    transmit: () => {},
    remark: (text) => remarks.push(text),
  });
  const settings = { mark: { value: 5, mask: 0xff }, priority: 7, tfcPadding: 1400 };
  for (const sa of sasOf(child)) kernel.apply({ kind: 'addSa', sa: { ...sa, settings } });
  kernel.apply({ kind: 'addPolicy', policy: policy({ settings }) });
  expect(remarks).toEqual([
    expect.stringMatching(/^mark= is passed over/),
    expect.stringMatching(/^tfc= is passed over/),
  ]);
});
