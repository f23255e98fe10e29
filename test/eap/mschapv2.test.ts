/** EAP-MSCHAPv2: the samples of RFC 2759 and RFC 3079, and both roles against each other. */
import { describe, expect, it } from 'vitest';
import { desBlock } from '../../src/crypto/node/des.ts';
import { eapAuthenticator, eapPeer, mschapv2Authenticator, mschapv2Peer } from '../../src/eap/index.ts';
import {
  authenticatorResponse,
  masterSessionKey,
  ntPasswordHash,
  ntResponse,
} from '../../src/eap/mschapv2-keys.ts';
import type { EapPacket } from '../../src/eap/session.ts';
import { fromHex } from '../../src/wire/hex.ts';
import { EapCode, EapType } from '../../src/wire/numbers.ts';
import { converse, crypto, hex, mskOf, random, reason, secret } from './converse.ts';

describe('RFC 2759 §9.2 and RFC 3079 §3.5', () => {
  const challenges = {
    authenticator: fromHex('5b5d7c7d7b3f2f3e3c2c602132262628'),
    peer: fromHex('21402324255e262a28295f2b3a337c7e'),
    name: new TextEncoder().encode('User'),
  };
  const hash = ntPasswordHash(secret('clientPass'));
  const response = fromHex('82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df');

  it('NtPasswordHash', () => {
    expect(hex(hash.octets)).toBe('44ebba8d5312b8d611474411f56989ae');
  });

  it('GenerateNTResponse, with and without a domain', () => {
    expect(hex(ntResponse(crypto, hash, challenges))).toBe(hex(response));
    const name = new TextEncoder().encode('DOMAIN\\User');
    expect(hex(ntResponse(crypto, hash, { ...challenges, name }))).toBe(hex(response));
  });

  it('GenerateAuthenticatorResponse', () => {
    expect(hex(authenticatorResponse(crypto, hash, response, challenges))).toBe(
      '407a5589115fd0d6209f510fe9c04566932cda56',
    );
  });

  it('the keys of §3.5.3, receive before send, zeros behind', () => {
    expect(hex(masterSessionKey(crypto, hash, response).octets)).toBe(
      `d5f0e9521e3ea9589645e86051c82226${'8b7cdc149b993a1ba118cb153f56dccb'}${'00'.repeat(32)}`,
    );
  });
});

describe('DES of one block', () => {
  it('holds the known answers of FIPS 81 and of the variable plaintext test', () => {
    expect(hex(desBlock(fromHex('0123456789abcdef'), fromHex('4e6f772069732074')))).toBe('3fa40e8a984d4815');
    expect(hex(desBlock(fromHex('0101010101010101'), fromHex('8000000000000000')))).toBe('95f8a5e5dd31d900');
  });

  it('takes 56 bits as RFC 2759 §9.2 uses them, and no parity bit', () => {
    expect(hex(desBlock(fromHex('44ebba8d5312b8'), fromHex('d02e4386bce91226')))).toBe('82309ecd8d708b5e');
    const block = fromHex('4e6f772069732074');
    expect(hex(desBlock(fromHex('0022446688aaccee'), block))).toBe(
      hex(desBlock(fromHex('0123456789abcdef'), block)),
    );
  });

  it.each([
    [6, 8],
    [9, 8],
    [8, 7],
  ])('refuses a key of %i octets with a block of %i', (key, block) => {
    expect(() => desBlock(new Uint8Array(key), new Uint8Array(block))).toThrow(RangeError);
  });
});

const passwords = new Map([
  ['carol', secret('Ar3etTnp')],
  ['påvel', secret('ключ 🔑')],
]);

const authenticator = (identity?: string) =>
  eapAuthenticator({
    ...(identity !== undefined && { identity }),
    identifier: 250,
    methods: () => [
      mschapv2Authenticator({ name: 'gate', password: (name) => passwords.get(name), random, crypto }),
    ],
  });

const peer = (name: string, password: string) =>
  eapPeer({ identity: name, methods: [mschapv2Peer({ name, password: secret(password), random, crypto })] });

describe('both roles', () => {
  it.each([
    ['carol', 'Ar3etTnp', 'carol'],
    ['påvel', 'ключ 🔑', 'påvel'],
    ['HOME\\carol', 'Ar3etTnp', 'carol'],
  ])('%s ends with one key on both sides', async (name, password, identity) => {
    const talk = await converse(peer(name, password), authenticator());
    expect(talk.authenticator).toMatchObject({ ok: true, method: EapType.MSCHAPV2, identity });
    expect(mskOf(talk.peer)).toMatch(/^[0-9a-f]{64}0{64}$/);
    expect(mskOf(talk.peer)).toBe(mskOf(talk.authenticator));
    expect(talk.packets.map(({ code, type }) => [code, type])).toEqual([
      [EapCode.REQUEST, EapType.IDENTITY],
      [EapCode.RESPONSE, EapType.IDENTITY],
      ...Array(2)
        .fill([
          [EapCode.REQUEST, EapType.MSCHAPV2],
          [EapCode.RESPONSE, EapType.MSCHAPV2],
        ])
        .flat(),
      [EapCode.SUCCESS, undefined],
    ]);
  });

  it('a conversation without promises turns at once', () => {
    expect(authenticator('carol').turn()).not.toBeInstanceOf(Promise);
  });

  it('names whom the password proved, not whom the peer was taken for', async () => {
    const talk = await converse(peer('carol', 'Ar3etTnp'), authenticator('10.0.0.1'));
    expect(talk.authenticator).toMatchObject({ ok: true, identity: 'carol' });
  });

  it.each([
    ['carol', 'wrong'],
    ['mallory', 'Ar3etTnp'],
    ['', ''],
  ])('%s with %s: both sides end, no second try', async (name, password) => {
    const talk = await converse(peer(name, password), authenticator());
    expect(reason(talk.authenticator)).toBe('wrong password or unknown name');
    expect(reason(talk.peer)).toMatch(/^the authenticator refused: E=691 R=0 C=[0-9A-F]{32} V=3 /);
    expect(talk.packets.at(-1)?.code).toBe(EapCode.FAILURE);
  });

  const changed = (data: (old: Uint8Array) => Uint8Array, at: number) => (packet: EapPacket, index: number) =>
    index === at ? { ...packet, data: data(packet.data) } : packet;

  it('an authenticator that does not know the password is not believed', async () => {
    const forge = changed((old) => old.with(10, old[10] === 0x30 ? 0x31 : 0x30), 4);
    const talk = await converse(peer('carol', 'Ar3etTnp'), authenticator(), forge);
    expect(reason(talk.peer)).toMatch(/does not prove/);
    expect(talk.authenticator).toBeUndefined();
  });

  it('a peer that does not take our proof gets no Success', async () => {
    const talk = await converse(
      peer('carol', 'Ar3etTnp'),
      authenticator(),
      changed(() => Uint8Array.of(4), 5),
    );
    expect(reason(talk.authenticator)).toMatch(/does not take our proof/);
    expect(talk.packets.at(-1)?.code).toBe(EapCode.FAILURE);
  });

  it('an answer to another challenge is none', async () => {
    const talk = await converse(
      peer('carol', 'Ar3etTnp'),
      authenticator(),
      changed((old) => old.with(1, 9), 3),
    );
    expect(reason(talk.authenticator)).toMatch(/no MSCHAPv2 Response/);
  });

  it('a change of passwords is not taken up', async () => {
    const talk = await converse(
      peer('carol', 'wrong'),
      authenticator(),
      changed(() => Uint8Array.of(7, 0, 0, 5, 0), 4),
    );
    expect(reason(talk.peer)).toMatch(/a malformed packet out of place/);
  });
});
