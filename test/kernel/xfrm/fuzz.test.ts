/** Octets that are no message: never an exception other than the typed one, never a lost neighbour. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinMessages, parseDatagram } from '../../../src/kernel/xfrm/datagram.ts';
import { NetlinkError } from '../../../src/kernel/xfrm/errors.ts';
import { noticeOf } from '../../../src/kernel/xfrm/events.ts';
import { encodeMessage, parseBody } from '../../../src/kernel/xfrm/messages.ts';
import { type Endianness, viewOf } from '../../../src/kernel/xfrm/struct.ts';
import { nlmsghdr } from '../../../src/kernel/xfrm/structs.ts';
import { fromHex } from '../../../src/wire/hex.ts';
import { events, golden, repliesOf, requestOf } from './vectors.ts';

const corpus = [
  ...golden.map(requestOf),
  ...golden.flatMap(repliesOf),
  ...events.map(({ hex }) => fromHex(hex)),
];
const anyOctets = fc.constantFrom(...corpus);
const anyOrder = fc.constantFrom<Endianness>('little', 'big');

/** Reads a datagram to the bottom: every message, every notice, and each XFRM message encoded again. */
function read(octets: Uint8Array, endianness: Endianness) {
  const received = parseDatagram(octets, endianness);
  for (const { header, message } of received) {
    if (header === undefined || message.kind === 'malformed' || message.kind === 'unknown') continue;
    if (message.kind === 'acknowledgement' || message.kind === 'done' || message.kind === 'overrun') continue;
    noticeOf(message);
    const { nlmsg_flags: flags, nlmsg_seq: sequence, nlmsg_pid: port } = header;
    const again = encodeMessage(message, { flags, sequence, port }, endianness);
    expect(parseDatagram(again, endianness)[0]?.message).toEqual(message);
  }
  return received;
}

describe('hostile octets', () => {
  it('are read to the bottom after any change', () => {
    const change = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(
        anyOctets,
        fc.array(change, { minLength: 1, maxLength: 6 }),
        anyOrder,
        (of, changes, order) => {
          const octets = of.slice();
          for (const { at, to } of changes) octets[at % octets.length] = to;
          const type = new DataView(octets.buffer).getUint16(4, order === 'little');
          // NLMSG_NOOP is passed over.
          if (type !== 1) expect(read(octets, order).length).toBeGreaterThan(0);
          else read(octets, order);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('are read to the bottom when cut short', () => {
    const single = corpus.filter((octets) => parseDatagram(octets, 'little').length === 1);
    for (const octets of single) {
      for (let length = 0; length < octets.length; length++) {
        const received = parseDatagram(octets.subarray(0, length), 'little');
        expect(received.at(-1)?.message.kind ?? 'malformed').toBe('malformed');
      }
    }
  });

  it('behind a message do not change it', () => {
    fc.assert(
      fc.property(anyOctets, fc.uint8Array({ minLength: 1, maxLength: 80 }), (octets, more) => {
        const whole = parseDatagram(octets, 'little');
        const longer = read(joinMessages([octets, more]), 'little');
        expect(longer.slice(0, whole.length)).toEqual(whole);
        expect(longer.length).toBeGreaterThan(whole.length - 1);
      }),
      { numRuns: 500 },
    );
  });

  it('of any kind are no exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), anyOrder, (octets, order) => {
        read(octets, order);
      }),
      { numRuns: 1000 },
    );
  });

  it('of any body throw nothing but NetlinkError', () => {
    const header = (type: number, flags: number) => ({
      ...nlmsghdr.zero(),
      nlmsg_type: type,
      nlmsg_flags: flags,
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 60 }),
        fc.constantFrom(0, 1, 0x301),
        fc.uint8Array({ maxLength: 400 }),
        anyOrder,
        (type, flags, octets, order) => {
          try {
            parseBody(header(type, flags), octets, order);
          } catch (error) {
            expect(error).toBeInstanceOf(NetlinkError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('what is not known', () => {
  const event = () => fromHex(events.find(({ name }) => name === 'XFRM_MSG_ACQUIRE')?.hex ?? '');

  it.skipIf(events.length === 0)('keeps an attribute of unknown type, and those beside it', () => {
    const attribute = Uint8Array.of(9, 0, 0xff, 0x3f, 1, 2, 3, 4, 5, 0, 0, 0);
    const octets = Uint8Array.of(...event(), ...attribute);
    viewOf(octets).setUint32(0, octets.length, true);
    const [received, ...others] = parseDatagram(octets, 'little');
    expect(others).toEqual([]);
    expect(received?.message).toMatchObject({
      kind: 'ACQUIRE',
      attributes: expect.arrayContaining([
        expect.objectContaining({ kind: 'TMPL' }),
        { kind: 'unknown', type: 0x3fff, data: Uint8Array.of(1, 2, 3, 4, 5) },
      ]),
    });
  });

  it.skipIf(events.length === 0)('keeps a known attribute of another length as it is', () => {
    const octets = Uint8Array.of(...event(), 5, 0, 31, 0, 1, 0, 0, 0);
    viewOf(octets).setUint32(0, octets.length, true);
    const message = parseDatagram(octets, 'little')[0]?.message;
    expect(message).toMatchObject({
      attributes: expect.arrayContaining([{ kind: 'unknown', type: 31, data: Uint8Array.of(1) }]),
    });
  });

  it('tells a message type of later kernels', () => {
    const octets = Uint8Array.of(20, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4);
    const message = { kind: 'unknown', type: 99, data: Uint8Array.of(1, 2, 3, 4) };
    expect(parseDatagram(octets, 'little')[0]?.message).toEqual(message);
  });

  it.skipIf(events.length === 0)('reads on behind a message whose body is cut short', () => {
    const short = Uint8Array.of(20, 0, 0, 0, 23, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4);
    const received = parseDatagram(joinMessages([event(), short, event()]), 'little');
    expect(received.map(({ message }) => message.kind)).toEqual(['ACQUIRE', 'malformed', 'ACQUIRE']);
    expect(received[1]?.message).toMatchObject({
      error: { code: 'NETLINK', message: 'xfrm_user_acquire: 4 of 280 octets' },
    });
  });

  it('tells an overrun, and skips what is nothing', () => {
    const empty = (type: number) => Uint8Array.of(16, 0, 0, 0, type, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const received = parseDatagram(joinMessages([empty(1), empty(4), empty(3)]), 'little');
    expect(received.map(({ message }) => message.kind)).toEqual(['overrun', 'done']);
  });
});
