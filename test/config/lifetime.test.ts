import { describe, expect, test } from 'vitest';
import { conn, errors, good, pad, read, remarks } from './read.ts';

const hour = 3_600_000;
const minute = 60_000;

test("pluto's defaults", () => {
  expect(pad().lifetime).toEqual({
    ike: 8 * hour,
    margin: 9 * minute,
    fuzz: 100,
    rekey: true,
    reauth: false,
  });
  expect(pad().children.map(({ lifetime }) => lifetime)).toEqual([{ time: 8 * hour, octets: 0, packets: 0 }]);
});

describe('lifetimes of IKE SAs', () => {
  test.each([
    [['ikelifetime=1h'], { ike: hour }],
    [['ikelifetime=3600'], { ike: hour }],
    [['ikelifetime=24h'], { ike: 24 * hour }],
    [['rekeymargin=30s', 'rekeyfuzz=0%'], { margin: 30_000, fuzz: 0 }],
    [['rekeymargin=0'], { margin: 0 }],
    [['rekeyfuzz=250%'], { fuzz: 250 }],
    [['rekey=no'], { rekey: false, margin: 0 }],
    [['rekey=no', 'rekeymargin=9h'], { rekey: false, margin: 0 }],
    [['reauth=yes'], { reauth: 'make-before-break' }],
    [['ikelifetime=20s', 'rekeymargin=9s'], { ike: 20_000, margin: 9000 }],
    [['ikelifetime=20s', 'rekeymargin=19s', 'rekeyfuzz=0%'], { margin: 19_000, fuzz: 0 }],
  ])('%j', (lines, expected) => {
    const config = good(conn(...lines));
    expect(config.notes).toEqual([]);
    expect(config.policy.pad).toMatchObject([{ lifetime: expected }]);
  });
});

describe('lifetimes of children', () => {
  test.each([
    ['ipsec-lifetime=1h', { time: hour }],
    ['salifetime=1h', { time: hour }],
    ['keylife=1h', { time: hour }],
    ['lifetime=1h', { time: hour }],
    ['ipsec-max-bytes=5000', { octets: 5000 }],
    ['ipsec-max-bytes=10MiB', { octets: 10 * 1024 * 1024 }],
    ['ipsec-max-bytes=1EiB', { octets: 2 ** 60 }],
    ['ipsec-max-bytes=0', { octets: 0 }],
    ['ipsec-max-packets=10Ki', { packets: 10_240 }],
  ])('%s', (line, expected) => {
    expect(pad(line).children).toMatchObject([{ lifetime: expected }]);
  });

  test('every pair of subnets has them', () => {
    const { children } = pad('leftsubnets={10.0.0.0/24,10.0.1.0/24}', 'ipsec-max-bytes=1GiB');
    expect(children.map(({ lifetime }) => lifetime.octets)).toEqual([2 ** 30, 2 ** 30]);
  });
});

test.each(['ikelifetime=0', 'ikelifetime=25h', 'salifetime=0', 'salifetime=1w'])(
  '%s is a day, as pluto has it',
  (line) => {
    const config = good(conn(line));
    expect(remarks(config)).toEqual([expect.stringMatching(/warning: .* an SA lives a day at most/)]);
    const [entry] = config.policy.pad;
    const time = line.startsWith('ike') ? entry?.lifetime.ike : entry?.children[0]?.lifetime.time;
    expect(time).toBe(24 * hour);
  },
);

describe('the margin fits into both lifetimes', () => {
  test.each([
    ['ikelifetime=60s', 15_000, 'ikelifetime= is too short for the usual rekeymargin=9m: it is 15s'],
    ['salifetime=18m', 270_000, 'ipsec-lifetime= is too short for the usual rekeymargin=9m: it is 270s'],
  ])('%s: the default yields', (line, margin, note) => {
    const config = good(conn(line));
    expect(remarks(config)).toEqual([expect.stringContaining(note)]);
    expect(config.policy.pad).toMatchObject([{ lifetime: { margin } }]);
  });

  test.each([
    [
      ['ikelifetime=1h', 'rekeymargin=30m'],
      'rekeymargin="30m" grows to 3600s with rekeyfuzz=100%, and ikelifetime= is 3600s (expected rekeymargin= and its fuzz below the lifetimes, such as 900s)',
    ],
    [['salifetime=20s', 'rekeymargin=20s', 'rekeyfuzz=0%'], 'and ipsec-lifetime= is 20s'],
    [['rekeymargin=5h'], 'grows to 36000s with rekeyfuzz=100%'],
    [['rekeymargin=1h', 'rekeyfuzz=700%'], 'grows to 28800s with rekeyfuzz=700%'],
  ])('%j is refused', (lines, message) => {
    const all = errors(read(conn(...lines)));
    expect(all).toHaveLength(1);
    expect(all[0]).toContain(message);
  });
});

test.each([
  'ikelifetime=soon',
  'ipsec-max-bytes=10MB',
  'ipsec-max-packets=10KiB',
  'rekeyfuzz=50',
  'rekey=maybe',
  'reauth=2',
])('%s is refused', (line) => {
  expect(errors(read(conn(line)))).toHaveLength(1);
});
