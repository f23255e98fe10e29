/** What iproute2 sent and the kernel answered, decoded and encoded again. */
import { describe, expect, it } from 'vitest';
import { parseDatagram, type Received } from '../../../src/kernel/xfrm/datagram.ts';
import { encodeMessage, type XfrmMessage } from '../../../src/kernel/xfrm/messages.ts';
import { fromHex, toHex } from '../../../src/wire/hex.ts';
import { events, golden, haveVectors, replyOf, requestOf } from './vectors.ts';

const controls = ['unknown', 'acknowledgement', 'done', 'overrun', 'malformed'];
const isXfrm = (message: Received['message']): message is XfrmMessage => !controls.includes(message.kind);

function again({ header, message }: Received): string {
  if (!header || !isXfrm(message)) throw new Error(`not of XFRM: ${message.kind}`);
  const { nlmsg_flags: flags, nlmsg_seq: sequence, nlmsg_pid: port } = header;
  return toHex(encodeMessage(message, { flags, sequence, port }, 'little'));
}

const unknowns = ({ message }: Received) =>
  isXfrm(message) ? message.attributes.filter(({ kind }) => kind === 'unknown') : [];

const only = (octets: Uint8Array): Received => {
  const [first, ...others] = parseDatagram(octets, 'little');
  if (!first || others.length > 0) throw new Error(`${others.length + 1} messages`);
  return first;
};

describe.skipIf(!haveVectors)('requests of iproute2', () => {
  it.each(golden.map((one) => [one.name, one] as const))('%s', (_, one) => {
    const received = only(requestOf(one));
    expect(unknowns(received)).toEqual([]);
    expect(again(received)).toBe(toHex(requestOf(one)));
  });
});

describe.skipIf(!haveVectors)('answers of the kernel', () => {
  const replies = golden.map((one) => [one.name, one, only(replyOf(one))] as const);
  const refused = replies.filter(([, , { message }]) => message.kind === 'acknowledgement');
  const told = replies.filter(([, , { message }]) => isXfrm(message));

  it.each(refused)('%s', (_, { stderr }, { message }) => {
    if (message.kind !== 'acknowledgement') return;
    if (stderr === '') return expect(message).toMatchObject({ errno: undefined, extack: {} });
    const text = /^Error: (.*)\.$/m.exec(stderr)?.[1];
    if (text)
      expect(message).toMatchObject({ errno: expect.stringMatching(/^E[A-Z]+$/), extack: { message: text } });
    else expect(stderr).toContain({ ESRCH: 'No such process', EEXIST: 'File exists' }[message.errno ?? '']);
  });

  it.each(told)('%s', (_, one, received) => {
    expect(unknowns(received)).toEqual([]);
    // The kernel pads the three octets of xfrm_userpolicy_default though nothing follows them.
    const padded = received.message.kind === 'GETDEFAULT';
    if (!padded) expect(again(received)).toBe(toHex(replyOf(one)));
  });

  it('names every refusal', () => {
    const errnos = new Set(
      refused.map(([, , { message }]) => message.kind === 'acknowledgement' && message.errno),
    );
    expect([...errnos].toSorted()).toMatchInlineSnapshot(`
      [
        "EEXIST",
        "ENOSYS",
        "EPROTONOSUPPORT",
        "ESRCH",
        undefined,
      ]
    `);
  });
});

describe.skipIf(!haveVectors)('events of the kernel', () => {
  it.each(events.map(({ name, hex }, i) => [`${i} ${name}`, name, hex] as const))('%s', (_, name, hex) => {
    const received = only(fromHex(hex));
    expect(`XFRM_MSG_${received.message.kind}`).toBe(name);
    expect(unknowns(received)).toEqual([]);
    if (received.message.kind !== 'GETDEFAULT') expect(again(received)).toBe(hex);
  });
});
