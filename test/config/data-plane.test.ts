/** What a conn says of its packets: marks, priorities, padding, shunts, and what is enforced without any peer. */
import { describe, expect, it, test } from 'vitest';
import { conn, errors, good, pad, read, remarks } from './read.ts';

describe('settings of the data plane', () => {
  test.each([
    [['mark=5'], { mark: { value: 5, mask: 0xffff_ffff } }],
    [
      ['mark-in=0x5/0xff', 'mark-out=6/0xFF'],
      { markIn: { value: 5, mask: 255 }, markOut: { value: 6, mask: 255 } },
    ],
    [['mark=0xffffffff/0xffffffff'], { mark: { value: 0xffff_ffff, mask: 0xffff_ffff } }],
    [['reqid=17'], { reqid: 17 }],
    [['priority=1000'], { priority: 1000 }],
    [
      ['decap-dscp=yes', 'encap-dscp=no', 'nopmtudisc=yes'],
      { decapDscp: true, encapDscp: false, noPmtuDiscovery: true },
    ],
    [['tfc=1400'], { tfcPadding: 1400 }],
  ])('%j', (lines, settings) => {
    expect(pad(...lines).children[0]?.settings).toEqual(settings);
  });

  it('has none where all is as usual', () => {
    const [child] = pad(
      'reqid=0',
      'priority=0',
      'tfc=0',
      'decap-dscp=no',
      'encap-dscp=yes',
      'nopmtudisc=no',
    ).children;
    expect(child).not.toHaveProperty('settings');
  });

  test.each([
    [
      'mark=-1',
      `/c:6:7: error: mark=: "-1": a mark of each SA's own is not supported (expected a value and a mask of 32 bits, such as 0x5/0xff)`,
    ],
    ['mark-out=%unique', `/c:6:11: error: mark-out=: "%unique": a mark of each SA's own is not supported`],
    ['mark-in=%unique-dir/0xff', `/c:6:10: error: mark-in=: "%unique-dir/0xff": a mark of each SA's own`],
    ['mark=-2', '"-2" is no mark'],
    ['mark=1/2/3', 'is no mark'],
    ['mark-out=0x1ffffffff', 'is no mark'],
    ['mark-in=1/', 'is no mark'],
    ['reqid=16384', 'from 0 to 16383'],
    ['priority=4294967296', 'from 0 to 4294967295'],
    ['tfc=65536', 'from 0 to 65535'],
    ['replay-window=4097', 'from 0 to 4096'],
  ])('%s is refused', (line, why) => {
    expect(errors(read(conn(line))).join()).toContain(why);
  });
});

describe('what waits for an SA', () => {
  const seconds = (line: string) => good(`config setup\n\t${line}\n${conn()}`).settings.acquireLifetime;

  it('waits as long as config setup says', () => {
    expect(good(conn()).settings.acquireLifetime).toBeUndefined();
    expect(seconds('xfrmlifetime=45')).toBe(45);
    expect(seconds('xfrmlifetime=2m')).toBe(120);
    expect(seconds('expire-lifetime=7s')).toBe(7);
  });

  test.each(['0', '2147483648', 'soon', '-1'])('xfrmlifetime=%s is refused', (value) => {
    expect(errors(read(`config setup\n\txfrmlifetime=${value}\n`)).join()).toMatch(
      /^\/c:2:15: error: xfrmlifetime=: /,
    );
  });
});

describe('shunts', () => {
  test.each([
    [['failureshunt=none', 'negotiationshunt=hold'], {}],
    [['failureshunt=passthrough'], { failureShunt: 'passthrough' }],
    [['failureshunt=drop'], { failureShunt: 'drop' }],
    [['failureshunt=hold'], { failureShunt: 'drop' }],
    [['failureshunt=reject'], { failureShunt: 'drop' }],
    [['negotiationshunt=passthrough'], { negotiationShunt: 'passthrough' }],
  ])('%j', (lines, wanted) => {
    const { failureShunt, negotiationShunt } = pad(...lines).children[0] ?? {};
    expect({ failureShunt, negotiationShunt }).toEqual({
      failureShunt: undefined,
      negotiationShunt: undefined,
      ...wanted,
    });
  });

  it('last as long as config setup says', () => {
    const text = `config setup\n\tshuntlifetime=10m\n${conn('failureshunt=drop')}`;
    expect(good(text).policy.pad[0]?.children[0]?.shuntLifetime).toBe(600_000);
    expect(pad('failureshunt=drop').children[0]).not.toHaveProperty('shuntLifetime');
  });

  it('of a type without a peer hold once they are routed', () => {
    const shunts = (auto: string) =>
      good(conn('type=drop', 'authby=never', 'leftsubnet=192.0.2.1/32', `auto=${auto}`)).policy.shunts;
    for (const start of ['ondemand', 'start', 'add', 'ignore', 'keep'])
      expect(shunts(start)).toMatchObject([{ name: 'a', connection: 'a', action: 'discard', start }]);
    expect(remarks(good(conn('type=passthrough', 'authby=never', 'auto=add')))).toEqual([
      '/c:4:7: note: type=passthrough holds once it is routed (expected auto=ondemand, or ikev2 route a)',
    ]);
    expect(remarks(good(conn('type=passthrough', 'authby=never', 'auto=route')))).toEqual([]);
  });
});

it('a connection that asks on demand says so', () => {
  expect(pad('auto=route').start).toBe('ondemand');
  expect(remarks(good(conn('auto=ondemand')))).toEqual([]);
  expect(remarks(good(conn('auto=ondemand', 'right=%any'))).join()).toContain('can only wait for it');
});
