/** Ends that speak EAP: with the methods of `src/eap`, or with ones that do as they are told. */
import { type Crypto, defaultCrypto, type Random, Secret } from '../../src/crypto/index.ts';
import {
  type EapSession,
  eapAuthenticator,
  eapPeer,
  md5Authenticator,
  md5Peer,
  mschapv2Authenticator,
  mschapv2Peer,
} from '../../src/eap/index.ts';
import type { Answer, EapTurn, Question } from '../../src/ike/actions.ts';
import type { AuthPolicy, EapMethod } from '../../src/policy/policy.ts';
import type { PairEnd, PairOptions } from '../../src/testing/index.ts';
import { EapCode } from '../../src/wire/numbers.ts';
import { type BearerOptions, bearer, east, west } from './auth-pki.ts';
import { signature } from './certificates.ts';

type EapQuestion = Extract<Question, { kind: 'eap' }>;
type Answering = (question: Question) => Answer | undefined;

export const eap = (...methods: readonly EapMethod[]): AuthPolicy => ({ kind: 'eap', methods });

const secret = (text: string): Secret => new Secret(new TextEncoder().encode(text));

/** Who has which password. */
export type Passwords = Readonly<Record<string, string>>;

/** Answers `eap` questions with the real methods. */
export function methodsOf(passwords: Passwords, crypto: Crypto = defaultCrypto): Answering {
  const sessions = new Map<string, EapSession>();
  let drawn = 0;
  const random: Random = (length) => Uint8Array.from({ length }, () => (drawn = (drawn * 7 + 11) & 0xff));
  const begin = ({ role, methods, identity }: EapQuestion): EapSession => {
    const passwordOf = (name: string): Secret | undefined => {
      const text = passwords[name];
      return text === undefined ? undefined : secret(text);
    };
    if (role === 'authenticator') {
      const name = 'gateway';
      return eapAuthenticator({
        identity,
        methods: (user) =>
          methods.map((method) =>
            method === 'md5'
              ? md5Authenticator({ name, password: passwordOf(user), random, crypto })
              : mschapv2Authenticator({ name, password: passwordOf, random, crypto }),
          ),
      });
    }
    const password = passwordOf(identity) ?? secret('');
    return eapPeer({
      identity,
      methods: methods.map((method) =>
        method === 'md5'
          ? md5Peer({ name: identity, password })
          : mschapv2Peer({ name: identity, password, random, crypto }),
      ),
    });
  };
  return (question) => {
    if (question.kind !== 'eap') return undefined;
    const key = `${question.role} ${question.session}`;
    const session = sessions.get(key) ?? begin(question);
    sessions.set(key, session);
    const turn = session.turn(question.packet);
    if (turn instanceof Promise) throw new Error('these methods need no promises');
    const { packet, outcome } = turn;
    return { ok: true, eap: { ...(packet && { packet }), ...(outcome && { outcome }) } };
  };
}

export interface Told {
  /** Requests before the Success; `Infinity` goes on for ever. */
  readonly rounds?: number;
  /** Octets of each message. */
  readonly octets?: number;
  /** An octet to fill the key with; no key without. */
  readonly msk?: number;
  readonly identity?: string;
}

/** A method of type 200 that does as it is told, in either role. */
export function toldTo({ rounds = 1, octets = 8, msk, identity }: Told): Answering {
  let count = 0;
  const outcome = () => ({
    ok: true as const,
    ...(msk !== undefined && { msk: new Secret(new Uint8Array(64).fill(msk)) }),
    ...(identity !== undefined && { identity }),
  });
  const message = (code: number, identifier: number) => ({
    code,
    identifier: identifier & 0xff,
    type: 200,
    data: new Uint8Array(octets),
  });
  const turn = ({ role, packet }: EapQuestion): EapTurn => {
    if (role === 'peer') {
      if (packet?.code === EapCode.SUCCESS) return { outcome: outcome() };
      return { packet: message(EapCode.RESPONSE, packet?.identifier ?? 0) };
    }
    count = packet === undefined ? 1 : count + 1;
    if (count <= rounds) return { packet: message(EapCode.REQUEST, count) };
    const success = {
      code: EapCode.SUCCESS,
      identifier: (packet?.identifier ?? 0) & 0xff,
      data: new Uint8Array(0),
    };
    return { packet: success, outcome: outcome() };
  };
  return (question) => (question.kind === 'eap' ? { ok: true, eap: turn(question) } : undefined);
}

export const passwords: Passwords = { alice: 'wonderland', bob: 'builder' };

export interface EapEnds {
  readonly methods?: readonly EapMethod[];
  readonly initiator?: BearerOptions;
  readonly responder?: BearerOptions;
}

/** Alice proves herself by a method to west, who has a certificate. */
export function eapEnds({
  methods = ['mschapv2'],
  initiator = {},
  responder = {},
}: EapEnds = {}): PairOptions & {
  initiator: PairEnd;
  responder: PairEnd;
} {
  return {
    initiator: bearer(east, {
      identity: '@alice',
      answer: methodsOf({ alice: 'wonderland' }, initiator.crypto),
      ...initiator,
      auth: { local: [eap(...methods)], remote: [signature], ...initiator.auth },
    }),
    responder: bearer(west, {
      answer: methodsOf(passwords, responder.crypto),
      ...responder,
      auth: { local: [signature], remote: [eap(...methods)], ...responder.auth },
    }),
  };
}

/** Both prove themselves by the method alone (RFC 5998). */
export const eapOnly = (ends: EapEnds = {}) => {
  const ways = [eap(...(ends.methods ?? ['mschapv2']))];
  return eapEnds({
    ...ends,
    initiator: { ...ends.initiator, auth: { remote: ways, ...ends.initiator?.auth } },
    responder: { ...ends.responder, auth: { local: ways, ...ends.responder?.auth } },
  });
};
