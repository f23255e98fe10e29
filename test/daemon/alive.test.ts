import { describe, expect, it } from 'vitest';
import { Alive } from '../../src/daemon/alive.ts';

describe('what is up', () => {
  it('has a child while one of that name is there', () => {
    const alive = new Alive();
    alive.add(1, 'net', 'a');
    alive.add(2, 'net', 'b');
    alive.delete(1);
    expect(alive.has('net')).toBe(true);
    alive.delete(2);
    expect(alive.has('net')).toBe(false);
    expect(alive.size).toBe(0);
  });

  it('goes with its IKE SA', () => {
    const alive = new Alive();
    alive.add(1, 'net', 'a');
    alive.add(2, 'other', 'a');
    alive.add(3, 'net', 'b');
    alive.deleteOf('a');
    expect([alive.size, alive.has('net'), alive.has('other'), alive.owns('a')]).toEqual([
      1,
      true,
      false,
      false,
    ]);
  });

  it('goes over to the heir, with what the heir had', () => {
    const alive = new Alive();
    alive.add(1, 'net', 'a');
    alive.add(2, 'other', 'b');
    alive.handOver('a', 'b');
    expect(alive.owns('a')).toBe(false);
    alive.deleteOf('b');
    expect(alive.size).toBe(0);
  });

  it('is taken over when its key comes again, and forgets what is not there', () => {
    const alive = new Alive();
    alive.add('ike', undefined, 'a');
    alive.add('ike', undefined, 'b');
    alive.delete(7);
    alive.deleteOf('a');
    expect([alive.size, alive.owns('b')]).toEqual([1, true]);
  });

  it('costs as much with fifty thousand as with a few', () => {
    const alive = new Alive();
    let looks = 0;
    for (let spi = 0; spi < 50_000; spi++) {
      alive.add(spi, 'net', `sa ${spi}`);
      if (alive.has('net') && alive.owns(`sa ${spi}`)) looks++;
    }
    for (let spi = 0; spi < 50_000; spi += 2) alive.deleteOf(`sa ${spi}`);
    expect([looks, alive.size]).toEqual([50_000, 25_000]);
  });
});
