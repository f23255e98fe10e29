import { expect, it } from 'vitest';
import { makePacket, readHeader, type Selector } from '../../src/esp/ip.ts';
import { Spd, type SpdPolicy } from '../../src/esp/spd.ts';

const any: Selector = {
  protocol: 0,
  startPort: 0,
  endPort: 65535,
  start: Uint8Array.of(0, 0, 0, 0),
  end: Uint8Array.of(255, 255, 255, 255),
};
const policy = (reqid: number, priority: number, more: Partial<SpdPolicy> = {}): SpdPolicy => ({
  action: 'protect',
  reqid,
  priority,
  local: any,
  remote: any,
  ...more,
});
const header = readHeader(makePacket(Uint8Array.of(10, 1, 0, 1), Uint8Array.of(10, 2, 0, 1), 17, any.end));
if (header === undefined) throw new Error('no header');

it('the lowest priority decides, of equal ones the newest; each holds until it is removed', () => {
  const spd = new Spd();
  const [wide, narrow, child, shunt] = [
    policy(1, 30),
    policy(2, 20),
    policy(3, 20),
    policy(4, 1, { action: 'discard' }),
  ];
  for (const each of [narrow, wide, child, shunt, narrow]) spd.add(each);
  for (const expected of [shunt, narrow, child, narrow, wide]) {
    expect(spd.find(header)).toBe(expected);
    expect(spd.remove({ ...expected })).toBe(expected);
  }
  expect(spd.find(header)).toBeUndefined();
  expect(spd.remove(wide)).toBeUndefined();
});

it('selects by both ends', () => {
  const spd = new Spd();
  spd.add(policy(1, 1, { remote: { ...any, protocol: 6 } }));
  spd.add(policy(2, 2, { local: { ...any, end: Uint8Array.of(10, 0, 255, 255) } }));
  expect(spd.find(header)).toBeUndefined();
});
