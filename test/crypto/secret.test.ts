/** Secrets never print, and are gone when destroyed. */
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from '../../src/crypto/index.ts';

test('no way of printing shows the octets', () => {
  const secret = new Secret(Uint8Array.of(222, 173, 190, 239));
  const texts = [inspect(secret), inspect({ deep: [secret] }, { showHidden: true, depth: 9 }), `${secret}`];
  const all = [...texts, JSON.stringify({ secret }), String(Object.entries(secret))].join(' ');
  expect(all).toContain('[secret]');
  expect(all).not.toMatch(/222|173|deadbeef|3q2/i);
});

test('destroy zeroes the octets in place', () => {
  const octets = Uint8Array.of(1, 2, 3);
  const secret = new Secret(octets);
  expect(secret.length).toBe(3);
  secret.destroy();
  expect(octets).toEqual(new Uint8Array(3));
});

test('what was derived of a secret is made once, and zeroed with it', () => {
  const secret = new Secret(Uint8Array.of(1, 2, 3));
  const [one, other] = [{}, {}];
  let made = 0;
  const derive = (by: object) =>
    secret.derived(by, (octets) => {
      made++;
      return octets.map((octet) => octet + 1);
    });
  const first = derive(one);
  expect(first).toEqual(Uint8Array.of(2, 3, 4));
  expect(derive(one)).toBe(first);
  expect(derive(other)).not.toBe(first);
  expect(made).toBe(2);
  secret.destroy();
  expect(first).toEqual(new Uint8Array(3));
});
