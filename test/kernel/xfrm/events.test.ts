/** The kernel's events as it sent them, and the notices the engine hears. */
import { describe, expect, it } from 'vitest';
import { parseDatagram } from '../../../src/kernel/xfrm/datagram.ts';
import { noticeOf } from '../../../src/kernel/xfrm/events.ts';
import type { MessageKind, MessageOf, XfrmMessage } from '../../../src/kernel/xfrm/messages.ts';
import {
  id,
  userAcquire,
  userExpire,
  userMapping,
  userSaId,
  userSaInfo,
} from '../../../src/kernel/xfrm/structs.ts';
import { fromHex } from '../../../src/wire/hex.ts';
import { messageOf } from './iproute2.ts';
import { net } from './selectors.ts';
import { events, haveVectors } from './vectors.ts';

const address = (...octets: number[]) => Uint8Array.of(...octets, ...new Uint8Array(16 - octets.length));
const told = events.map(({ hex }) => parseDatagram(fromHex(hex), 'little')[0]?.message);
const all = <K extends MessageKind>(kind: K): MessageOf<K>[] =>
  told.filter((message): message is MessageOf<K> => message?.kind === kind);

describe.skipIf(!haveVectors)('events recorded', () => {
  const [first, second, third, fourth] = all('NEWPOLICY');
  const [acquired] = all('ACQUIRE');
  const expired = all('EXPIRE');

  /** What the kernel adds to a policy: its numbers and times, and the main type. */
  const settled = (message: MessageOf<'NEWPOLICY'> | MessageOf<'UPDPOLICY'> | undefined, command: string) => {
    const asked = messageOf(`ip xfrm policy ${command}`);
    if (!message || (asked.kind !== 'NEWPOLICY' && asked.kind !== 'UPDPOLICY')) throw new Error(command);
    const { index, curlft } = message.body;
    expect(message.body).toEqual({ ...asked.body, index, curlft });
    const type = { kind: 'POLICY_TYPE', value: { type: 0, reserved1: 0, reserved2: 0 } };
    const [template, ...rest] = asked.attributes;
    expect(message.attributes).toEqual([template, type, ...rest]);
    expect(index).toBeGreaterThan(0);
  };

  it('NEWPOLICY and UPDPOLICY are what was asked', () => {
    const main = 'src 10.1.0.0/16 dst 10.2.0.0/16';
    const tunnel = 'tmpl src 10.1.0.1 dst 10.2.0.1 proto esp reqid 1 mode tunnel';
    settled(first, `add ${main} dir out priority 7 ${tunnel}`);
    const six = 'tmpl src 2001:db8:1::1 dst 2001:db8:2::1 proto esp reqid 4 mode tunnel';
    settled(third, `add src 2001:db8:1::/48 dst 2001:db8:2::/48 dir out ${six}`);
    settled(all('UPDPOLICY')[0], `update ${main} dir out priority 9 ${tunnel}`);
    settled(fourth, `add src 10.9.0.0/16 dst 10.8.0.0/16 dir out limit time-hard 1 ${tunnel}`);
  });

  it('NEWPOLICY of two templates has both, and its mark', () => {
    expect(second?.attributes).toMatchObject([
      {
        kind: 'TMPL',
        value: [
          { reqid: 2, mode: 1, id: { proto: 50 } },
          { reqid: 3, mode: 0, id: { proto: 51 } },
        ],
      },
      { kind: 'POLICY_TYPE' },
      { kind: 'MARK', value: { v: 0x2a, m: 0xff } },
    ]);
    expect(second?.body).toMatchObject({ priority: 3, sel: { proto: 6, dport: 443, dport_mask: 0xffff } });
  });

  it('ACQUIRE names the reqid and the packet', () => {
    expect(acquired && noticeOf(acquired)).toEqual({
      kind: 'acquire',
      reqid: 1,
      sequence: 4,
      local: net('10.1.0.1/32', 17, 0xcae9),
      remote: net('10.2.0.1/32', 17, 5000),
    });
  });

  it('EXPIRE of a larval state is no notice', () => {
    expect(expired.map(({ body }) => [body.hard, body.state.id.spi === 0])).toEqual([
      [1, true],
      [1, true],
      [1, false],
    ]);
    expect(expired.slice(0, 2).map(noticeOf)).toEqual([undefined, undefined]);
    expect(expired.map(({ body }) => body.state.reqid)).toEqual([1, 4, 0x4d]);
    expect(expired[0]?.attributes).toEqual([{ kind: 'SA_DIR', value: 2 }]);
  });

  it('GETDEFAULT tells the defaults', () => {
    expect(all('GETDEFAULT')[0]?.body).toEqual({ in: 2, fwd: 2, out: 1 });
  });
});

describe('notices', () => {
  const sa = id.of({ daddr: address(192, 0, 2, 1), spi: 0x1001, proto: 50 });
  const state = userSaInfo.of({ id: sa, family: 2 });

  it.each([
    [0, false],
    [1, true],
  ])('of an EXPIRE, hard %i', (hard, is) => {
    const message: XfrmMessage = { kind: 'EXPIRE', body: userExpire.of({ state, hard }), attributes: [] };
    const notice = { kind: 'expire', id: { spi: 0x1001, destination: '192.0.2.1' }, hard: is };
    expect(noticeOf(message)).toEqual(notice);
  });

  it('of a MAPPING name the new end', () => {
    const named = userSaId.of({ daddr: sa.daddr, spi: sa.spi, family: 2, proto: 50 });
    const moved = {
      old_saddr: address(192, 0, 2, 2),
      new_saddr: address(198, 51, 100, 7),
      old_sport: 4500,
      new_sport: 61000,
    };
    const message: XfrmMessage = {
      kind: 'MAPPING',
      body: userMapping.of({ id: named, ...moved }),
      attributes: [],
    };
    const notice = {
      kind: 'mapping',
      id: { spi: 0x1001, destination: '192.0.2.1' },
      address: '198.51.100.7',
      port: 61000,
    };
    expect(noticeOf(message)).toEqual(notice);
  });

  it.each([
    ['another protocol', { state: { ...state, id: { ...sa, proto: 51 } } }],
    ['another family', { state: { ...state, family: 7 } }],
  ])('are none of %s', (_, change) => {
    const message: XfrmMessage = { kind: 'EXPIRE', body: userExpire.of(change), attributes: [] };
    expect(noticeOf(message)).toBeUndefined();
  });

  it('of an ACQUIRE carry its label', () => {
    const [received] = all('ACQUIRE');
    const ctx = new TextEncoder().encode('system_u:system_r:app1_t:s0\0');
    const value = { len: 36, exttype: 8, ctx_alg: 1, ctx_doi: 1, ctx_len: ctx.length, ctx };
    if (received) {
      const labelled: XfrmMessage = {
        ...received,
        attributes: [...received.attributes, { kind: 'SEC_CTX', value }],
      };
      expect(noticeOf(labelled)).toMatchObject({ kind: 'acquire', label: ctx });
      for (const [ctx_doi, ctx_alg] of [
        [2, 1],
        [1, 2],
      ] as const) {
        const other = { kind: 'SEC_CTX', value: { ...value, ctx_doi, ctx_alg } } as const;
        const notice = noticeOf({ ...received, attributes: [...received.attributes, other] });
        expect(notice).toMatchObject({ kind: 'acquire', foreign: { doi: ctx_doi, alg: ctx_alg } });
        expect(notice).not.toHaveProperty('label');
      }
    }
    const bare: XfrmMessage = { kind: 'ACQUIRE', body: userAcquire.zero(), attributes: [] };
    expect(noticeOf(bare)).toBeUndefined();
  });
});
