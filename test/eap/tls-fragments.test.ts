/** TLS in pieces: what the flags mean, and what is refused. RFC 5216 §2.1.5, §3. */
import { describe, expect, it } from 'vitest';
import { TlsFragments } from '../../src/eap/index.ts';
import { hex } from './converse.ts';

const fragments = () => new TlsFragments({ fragment: 4, message: 64 });
const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('what comes', () => {
  it('a start, an acknowledgement with and without its octet, a whole message', () => {
    expect(fragments().receive(octets('20'))).toBe('start');
    expect(fragments().receive(octets('00'))).toBe('acknowledged');
    expect(fragments().receive(octets(''))).toBe('acknowledged');
    expect(fragments().receive(octets('00 aabb'))).toEqual(octets('aabb'));
    expect(fragments().receive(octets('80 00000002 aabb'))).toEqual(octets('aabb'));
  });

  it('pieces, the length in the first or in all', () => {
    for (const second of ['40 cc', 'c0 00000004 cc']) {
      const each = fragments();
      expect(each.receive(octets('c0 00000004 aabb'))).toBe('next');
      expect(hex(each.next())).toBe('00');
      expect(each.receive(octets(second))).toBe('next');
      expect(each.receive(octets('00 dd'))).toEqual(octets('aabbccdd'));
      expect(each.receive(octets('00 ee'))).toEqual(octets('ee'));
    }
  });

  it.each([
    ['a length cut short', ['80 0000']],
    ['less than announced', ['80 00000003 aabb']],
    ['more than announced', ['80 00000001 aabb']],
    ['more than announced, in pieces', ['c0 00000003 aabb', '40 ccdd']],
    ['another length', ['c0 00000003 aabb', 'c0 00000004 cc']],
    ['an announcement beyond the bound', ['c0 00000041 aabb']],
    ['4 GB announced', ['c0 ffffffff aabb']],
    ['more than the bound', ['40'.padEnd(100, '1'), '40'.padEnd(100, '1')]],
    ['an empty piece', ['40']],
    ['a start amidst', ['40 aa', '20']],
  ])('%s is wrong', (_, pieces) => {
    const each = fragments();
    const results = pieces.map((piece) => each.receive(octets(piece)));
    expect(results.slice(0, -1).every((result) => result === 'next')).toBe(true);
    expect(results.at(-1)).toHaveProperty('wrong');
  });
});

describe('what goes', () => {
  it('in one piece without a length, in several with it in the first', () => {
    const each = fragments();
    each.queue(octets('aabbccdd'));
    expect(hex(each.next())).toBe('00aabbccdd');
    expect(each.pending).toBe(false);
    each.queue(octets('00112233445566778899'));
    const sent = [each.next()];
    while (each.pending) {
      expect(each.receive(octets('00'))).toBe('next');
      sent.push(each.next());
    }
    expect(sent.map(hex)).toEqual(['c00000000a00112233', '4044556677', '008899']);
    expect(each.receive(octets('00'))).toBe('acknowledged');
  });

  it('TLS where an acknowledgement was due is wrong', () => {
    const each = fragments();
    each.queue(octets('0011223344'));
    each.next();
    expect(each.receive(octets('00 aa'))).toHaveProperty('wrong');
  });
});
