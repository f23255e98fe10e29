/** SK_*, KEYMAT, g^ir and the shared key print nowhere, and the keys are zero when their SA is dead. */
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { defaultCrypto } from '../../src/crypto/index.ts';
import type { Services } from '../../src/ike/context.ts';
import { IkeSa } from '../../src/ike/ike-sa.ts';
import { destroyKeys, ikeKeys } from '../../src/ike/keys.ts';
import { Protection } from '../../src/ike/protect.ts';
import { Encr, ExchangeType, fromHex, Integ, Prf, toHex } from '../../src/wire/index.ts';
import { describeWithVectors } from '../wire/vectors.ts';
import { strongSwanSessions } from './recorded.ts';
import { pathOf, policyOf, pskOf, senderOf, stageOf } from './script.ts';
import { ikeSuiteOf, peerOf } from './suites.ts';

/** Every way to print a value, each as one line without blanks. */
function printed(value: unknown): string {
  const inspected = inspect(value, {
    depth: 20,
    showHidden: true,
    maxArrayLength: null,
    maxStringLength: null,
  });
  const json = JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? `${each}` : each));
  return [inspected, json, String(value), `${Object.entries(Object(value))}`]
    .join('\n')
    .replace(/"\d+":/g, '')
    .replace(/\s/g, '')
    .toLowerCase();
}

/** The beginning of a secret as somebody might print it. */
function spellings(secret: Uint8Array): string[] {
  const begin = secret.subarray(0, 9);
  const base64 = Buffer.from(begin).toString('base64').toLowerCase();
  return [toHex(begin), [...begin].join(','), base64, Buffer.from(begin).toString('latin1').toLowerCase()];
}

function expectHidden(value: unknown, secrets: readonly Uint8Array[]): void {
  const text = printed(value);
  for (const spelling of secrets.flatMap(spellings)) expect(text.includes(spelling)).toBe(false);
}

it('the test sees what does print', () => {
  const octets = Uint8Array.from({ length: 9 }, (_, i) => 0xc1 + 7 * i);
  const [hex = '', decimal = '', base64 = ''] = spellings(octets);
  expect(printed({ deep: [{ octets }] })).toContain(decimal);
  expect(printed({ octets: Buffer.from(octets) })).toContain(hex);
  expect(printed({ octets: Buffer.from(octets).toString('base64') })).toContain(base64);
});

describe('the keys of an IKE SA', () => {
  const suite = ikeSuiteOf(defaultCrypto, {
    encr: Encr.AES_CBC,
    keyBits: 256,
    integ: Integ.HMAC_SHA2_256_128,
    prf: Prf.HMAC_SHA2_256,
  });
  if (suite === undefined) throw new Error('no suite');
  const [ni, nr, seed] = [0x11, 0x22, 0x33].map((octet) => new Uint8Array(32).fill(octet));
  if (ni === undefined || nr === undefined || seed === undefined) throw new Error('three values');
  const derive = () => ikeKeys(suite, seed.slice(), ni, nr, 1n, 2n);

  it('print in no way, nor does what holds them', () => {
    const keys = derive();
    const secrets = [...Object.values(keys).map(({ octets }) => octets), seed];
    expectHidden(keys, secrets);
    const protection = new Protection(defaultCrypto, () => new Uint8Array(16), suite, keys, 'initiator');
    expectHidden(protection, secrets);
    const end = { address: '10.0.0.1', port: 500 };
    const path = { socket: 'ike', local: end, remote: end } as const;
    const sa = new IkeSa({ now: 0 } as Services, 'initiator', { local: 1n, remote: 2n }, path);
    const support = {
      fragmentation: true,
      childless: false,
      signatureHashes: [],
      authMethods: [],
      asksForCertificate: false,
    };
    sa.phase = { name: 'authenticating', suite, keys, protection, support, ni, nr, candidates: [] };
    const { phase } = sa;
    expectHidden(phase, secrets);
    expect(inspect(sa, { depth: 20 })).toContain('[secret]');
    for (const spelling of secrets.flatMap(spellings))
      expect(inspect(sa, { depth: 20 })).not.toContain(spelling);
  });

  it('are zero once destroyed', () => {
    const keys = derive();
    destroyKeys(keys);
    for (const { octets } of Object.values(keys))
      expect([...octets].every((octet) => octet === 0)).toBe(true);
  });
});

describeWithVectors('09-ikev2-traces/strongswan-5.9.8-recorded', () => {
  const session = strongSwanSessions('5.9.8').find(({ name }) => name === 'psk-aes128cbc-sha256-modp2048');
  if (session === undefined) throw new Error('no such session');
  const [recorded] = session.keySets;
  const [child] = session.children;
  if (recorded === undefined || child === undefined) throw new Error('no keys');
  const { SKEYSEED, g_ir, SK_d, SK_ai = '', SK_ar = '', SK_ei, SK_er, SK_pi, SK_pr } = recorded;
  const { 'encryption initiator key': ci, 'encryption responder key': cr } = child;
  const ike = [SKEYSEED, g_ir, SK_d, SK_ai, SK_ar, SK_ei, SK_er, SK_pi, SK_pr].map(fromHex);

  describe.each(['initiator', 'responder'] as const)('as the %s', (role) => {
    const play = (keyLog: boolean) => {
      const policy = policyOf(session, role);
      const stage = stageOf(session, role, policy, defaultCrypto, { keyLog });
      if (role === 'initiator') stage.command({ kind: 'up', name: 't' });
      const theirs = session.messages.filter((message) => senderOf(message) === peerOf(role));
      for (const message of theirs)
        if (message.exchange !== ExchangeType.INFORMATIONAL)
          stage.receive(fromHex(message.hex), pathOf(message));
      expect(stage.event('childEstablished')).toBeDefined();
      return { policy, stage };
    };

    it('says nothing secret in events, status and itself', () => {
      const { policy, stage } = play(false);
      const secrets = [...ike, fromHex(ci), fromHex(cr), pskOf(policy).octets];
      expectHidden([stage.events, stage.engine.status(), stage.engine, policy], secrets);
      expect(stage.events.some(({ kind }) => kind === 'keys' || kind === 'childKeys')).toBe(false);
    });

    it('logs the recorded keys when told to, sealed, and zeroes them at the end', () => {
      const { stage } = play(true);
      const logged = stage.event('keys')?.keys;
      if (logged === undefined) throw new Error('no keys event');
      const { ei, er, ai, ar } = logged;
      expect([ei, er, ai, ar].map(({ octets }) => toHex(octets))).toEqual([SK_ei, SK_er, SK_ai, SK_ar]);
      expect(logged).toMatchObject({ encr: Encr.AES_CBC, keyBits: 128, integ: Integ.HMAC_SHA2_256_128 });
      expectHidden(stage.event('keys'), ike);
      stage.command({ kind: 'shutdown' });
      stage.runOut();
      for (const { octets } of [ei, er, ai, ar]) expect(toHex(octets)).toBe('00'.repeat(octets.length));
    });
  });
});
