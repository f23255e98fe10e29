/**
 * Keys of an IKE SA that a rekey made, computed again with node:crypto from nonces and SPIs as they were on the wire and
 * the two shared secrets: SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr) with the PRF of the old SA, prf+ with that of
 * the new one (RFC 7296 §2.18). Each end prefers another PRF, so that a rekey by the responder changes it.
 */
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node/index.ts';
import type { Crypto, KeyExchange } from '../../src/crypto/provider.ts';
import { type Pair, pair } from '../../src/testing/index.ts';
import { find } from '../../src/wire/message.ts';
import { ExchangeType } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';

const prfs = {
  sha1: ['prfsha1', 'sha1', 20],
  sha256: ['prfsha256', 'sha256', 32],
  sha384: ['prfsha384', 'sha384', 48],
  sha512: ['prfsha512', 'sha512', 64],
} as const;
type Name = keyof typeof prfs;

/** AES-GCM with 256 bits: the key and its salt. */
const cipherLength = 36;

/** Tells every shared secret that is computed. */
function listening(crypto: Crypto, secrets: Buffer[]): Crypto {
  const heard = (method: KeyExchange): KeyExchange => ({
    ...method,
    generate: method.generate.bind(method),
    respond(random, peer) {
      const answer = method.respond(random, peer);
      secrets.push(Buffer.from(answer.secret));
      return answer;
    },
  });
  return {
    ...crypto,
    keyExchanges: new Map([...crypto.keyExchanges].map(([id, each]) => [id, heard(each)])),
  };
}

const prf = (name: Name, key: Buffer, data: Buffer): Buffer =>
  createHmac(prfs[name][1], key).update(data).digest();

function prfPlus(name: Name, key: Buffer, seed: Buffer, length: number): Buffer {
  let stream: Buffer = Buffer.alloc(0);
  let block: Buffer = Buffer.alloc(0);
  for (let count = 1; stream.length < length; count++) {
    block = prf(name, key, Buffer.concat([block, seed, Buffer.of(count)]));
    stream = Buffer.concat([stream, block]);
  }
  return stream.subarray(0, length);
}

/** SK_d, SK_ei, SK_er, SK_pi, SK_pr of an AEAD. */
function schedule(name: Name, skeyseed: Buffer, seed: Buffer) {
  const length = prfs[name][2];
  const stream = prfPlus(name, skeyseed, seed, 3 * length + 2 * cipherLength);
  let at = 0;
  const take = (octets: number) => {
    at += octets;
    return stream.subarray(at - octets, at);
  };
  return {
    d: take(length),
    ei: take(cipherLength),
    er: take(cipherLength),
    pi: take(length),
    pr: take(length),
  };
}

const nonceOf = (payloads: readonly Payload[]): Buffer => Buffer.from(find(payloads, 'nonce')?.data ?? []);
const spiOf = (payloads: readonly Payload[]): Buffer =>
  Buffer.from(find(payloads, 'sa')?.proposals[0]?.spi ?? []);

function messages({ network }: Pair, exchange: number) {
  const [request = [], response = []] = network.flights
    .filter(({ header }) => header?.exchange === exchange)
    .map(({ payloads }) => payloads ?? []);
  return { request, response };
}

const pairs = (Object.keys(prfs) as Name[]).flatMap((before) =>
  (Object.keys(prfs) as Name[]).map((after) => [before, after] as const),
);

describe('keys of a rekeyed IKE SA', () => {
  test.each(pairs)('from %s to %s', (before, after) => {
    const secrets: Buffer[] = [];
    const crypto = listening(nodeCrypto, secrets);
    const [first, second] = [before, after].map((name) => `aes256gcm16-${prfs[name as Name][0]}-x25519`);
    const both = pair({
      crypto,
      initiator: { ike: `${first},${second}` },
      responder: { ike: `${second},${first}` },
    }).up();
    const init = messages(both, ExchangeType.IKE_SA_INIT);
    both.responder.command({ kind: 'rekey', name: both.name, what: 'ike' });
    both.network.settle();
    const [born, heir] = both.initiator.told('keys');
    if (!born || !heir) throw new Error('no keys told');
    const [shared = Buffer.alloc(0), fresh = Buffer.alloc(0)] = secrets;

    const opening = Buffer.concat([nonceOf(init.request), nonceOf(init.response)]);
    const spis = Buffer.from(`${born.sa.spiI}${born.sa.spiR}`, 'hex');
    const old = schedule(before, prf(before, opening, shared), Buffer.concat([opening, spis]));

    const { request, response } = messages(both, ExchangeType.CREATE_CHILD_SA);
    const nonces = Buffer.concat([nonceOf(request), nonceOf(response)]);
    const fromOld = prf(before, old.d, Buffer.concat([fresh, nonces]));
    const wanted = schedule(after, fromOld, Buffer.concat([nonces, spiOf(request), spiOf(response)]));

    const { ei, er, pi, pr } = heir.keys;
    const told = { ei, er, pi, pr };
    for (const [name, secret] of Object.entries(told)) {
      expect(Buffer.from(secret.octets).toString('hex'), name).toBe(
        wanted[name as keyof typeof told].toString('hex'),
      );
    }
  });
});
