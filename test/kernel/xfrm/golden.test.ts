/** What iproute2 sent and the kernel answered, decoded and encoded again. */
import { describe, expect, it } from 'vitest';
import { joinMessages, parseDatagram, type Received } from '../../../src/kernel/xfrm/datagram.ts';
import { encodeMessage, type XfrmMessage } from '../../../src/kernel/xfrm/messages.ts';
import { fromHex, toHex } from '../../../src/wire/hex.ts';
import { events, type Golden, golden, haveVectors, repliesOf, requestOf } from './vectors.ts';

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

describe('requests of iproute2', () => {
  it.each(golden.map((one) => [one.name, one] as const))('%s', (_, one) => {
    const received = only(requestOf(one));
    expect(unknowns(received)).toEqual([]);
    expect(again(received)).toBe(toHex(requestOf(one)));
  });
});

describe('answers of the kernel', () => {
  const refusals = {
    ESRCH: 'No such process',
    EEXIST: 'File exists',
    ENOENT: 'No such file or directory',
  } as Record<string, string>;

  it.each(golden.map((one) => [one.name, one] as const))('%s', (_, one) => {
    const received = repliesOf(one).flatMap((octets) => parseDatagram(octets, 'little'));
    expect(received.length).toBeGreaterThan(0);
    for (const each of received) {
      if (isXfrm(each.message)) {
        expect(unknowns(each)).toEqual([]);
        // The kernel pads the three octets of xfrm_userpolicy_default though nothing follows them.
        if (each.message.kind !== 'GETDEFAULT') expect(toHex(joined(one))).toContain(again(each));
      } else if (each.message.kind === 'acknowledgement') {
        const { errno, extack, request } = each.message;
        expect(request.nlmsg_seq).toBe(only(requestOf(one)).header?.nlmsg_seq);
        const text = /^Error: (.*)\.$/m.exec(one.stderr)?.[1];
        expect(extack).toEqual(text === undefined ? {} : { message: text });
        if (errno && text === undefined) expect(one.stderr).toContain(refusals[errno]);
        expect(errno === undefined).toBe(one.stderr === '');
      } else {
        expect(each.message).toEqual({ kind: 'done', errno: undefined });
      }
    }
  });

  const joined = (one: Golden) => joinMessages(repliesOf(one));
});

describe.skipIf(!haveVectors)('events of the kernel', () => {
  it.each(events.map(({ name, hex }, i) => [`${i} ${name}`, name, hex] as const))('%s', (_, name, hex) => {
    const received = only(fromHex(hex));
    expect(`XFRM_MSG_${received.message.kind}`).toBe(name);
    expect(unknowns(received)).toEqual([]);
    if (received.message.kind !== 'GETDEFAULT') expect(again(received)).toBe(hex);
  });
});
