import { describe, expect, test } from 'vitest';
import { conn, errors, good, read, remarks } from './read.ts';

const updownOf = (...lines: string[]) => good(conn(...lines)).policy.pad[0]?.updown;

describe('leftupdown=', () => {
  test('is a command for a shell, with what it alone is told', () => {
    expect(
      updownOf(
        'leftupdown="ipsec _updown --route yes"',
        'leftsourceip=192.0.2.1',
        'metric=7',
        'mtu=1400',
        'nflog=9',
        'rightupdown=/bin/false',
        'rightsourceip=198.51.100.9',
      ),
    ).toEqual({
      command: 'ipsec _updown --route yes',
      metric: 7,
      mtu: 1400,
      nflog: 9,
    });
  });

  test.each(['none', '%none', '%disabled', '%DISABLED', '""', '" "'])('%s is no command', (value) => {
    expect(updownOf(`leftupdown=${value}`)).toBeUndefined();
  });

  test('is not what the other end runs', () => {
    expect(updownOf('rightupdown=/bin/false')).toBeUndefined();
  });
});

test('what nobody is told of is warned of', () => {
  expect(remarks(read(conn('leftsourceip=192.0.2.1', 'mtu=1400', 'metric=0')))).toEqual([
    expect.stringContaining('leftsourceip= without leftupdown= is for a TUN device alone'),
    expect.stringContaining('mtu= is told to an updown command alone'),
  ]);
});

test('leftsourceip= is an address', () => {
  expect(errors(read(conn('leftsourceip=10.0.0.0/8')))).toEqual([
    expect.stringContaining('leftsourceip=: "10.0.0.0/8" is no address (expected one address of this host)'),
  ]);
});
