/** The data plane before a kernel that answers as a test wants: what it says and in which order, and hostile answers. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  KernelError,
  type KernelNotice,
  type PolicyCommand,
  type SaCommand,
} from '../../../src/kernel/port.ts';
import { addressText } from '../../../src/kernel/xfrm/addresses.ts';
import { attributeValue } from '../../../src/kernel/xfrm/attributes.ts';
import { newSa } from '../../../src/kernel/xfrm/commands.ts';
import { XfrmKernel } from '../../../src/kernel/xfrm/kernel.ts';
import { ourReqids } from '../../../src/kernel/xfrm/leftovers.ts';
import type { MessageOf, XfrmMessage } from '../../../src/kernel/xfrm/messages.ts';
import { encodeMessage } from '../../../src/kernel/xfrm/messages.ts';
import { host } from '../../../src/kernel/xfrm/socket.ts';
import { userExpire, userMapping } from '../../../src/kernel/xfrm/structs.ts';
import { fromHex } from '../../../src/wire/hex.ts';
import { Encr, Integ } from '../../../src/wire/numbers.ts';
import { acknowledged, answerWith, type FakeKernel, fakeKernel } from './fake-libc.ts';
import { net } from './selectors.ts';
import { events, golden, repliesOf } from './vectors.ts';

const reqid = ourReqids.first;
const sa: SaCommand = {
  id: { spi: 0x1001, destination: '192.0.2.2' },
  source: '192.0.2.1',
  direction: 'out',
  mode: 'tunnel',
  reqid,
  encryption: { transform: Encr.AES_CBC, keyBits: 128, key: new Uint8Array(16).fill(0xa1) },
  integrity: { transform: Integ.HMAC_SHA2_256_128, key: new Uint8Array(32).fill(0xa2) },
  ...{ esn: false, replayWindow: 32, local: [net('10.1.0.0/16')], remote: [net('10.2.0.0/16')] },
};
const policy: PolicyCommand = {
  direction: 'out',
  reqid,
  mode: 'tunnel',
  local: net('10.1.0.0/16'),
  remote: net('10.2.0.0/16'),
  localAddress: '192.0.2.1',
  remoteAddress: '192.0.2.2',
};
const shown = (change: Partial<MessageOf<'NEWSA'>['body']['curlft']> = {}): MessageOf<'NEWSA'> => {
  const made = newSa(sa);
  const curlft = { bytes: 5000n, packets: 7n, add_time: 1n, use_time: 2n, ...change };
  return {
    ...made,
    body: { ...made.body, curlft },
    attributes: [...made.attributes, { kind: 'LASTUSED', value: 90n }],
  };
};

describe('the data plane of the kernel', () => {
  let fake: FakeKernel;
  let kernel: XfrmKernel;
  let notices: KernelNotice[];
  let remarks: string[];
  const open = () =>
    new XfrmKernel({
      calls: fake.calls,
      notice: (notice) => notices.push(notice),
      now: () => 1_000_000,
      unixTime: () => 100_000,
      remark: (text) => remarks.push(text),
    });
  const kinds = (from: number) => fake.asked.slice(from).map(({ kind }) => kind);
  /** Where the templates of policies lead. */
  const ends = (messages: readonly XfrmMessage[]) =>
    messages.flatMap((one) =>
      one.kind === 'UPDPOLICY'
        ? (attributeValue(one.attributes, 'TMPL') ?? []).map(({ id, family }) =>
            addressText(id.daddr, family),
          )
        : [],
    );
  const tell = (message: XfrmMessage) => fake.tell(encodeMessage(message, { sequence: 0, flags: 0 }, host));

  beforeEach(() => {
    [fake, notices, remarks] = [fakeKernel(), [], []];
    kernel = open();
  });
  afterEach(() => kernel.close());

  it('has of an instance and of what it came of each its own priority', () => {
    const priorities = (from: number) =>
      fake.asked.slice(from).map((one) => (one.kind === 'UPDPOLICY' ? one.body.priority : one.kind));
    const [template, instance] = [policy, { ...policy, instance: true as const }];
    const before = fake.asked.length;
    kernel.apply({ kind: 'addPolicy', policy: template });
    kernel.apply({ kind: 'addPolicy', policy: instance });
    kernel.apply({ kind: 'addPolicy', policy: template });
    kernel.apply({ kind: 'deletePolicy', policy: template });
    kernel.apply({ kind: 'deletePolicy', policy: instance });
    kernel.apply({ kind: 'deletePolicy', policy: template });
    const [p = 0] = priorities(before);
    expect(priorities(before)).toEqual([p, Number(p) - 1, p, Number(p) - 1, p, 'DELPOLICY']);
  });

  it('keeps no keys in what it sent', () => {
    kernel.apply({ kind: 'addSa', sa });
    expect(fake.sent.flatMap((octets) => [...octets]).every((octet) => octet === 0)).toBe(true);
    expect(sa.encryption.key[0]).toBe(0xa1);
  });

  it('tells what an SA carried, and when last by the monotonic clock', () => {
    kernel.apply({ kind: 'addSa', sa });
    fake.answer = (asked) => (asked.message.kind === 'GETSA' ? [answerWith(asked, shown())] : undefined);
    expect(kernel.counters(sa.id)).toEqual({ octets: 5000, packets: 7, lastUse: 990_000 });
    fake.answer = (asked) =>
      asked.message.kind === 'GETSA' ? [answerWith(asked, shown({ packets: 0n }))] : undefined;
    expect(kernel.counters(sa.id)?.lastUse).toBeUndefined();
    expect(kernel.counters({ ...sa.id, spi: 5 })).toBeUndefined();
  });

  it('where the kernel does not tell when, takes an SA that carried more for used just now', () => {
    kernel.apply({ kind: 'addSa', sa });
    let packets = 7n;
    fake.answer = (asked) => {
      if (asked.message.kind !== 'GETSA') return undefined;
      const { attributes, ...rest } = shown({ packets });
      return [
        answerWith(asked, { ...rest, attributes: attributes.filter(({ kind }) => kind !== 'LASTUSED') }),
      ];
    };
    expect(kernel.counters(sa.id)?.lastUse).toBe(1_000_000);
    packets = 8n;
    expect(kernel.counters(sa.id)).toMatchObject({ packets: 8, lastUse: 1_000_000 });
  });

  it('moves an SA: made anew, then its policies, then the old one goes', () => {
    kernel.apply({ kind: 'addSa', sa });
    kernel.apply({ kind: 'addPolicy', policy });
    kernel.apply({ kind: 'addPolicy', policy: { ...policy, direction: 'in' } });
    fake.answer = (asked) => (asked.message.kind === 'GETSA' ? [answerWith(asked, shown())] : undefined);
    const before = fake.asked.length;
    kernel.apply({ kind: 'updateSa', id: sa.id, source: '192.0.2.1', destination: '198.51.100.7' });
    expect(kinds(before)).toEqual(['GETSA', 'NEWSA', 'UPDPOLICY', 'UPDPOLICY', 'DELSA']);
    const moved = fake.asked.slice(before).flatMap((one) => (one.kind === 'UPDPOLICY' ? one.attributes : []));
    expect(moved).toMatchObject([
      { value: [{ id: { daddr: Uint8Array.of(198, 51, 100, 7, ...new Uint8Array(12)) } }] },
      { value: [{ saddr: Uint8Array.of(198, 51, 100, 7, ...new Uint8Array(12)) }] },
    ]);
    // What the engine says of them then changes nothing.
    const there = { ...policy, remoteAddress: '198.51.100.7' };
    const after = fake.asked.length;
    kernel.apply({ kind: 'addPolicy', policy: there });
    kernel.apply({ kind: 'deletePolicy', policy });
    expect(kinds(after)).not.toContain('DELPOLICY');
    expect(ends(fake.asked.slice(after)).at(-1)).toBe('198.51.100.7');
    kernel.apply({ kind: 'deletePolicy', policy: there });
    expect(kinds(after)).toContain('DELPOLICY');
    kernel.apply({ kind: 'deleteSa', id: { ...sa.id, destination: '198.51.100.7' } });
    expect(() => kernel.apply({ kind: 'deleteSa', id: sa.id })).toThrow(
      expect.objectContaining({ errno: 'ESRCH' }),
    );
  });

  it('has the old SA back when it cannot be moved', () => {
    kernel.apply({ kind: 'addSa', sa });
    fake.answer = (asked) => {
      if (asked.message.kind === 'GETSA') return [answerWith(asked, shown())];
      const refused = asked.message.kind === 'NEWSA' && asked.message.body.saddr[3] === 9;
      return refused ? [acknowledged(asked, 22)] : undefined;
    };
    const before = fake.asked.length;
    const update = { kind: 'updateSa', id: sa.id, source: '192.0.2.9', destination: '192.0.2.2' } as const;
    expect(() => kernel.apply(update)).toThrow(
      expect.objectContaining({ command: 'updateSa', errno: 'EINVAL' }),
    );
    expect(kinds(before)).toEqual(['GETSA', 'DELSA', 'NEWSA', 'NEWSA']);
    kernel.apply({ kind: 'deleteSa', id: sa.id });
  });

  it('loses no delete when there is no room for it', () => {
    const deleted = () => fake.asked.filter(({ kind }) => kind === 'DELSA' || kind === 'DELPOLICY').length;
    kernel.apply({ kind: 'addSa', sa });
    kernel.apply({ kind: 'addPolicy', policy });
    const before = deleted();
    fake.refusals.push(105);
    kernel.apply({ kind: 'deletePolicy', policy });
    expect(deleted()).toBe(before + 1);
    fake.refusals.push(...Array(10).fill(105));
    kernel.apply({ kind: 'deleteSa', id: sa.id });
    expect(deleted()).toBe(before + 1);
    fake.refusals.length = 0;
    kernel.apply({ kind: 'addPolicy', policy });
    expect(deleted()).toBe(before + 2);
  });

  it('takes an SA that expired for deleted', () => {
    kernel.apply({ kind: 'addSa', sa });
    fake.answer = (asked) => (asked.message.kind === 'DELSA' ? [acknowledged(asked, 3)] : undefined);
    kernel.apply({ kind: 'deleteSa', id: sa.id });
  });

  it('tells expirations and mappings of its own SAs only', () => {
    const { body } = shown();
    const mapping = userMapping.of({
      id: { daddr: body.id.daddr, spi: body.id.spi, family: body.family, proto: 50 },
      new_saddr: Uint8Array.of(198, 51, 100, 7, ...new Uint8Array(12)),
      new_sport: 61000,
    });
    const told = () => {
      tell({ kind: 'EXPIRE', body: userExpire.of({ state: body, hard: 0 }), attributes: [] });
      tell({ kind: 'EXPIRE', body: userExpire.of({ state: body, hard: 1 }), attributes: [] });
      tell({ kind: 'MAPPING', body: mapping, attributes: [] });
    };
    told();
    expect(notices).toEqual([]);
    kernel.apply({ kind: 'addSa', sa });
    told();
    expect(notices).toEqual([
      { kind: 'expire', id: sa.id, hard: false },
      { kind: 'expire', id: sa.id, hard: true },
      { kind: 'mapping', id: sa.id, address: '198.51.100.7', port: 61000 },
    ]);
  });

  it('after an overrun, an SA that is not there any more has expired', () => {
    kernel.apply({ kind: 'addSa', sa });
    fake.tell(Uint8Array.of(16, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect(notices).toEqual([{ kind: 'expire', id: sa.id, hard: true }]);
  });

  it.skipIf(events.length === 0)('throws nothing but KernelError, whatever the kernel says', () => {
    const corpus = [...events.map(({ hex }) => fromHex(hex)), ...golden.flatMap(repliesOf)];
    const change = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) });
    const hostile = fc
      .tuple(
        fc.constantFrom(...corpus),
        fc.array(change, { maxLength: 5 }),
        fc.nat(),
        fc.uint8Array({ maxLength: 40 }),
      )
      .map(([of, changes, cut, more]) => {
        const octets = Uint8Array.of(
          ...of.subarray(0, of.length - (cut % 3 === 0 ? cut % of.length : 0)),
          ...more,
        );
        for (const { at, to } of changes) octets[at % octets.length] = to;
        return octets;
      });
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 4 }), (told) => {
        fake = fakeKernel();
        const own = open();
        const sequences = (octets: Uint8Array, sequence: number) => {
          const copy = octets.slice();
          if (copy.length >= 12) new DataView(copy.buffer).setUint32(8, sequence, host === 'little');
          return copy;
        };
        fake.answer = ({ sequence }) => told.map((octets) => sequences(octets, sequence));
        for (const octets of told) fake.tell(octets.slice());
        for (const command of [
          { kind: 'addSa', sa },
          { kind: 'addPolicy', policy },
          { kind: 'updateSa', id: sa.id, source: '192.0.2.1', destination: '192.0.2.3' },
          { kind: 'deletePolicy', policy },
          { kind: 'deleteSa', id: sa.id },
        ] as const) {
          try {
            own.apply(command);
          } catch (error) {
            expect(error).toBeInstanceOf(KernelError);
          }
          own.counters(sa.id);
        }
        own.close();
      }),
      { numRuns: 150 },
    );
  });
});
