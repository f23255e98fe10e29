/** Messages built from values equal, octet by octet, what iproute2 sent for the same command line. */
import { describe, expect, it } from 'vitest';
import { parseDatagram } from '../../../src/kernel/xfrm/datagram.ts';
import { encodeMessage } from '../../../src/kernel/xfrm/messages.ts';
import { toHex } from '../../../src/wire/hex.ts';
import { messageOf } from './iproute2.ts';
import { golden, requestOf } from './vectors.ts';

describe('built from values', () => {
  it.each(golden.map((one) => [one.name, one] as const))('%s', (_, one) => {
    const [sent] = parseDatagram(requestOf(one), 'little');
    const message = messageOf(one.command);
    expect(message).toEqual(sent?.message);
    const { nlmsg_seq: sequence = 0, nlmsg_flags: flags = 0 } = sent?.header ?? {};
    expect(toHex(encodeMessage(message, { sequence, flags }, 'little'))).toBe(toHex(requestOf(one)));
  });
});
