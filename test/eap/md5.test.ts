/** MD5-Challenge: the digest is RFC 1994's, and no key comes of it. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { eapAuthenticator, eapPeer, md5Authenticator, md5Peer } from '../../src/eap/index.ts';
import { EapCode, EapType } from '../../src/wire/numbers.ts';
import { converse, crypto, hex, random, reason, secret } from './converse.ts';

const peer = (password: string) =>
  eapPeer({ identity: 'carol', methods: [md5Peer({ name: 'carol', password: secret(password) })] });
const authenticator = (password: string | undefined) =>
  eapAuthenticator({
    identifier: 7,
    methods: () => [
      md5Authenticator({
        name: 'gate',
        password: password === undefined ? undefined : secret(password),
        random,
        crypto,
      }),
    ],
  });

describe('MD5-Challenge', () => {
  it('is the digest of Identifier, password and challenge', async () => {
    const talk = await converse(peer('open'), authenticator('open'));
    expect(talk.peer).toEqual({ ok: true, method: EapType.MD5_CHALLENGE });
    expect(talk.authenticator).toEqual({ ok: true, method: EapType.MD5_CHALLENGE, identity: 'carol' });
    const [, , request, response] = talk.packets;
    const challenge = request?.data.subarray(1, 17) ?? new Uint8Array(0);
    expect(request).toMatchObject({ code: EapCode.REQUEST, identifier: 8 });
    const digest = createHash('md5').update(Uint8Array.of(8)).update('open').update(challenge).digest('hex');
    expect(hex(response?.data)).toBe(`10${digest}${hex(new TextEncoder().encode('carol'))}`);
    expect(hex(request?.data.subarray(17))).toBe(hex(new TextEncoder().encode('gate')));
  });

  it.each([
    ['a wrong password', 'shut'],
    ['an unknown name', undefined],
  ])('%s ends both sides', async (_, known) => {
    const talk = await converse(peer('open'), authenticator(known));
    expect(reason(talk.authenticator)).toBe('wrong password or unknown name');
    expect(reason(talk.peer)).toBe('the authenticator refused MD5_CHALLENGE');
  });

  it.each(['', '00', '05aabb'])('a malformed challenge %s is refused', (data) => {
    const turn = peer('open').turn({
      code: EapCode.REQUEST,
      identifier: 1,
      type: EapType.MD5_CHALLENGE,
      data: Uint8Array.from(Buffer.from(data, 'hex')),
    });
    expect(turn).toEqual({ outcome: { ok: false, reason: 'a malformed MD5-Challenge' } });
  });
});
