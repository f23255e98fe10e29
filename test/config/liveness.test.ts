import { expect, test } from 'vitest';
import { conn, errors, good, pad, read, remarks } from './read.ts';

test("pluto's defaults", () => {
  expect(pad()).toMatchObject({
    retransmit: { interval: 500, timeout: 60_000 },
    dpdDelay: 0,
    dpdAction: 'hold',
    keyingTries: 0,
  });
});

test.each([
  [['keyingtries=3'], { keyingTries: 3 }],
  [['keyingtries=%forever'], { keyingTries: 0 }],
  [['keyingtries=0'], { keyingTries: 0 }],
  [['dpddelay=30', 'dpdaction=clear'], { dpdDelay: 30_000, dpdAction: 'clear' }],
  [['dpddelay=1m', 'dpdaction=restart'], { dpdDelay: 60_000, dpdAction: 'restart' }],
  [['dpddelay=1', 'dpdaction=restart_by_peer'], { dpdAction: 'restart' }],
  [['dpdaction=hold'], { dpdAction: 'hold' }],
  [['retransmit-interval=200', 'retransmit-timeout=3'], { retransmit: { interval: 200, timeout: 3000 } }],
  [
    ['retransmit-interval=1s', 'retransmit-timeout=1000ms'],
    { retransmit: { interval: 1000, timeout: 1000 } },
  ],
  [['right=%any'], { dpdAction: 'clear' }],
])('%j', (lines, expected) => {
  const config = good(conn(...lines));
  expect(config.notes).toEqual([]);
  expect(config.policy.pad).toMatchObject([expected]);
});

test.each([
  [['dpdaction=restart'], 'note: dpdaction=restart without dpddelay=: the peer is never checked'],
  [['dpddelay=10', 'dpdtimeout=90', 'dpdaction=clear'], 'note: dpdtimeout= is ignored: it is for IKEv1 only'],
  [
    ['right=%any', 'dpddelay=9', 'dpdaction=restart'],
    'warning: dpdaction=restart with a peer of any address: this host can only wait for it',
  ],
])('%j: %s', (lines, remark) => {
  expect(remarks(good(conn(...lines)))).toEqual([expect.stringContaining(remark)]);
});

test.each([
  ['keyingtries=-1'],
  ['keyingtries=often'],
  ['dpdaction=trap'],
  ['dpddelay=now'],
  ['retransmit-interval=0'],
  ['retransmit-timeout=0'],
  ['retransmit-timeout=100ms'],
])('%s is refused', (line) => {
  expect(errors(read(conn(line)))).toHaveLength(1);
});
