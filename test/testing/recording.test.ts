/** A run written down and run again gives the same actions, octet for octet. */
import { describe, expect, it } from 'vitest';
import { nobleCrypto } from '../../src/crypto/noble/index.ts';
import { nodeCrypto } from '../../src/crypto/node/index.ts';
import { Secret } from '../../src/crypto/secret.ts';
import {
  fromJson,
  lossy,
  pair,
  ReplayError,
  replay,
  seeded,
  tamper,
  toJson,
} from '../../src/testing/index.ts';

/** A life with everything in it that draws: both roles, loss, a block cipher, cookies, fragments, a reload. */
function lived() {
  const both = pair({
    record: true,
    cookieThreshold: 0,
    ike: 'aes128-sha2_256-x25519',
    initiator: { crypto: nodeCrypto, identity: `@[${'i'.repeat(2000)}]` },
    responder: { crypto: nobleCrypto },
  });
  both.network.fate(lossy(seeded(1), { drop: 0.2, copy: 0.2, delay: 0.2 }));
  both.initiator.up('pair');
  both.network.until(() => both.responder.children.length > 0 && both.initiator.children.length > 0);
  both.initiator.setPolicy(both.change('initiator', {}));
  both.responder.command({ kind: 'liveness', name: 'pair' });
  both.network.advance(5000);
  both.responder.down('pair');
  both.network.run();
  return both;
}

describe('record and replay', () => {
  it.each(['initiator', 'responder'] as const)('the %s, on either provider', (end) => {
    const both = lived();
    const { recording, answers } = both[end];
    expect(recording.length).toBeGreaterThan(10);
    for (const crypto of [nobleCrypto, nodeCrypto]) {
      const again: string[] = [];
      for (const actions of replay(recording, crypto)) again.push(toJson(actions));
      // The first line is the beginning, which answers nothing.
      expect(again).toEqual(answers.slice(1));
    }
  });

  it('lines are JSON objects of now, input and drawn', () => {
    const { recording } = lived().responder;
    for (const line of recording) {
      const names = Object.keys(JSON.parse(line));
      expect(names).toContain('now');
      expect(names).toContain('drawn');
      expect(line).not.toContain('\n');
    }
  });

  it('a run that draws otherwise is found out', () => {
    const { recording } = lived().responder;
    const line = recording.findIndex((each) => !each.includes('"drawn":[]'));
    const other = [...recording];
    other[line] = (recording[line] ?? '').replace(/"drawn":\["(..)/, '"drawn":["');
    expect(() => [...replay(other, nobleCrypto)]).toThrow(ReplayError);
    other[line] = (recording[line] ?? '').replace('"drawn":[', '"drawn":["00",');
    expect(() => [...replay(other, nobleCrypto)]).not.toThrow(TypeError);
    expect(() => [...replay(recording.slice(1), nobleCrypto)]).toThrow(ReplayError);
    expect(() => [...replay(['{'], nobleCrypto)]).toThrow('line 1: this is no line of a recording');
  });
});

describe('JSON', () => {
  it('keeps octets, bigints and secrets', () => {
    const value = { a: Uint8Array.of(0, 255), b: 2n ** 64n, c: [1, 'x', null, true], d: { hex: 5 } };
    expect(fromJson(toJson(value))).toEqual(value);
    const secret = fromJson(toJson({ s: new Secret(Uint8Array.of(1, 2)) })) as { s: Secret };
    expect(secret.s.octets).toEqual(Uint8Array.of(1, 2));
  });
});

describe('tamper', () => {
  it('a message sealed again without a change opens to the same', () => {
    const { network } = pair({ entry: { encapsulation: 'yes' } }).up();
    for (const { octets } of network.flights) {
      const again = tamper(network.keys, octets, ({ payloads }) => payloads);
      expect(network.keys.open(again)?.payloads).toEqual(network.keys.open(octets)?.payloads);
      expect(again.length).toBe(octets.length);
    }
  });

  it('what cannot be opened is refused', () => {
    const { network } = pair().up();
    expect(() => tamper(network.keys, Uint8Array.of(1, 2, 3), () => [])).toThrow(/cannot|can be opened/);
    const sealed = network.flights[2]?.octets.slice() ?? new Uint8Array(0);
    sealed[sealed.length - 1] = (sealed[sealed.length - 1] ?? 0) ^ 1;
    expect(() => tamper(network.keys, sealed, () => [])).toThrow(/can be opened/);
  });
});
