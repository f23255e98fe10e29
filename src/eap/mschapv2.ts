/** EAP-MSCHAPv2, both roles: each proves to know the password, and a key comes of it. draft-kamath-pppext-eap-mschapv2-02. */
import type { Crypto, Random } from '../crypto/provider.ts';
import type { Secret } from '../crypto/secret.ts';
import { fromHex } from '../wire/hex.ts';
import { EapType } from '../wire/numbers.ts';
import type {
  AuthenticatorMethod,
  AuthenticatorOffer,
  AuthenticatorStep,
  MethodEnd,
  PeerMethod,
  PeerOffer,
  PeerStep,
} from './method.ts';
import {
  authenticatorResponse,
  type Challenges,
  masterSessionKey,
  ntPasswordHash,
  ntResponse,
} from './mschapv2-keys.ts';
import {
  acknowledge,
  type Challenge,
  encodeChallenge,
  encodeFailure,
  encodeResponse,
  encodeSuccess,
  parseMschapv2,
  provenBy,
  type Response,
} from './mschapv2-packets.ts';
import { nameOf, octetsOf, shown } from './text.ts';

const challengeLength = 16;

export interface Mschapv2PeerOptions {
  /** Ours; `DOMAIN\name` is kept. */
  readonly name: string;
  readonly password: Secret;
  readonly random: Random;
  readonly crypto: Crypto;
}

export function mschapv2Peer(options: Mschapv2PeerOptions): PeerOffer {
  return { type: EapType.MSCHAPV2, start: () => new Peer(options) };
}

export interface Mschapv2AuthenticatorOptions {
  /** Ours, in the challenge. */
  readonly name: string;
  /** By the name of the Response, asked again without its domain; undefined is refused as a wrong password is. */
  password(name: string): Secret | undefined;
  readonly random: Random;
  readonly crypto: Crypto;
}

export function mschapv2Authenticator(options: Mschapv2AuthenticatorOptions): AuthenticatorOffer {
  return { type: EapType.MSCHAPV2, start: () => new Authenticator(options) };
}

type PeerPhase =
  | { readonly name: 'new' | 'ended' }
  /** `expected`: the proof that the authenticator knows the password too. */
  | { readonly name: 'answered'; readonly expected: Uint8Array; readonly msk: Secret };

class Peer implements PeerMethod {
  readonly #options: Mschapv2PeerOptions;
  #phase: PeerPhase = { name: 'new' };

  constructor(options: Mschapv2PeerOptions) {
    this.#options = options;
  }

  request(data: Uint8Array): PeerStep {
    const packet = parseMschapv2(data);
    const phase = this.#phase;
    if (packet?.kind === 'challenge' && phase.name === 'new') return this.#answer(packet);
    if (packet?.kind === 'success' && phase.name === 'answered') {
      const proof = provenBy(packet.message);
      if (proof === undefined || !this.#options.crypto.equal(fromHex(proof), phase.expected))
        return { refused: 'the authenticator does not prove that it knows the password' };
      this.#phase = { name: 'ended' };
      return { reply: acknowledge('success'), ended: { ok: true, msk: phase.msk } };
    }
    if (packet?.kind === 'failure' && phase.name === 'answered') {
      this.close();
      const reason = `the authenticator refused: ${shown(packet.message)}`;
      return { reply: acknowledge('failure'), ended: { ok: false, reason } };
    }
    return { refused: `MSCHAPv2: ${packet?.kind ?? 'a malformed packet'} out of place` };
  }

  close(): void {
    if (this.#phase.name === 'answered') this.#phase.msk.destroy();
    this.#phase = { name: 'ended' };
  }

  #answer({ id, challenge }: Challenge): PeerStep {
    const { crypto, random } = this.#options;
    const name = octetsOf(this.#options.name);
    const challenges: Challenges = { authenticator: challenge, peer: random(challengeLength), name };
    const ntHash = ntPasswordHash(this.#options.password);
    const response = ntResponse(crypto, ntHash, challenges);
    this.#phase = {
      name: 'answered',
      expected: authenticatorResponse(crypto, ntHash, response, challenges),
      msk: masterSessionKey(crypto, ntHash, response),
    };
    ntHash.destroy();
    return { reply: encodeResponse(id, challenges.peer, response, name) };
  }
}

type AuthenticatorPhase =
  | { readonly name: 'challenged' | 'ended' }
  /** The result is told; the peer's word is awaited. */
  | { readonly name: 'told'; readonly end: MethodEnd };

class Authenticator implements AuthenticatorMethod {
  readonly #options: Mschapv2AuthenticatorOptions;
  readonly #challenge: Uint8Array;
  #id = 0;
  #phase: AuthenticatorPhase = { name: 'challenged' };

  constructor(options: Mschapv2AuthenticatorOptions) {
    this.#options = options;
    this.#challenge = options.random(challengeLength);
  }

  begin(identifier: number): Uint8Array {
    this.#id = identifier;
    return encodeChallenge(identifier, this.#challenge, octetsOf(this.#options.name));
  }

  response(data: Uint8Array): AuthenticatorStep {
    const packet = parseMschapv2(data);
    const phase = this.#phase;
    if (phase.name === 'challenged') {
      if (packet?.kind !== 'response' || packet.id !== this.#id)
        return { ended: { ok: false, reason: 'no MSCHAPv2 Response to the Challenge' } };
      return this.#judge(packet);
    }
    if (phase.name === 'told' && (!phase.end.ok || packet?.kind === 'success')) {
      this.#phase = { name: 'ended' };
      return { ended: phase.end };
    }
    this.close();
    return { ended: { ok: false, reason: 'the peer does not take our proof' } };
  }

  close(): void {
    if (this.#phase.name === 'told' && this.#phase.end.ok) this.#phase.end.msk?.destroy();
    this.#phase = { name: 'ended' };
  }

  #judge({ peerChallenge, ntResponse: claimed, name }: Response): AuthenticatorStep {
    const { crypto, random } = this.#options;
    const known = this.#known(name);
    const ntHash = known && ntPasswordHash(known.password);
    const challenges = { authenticator: this.#challenge, peer: peerChallenge, name };
    if (
      known === undefined ||
      ntHash === undefined ||
      !crypto.equal(ntResponse(crypto, ntHash, challenges), claimed)
    ) {
      const reason = 'wrong password or unknown name';
      this.#phase = { name: 'told', end: { ok: false, reason } };
      return { request: encodeFailure(this.#id, random(challengeLength)), failing: reason };
    }
    const proof = authenticatorResponse(crypto, ntHash, claimed, challenges);
    const msk = masterSessionKey(crypto, ntHash, claimed);
    this.#phase = { name: 'told', end: { ok: true, msk, identity: known.name } };
    ntHash.destroy();
    return { request: encodeSuccess(this.#id, proof) };
  }

  /** The name a password was found by. */
  #known(octets: Uint8Array): { readonly name: string; readonly password: Secret } | undefined {
    const whole = nameOf(octets) ?? '';
    for (const name of new Set([whole, whole.slice(whole.lastIndexOf('\\') + 1)])) {
      const password = this.#options.password(name);
      if (password !== undefined) return { name, password };
    }
    return undefined;
  }
}
