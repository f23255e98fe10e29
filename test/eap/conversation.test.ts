/** Identity, Nak, Notification, Success and Failure, and what bounds a conversation. RFC 3748 §2, §4, §5. */
import { describe, expect, it } from 'vitest';
import type { Secret } from '../../src/crypto/secret.ts';
import {
  type AuthenticatorOffer,
  eapAuthenticator,
  eapPeer,
  md5Authenticator,
  md5Peer,
  mschapv2Authenticator,
  mschapv2Peer,
  type PeerOffer,
} from '../../src/eap/index.ts';
import type { EapPacket, Turn } from '../../src/eap/session.ts';
import { EapCode, EapType } from '../../src/wire/numbers.ts';
import { converse, crypto, hex, mskOf, random, reason, secret } from './converse.ts';

const password = secret('open sesame');
const peers = {
  md5: md5Peer({ name: 'ali', password }),
  mschapv2: mschapv2Peer({ name: 'ali', password, random, crypto }),
};
const authenticators = {
  md5: md5Authenticator({ name: 'cave', password, random, crypto }),
  mschapv2: mschapv2Authenticator({ name: 'cave', password: () => password, random, crypto }),
};
type Method = keyof typeof peers;

const peer = (...methods: Method[]) =>
  eapPeer({ identity: 'ali', methods: methods.map((each): PeerOffer => peers[each]) });
const authenticator = (...methods: Method[]) =>
  eapAuthenticator({ methods: () => methods.map((each): AuthenticatorOffer => authenticators[each]) });

const packet = (code: number, identifier: number, type?: number, data: number[] = []): EapPacket => ({
  code,
  identifier,
  ...(type !== undefined && { type }),
  data: Uint8Array.from(data),
});
const sync = (turn: Turn | Promise<Turn>): Turn => {
  if (turn instanceof Promise) throw new Error('a promise');
  return turn;
};

describe('negotiation', () => {
  it('the peer Naks what it cannot and gets what it can', async () => {
    const talk = await converse(peer('mschapv2'), authenticator('md5', 'mschapv2'));
    expect(talk.packets[3]).toMatchObject({ type: EapType.NAK, data: Uint8Array.of(EapType.MSCHAPV2) });
    expect(talk.authenticator).toMatchObject({ ok: true, method: EapType.MSCHAPV2 });
    expect(mskOf(talk.peer)).toBe(mskOf(talk.authenticator));
  });

  it('the authenticator keeps its own order among what the peer can', async () => {
    const talk = await converse(peer('md5', 'mschapv2'), authenticator('mschapv2', 'md5'));
    expect(talk.authenticator).toMatchObject({ ok: true, method: EapType.MSCHAPV2 });
  });

  it('without a common method both end', async () => {
    const talk = await converse(peer('md5'), authenticator('mschapv2'));
    expect(reason(talk.authenticator)).toBe('the peer refuses MSCHAPV2 and offers MD5_CHALLENGE');
    expect(reason(talk.peer)).toBe('the authenticator refused');
  });

  it('a peer without methods says so with a zero', () => {
    const { packet: nak } = sync(peer().turn(packet(EapCode.REQUEST, 1, EapType.EXPANDED, [0, 0, 0, 0])));
    expect(nak).toEqual(packet(EapCode.RESPONSE, 1, EapType.NAK, [0]));
  });

  it('a method taken up is not refused afterwards', async () => {
    const nak = (each: EapPacket, index: number): EapPacket =>
      index === 5 ? { ...each, type: EapType.NAK, data: Uint8Array.of(EapType.MD5_CHALLENGE) } : each;
    const talk = await converse(peer('mschapv2'), authenticator('mschapv2', 'md5'), nak);
    expect(reason(talk.authenticator)).toMatch(/^the peer refuses MSCHAPV2/);
  });

  it('nor offered the same method twice', () => {
    const cave = authenticator('md5', 'mschapv2');
    cave.turn();
    cave.turn(packet(EapCode.RESPONSE, 0, EapType.IDENTITY, [0x61]));
    expect(sync(cave.turn(packet(EapCode.RESPONSE, 1, EapType.NAK, [4, 26]))).packet?.type).toBe(
      EapType.MSCHAPV2,
    );
    expect(reason(sync(cave.turn(packet(EapCode.RESPONSE, 2, EapType.NAK, [4, 26]))).outcome)).toMatch(
      /refuses MSCHAPV2/,
    );
  });

  it('an identity that needs no asking is not asked', () => {
    const cave = eapAuthenticator({ identity: 'ali', methods: () => [authenticators.md5] });
    expect(sync(cave.turn()).packet).toMatchObject({ type: EapType.MD5_CHALLENGE, identifier: 1 });
  });

  it.each([
    ['no UTF-8', [0xff, 0xfe]],
    ['a control character', [0x61, 0x1b, 0x5b]],
    ['a NUL', [0x61, 0]],
  ])('an identity with %s is refused', (_, data) => {
    const cave = authenticator('md5');
    cave.turn();
    const turn = sync(cave.turn(packet(EapCode.RESPONSE, 0, EapType.IDENTITY, data)));
    expect(reason(turn.outcome)).toBe('the identity is not text');
    expect(turn.packet?.code).toBe(EapCode.FAILURE);
  });

  it('an identity without methods is refused', () => {
    expect(sync(eapAuthenticator({ identity: 'x', methods: () => [] }).turn())).toEqual({
      packet: packet(EapCode.FAILURE, 0),
      outcome: { ok: false, reason: 'no EAP method for this identity' },
    });
  });
});

describe('a peer', () => {
  it('answers an Identity request as often as it comes', () => {
    const ali = peer('md5');
    for (const identifier of [3, 4])
      expect(sync(ali.turn(packet(EapCode.REQUEST, identifier, EapType.IDENTITY)))).toEqual({
        packet: packet(EapCode.RESPONSE, identifier, EapType.IDENTITY, [0x61, 0x6c, 0x69]),
      });
  });

  it('acknowledges a notification, whose text it makes safe, amidst a method too', () => {
    const ali = peer('mschapv2');
    const text = [...new TextEncoder().encode('expires\u001b[2J soon\u202e')];
    const turn = sync(ali.turn(packet(EapCode.REQUEST, 1, EapType.NOTIFICATION, text)));
    expect(turn.packet).toEqual(packet(EapCode.RESPONSE, 1, EapType.NOTIFICATION));
    expect(turn.notice).toBe('expires\ufffd[2J soon\ufffd');
  });

  it.each([
    [
      'a Success out of the blue',
      packet(EapCode.SUCCESS, 1),
      'an EAP Success before the method came to its end',
    ],
    ['a Failure', packet(EapCode.FAILURE, 1), 'the authenticator refused'],
    ['a Response', packet(EapCode.RESPONSE, 1, EapType.IDENTITY), 'an EAP RESPONSE to a peer'],
    ['a code of ERP', packet(EapCode.INITIATE, 1, 1), 'an EAP INITIATE to a peer'],
    ['no code at all', packet(77, 1), 'an EAP 77 to a peer'],
    ['a Nak as a Request', packet(EapCode.REQUEST, 1, EapType.NAK), 'an EAP Request of no method'],
    ['nothing', undefined, 'a peer does not begin'],
  ])('ends at %s', (_, given, expected) => {
    expect(peer('md5', 'mschapv2').turn(given)).toEqual({ outcome: { ok: false, reason: expected } });
  });

  it('takes no Success amidst a method', async () => {
    const early = (each: EapPacket, index: number): EapPacket =>
      index === 4 ? packet(EapCode.SUCCESS, each.identifier) : each;
    const talk = await converse(peer('mschapv2'), authenticator('mschapv2'), early);
    expect(reason(talk.peer)).toBe('an EAP Success before the method came to its end');
  });

  it('takes a Success of any Identifier, as pluto counts it up', async () => {
    const up = (each: EapPacket): EapPacket =>
      each.code === EapCode.SUCCESS ? { ...each, identifier: each.identifier + 1 } : each;
    expect((await converse(peer('md5'), authenticator('md5'), up)).peer?.ok).toBe(true);
  });

  it('does not leave a method for another', async () => {
    const other = (each: EapPacket, index: number): EapPacket =>
      index === 4 ? { ...each, type: EapType.MD5_CHALLENGE } : each;
    const talk = await converse(peer('mschapv2', 'md5'), authenticator('mschapv2'), other);
    expect(reason(talk.peer)).toBe('the authenticator left MSCHAPV2 before its end');
  });
});

describe('an authenticator', () => {
  it.each([
    ['another Identifier', packet(EapCode.RESPONSE, 9, EapType.IDENTITY), 'EAP Identifier 9 answers 0'],
    ['a Request', packet(EapCode.REQUEST, 0, EapType.IDENTITY), 'an EAP REQUEST to an authenticator'],
    ['a Success', packet(EapCode.SUCCESS, 0), 'an EAP SUCCESS to an authenticator'],
    ['another type', packet(EapCode.RESPONSE, 0, EapType.TLS), 'TLS answers an Identity request'],
    ['nothing', undefined, 'EAP begins twice'],
  ])('ends at %s, with a Failure', (_, given, expected) => {
    const cave = authenticator('md5');
    cave.turn();
    expect(cave.turn(given)).toEqual({
      packet: packet(EapCode.FAILURE, 0),
      outcome: { ok: false, reason: expected },
    });
    expect(cave.turn(given)).toEqual({ outcome: { ok: false, reason: 'the EAP conversation is over' } });
  });

  it('does not listen before it began', () => {
    const turn = sync(authenticator('md5').turn(packet(EapCode.RESPONSE, 0, EapType.IDENTITY)));
    expect(reason(turn.outcome)).toBe('EAP before its time');
  });

  it('counts its Identifiers round', async () => {
    const cave = eapAuthenticator({ identifier: 255, methods: () => [authenticators.md5] });
    const talk = await converse(peer('md5'), cave);
    expect(talk.packets.map(({ identifier }) => identifier)).toEqual([255, 255, 0, 0, 0]);
    expect(talk.peer?.ok).toBe(true);
  });
});

describe('bounds', () => {
  it('of rounds', () => {
    const ali = peer('md5');
    let turns = 0;
    let last: Turn = {};
    while (last.outcome === undefined) {
      turns += 1;
      last = sync(ali.turn(packet(EapCode.REQUEST, turns & 0xff, EapType.NOTIFICATION)));
    }
    expect([turns, reason(last.outcome)]).toEqual([51, 'more than 50 EAP packets']);
  });

  it('of octets', () => {
    const ali = peer('md5');
    const long = { ...packet(EapCode.REQUEST, 1, EapType.NOTIFICATION), data: new Uint8Array(33_000) };
    expect(sync(ali.turn(long)).outcome).toBeUndefined();
    expect(reason(sync(ali.turn(long)).outcome)).toBe('more than 65536 octets of EAP');
  });

  it('closed amidst: the key that was not handed out is zeroed', async () => {
    const keys: Secret[] = [];
    const kept: PeerOffer = {
      ...peers.mschapv2,
      start() {
        const method = peers.mschapv2.start();
        return {
          async request(data, identifier) {
            const step = await method.request(data, identifier);
            if ('reply' in step && step.ended?.ok && step.ended.msk) keys.push(step.ended.msk);
            return step;
          },
          close: () => method.close(),
        };
      },
    };
    const ali = eapPeer({ identity: 'ali', methods: [kept] });
    const lost = (each: EapPacket): EapPacket => (each.code === EapCode.SUCCESS ? packet(2, 0, 1) : each);
    await converse(ali, authenticator('mschapv2'), lost);
    expect(keys.map(({ octets }) => hex(octets))).toEqual(['00'.repeat(64)]);
  });

  it('closed while a method thinks: the turn fails', async () => {
    const slow: PeerOffer = {
      type: EapType.TLS,
      start: () => ({ request: async () => ({ reply: new Uint8Array(0) }), close() {} }),
    };
    const ali = eapPeer({ identity: 'ali', methods: [slow] });
    const turn = ali.turn(packet(EapCode.REQUEST, 1, EapType.TLS));
    ali.close();
    expect(await turn).toEqual({ outcome: { ok: false, reason: 'the EAP conversation is over' } });
  });
});
