/** What MS-CHAP-V2 computes. RFC 2759 §8; its keys for MPPE and EAP: RFC 3079 §3. */
import md4 from 'js-md4';
import { desBlock } from '../crypto/node/des.ts';
import type { Crypto } from '../crypto/provider.ts';
import { Secret } from '../crypto/secret.ts';
import { octetsOf } from './text.ts';

/** What both ends say and know of each other. */
export interface Challenges {
  /** 16 octets each. */
  readonly authenticator: Uint8Array;
  readonly peer: Uint8Array;
  /** As the Response names the peer; a domain before a backslash does not count. */
  readonly name: Uint8Array;
}

const signing = octetsOf('Magic server to client signing constant');
const iteration = octetsOf('Pad to make it do more than one iteration');
const masterKey = octetsOf('This is the MPPE Master Key');
const peerSends = octetsOf(
  'On the client side, this is the send key; on the server side, it is the receive key.',
);
const peerReceives = octetsOf(
  'On the client side, this is the receive key; on the server side, it is the send key.',
);

/** NtPasswordHash: 16 octets that are as good as the password. `password` is UTF-8. */
export function ntPasswordHash(password: Secret): Secret {
  const text = new TextDecoder().decode(password.octets);
  const wide = new Uint8Array(2 * text.length);
  for (let at = 0; at < text.length; at++) {
    wide[2 * at] = text.charCodeAt(at) & 0xff;
    wide[2 * at + 1] = text.charCodeAt(at) >> 8;
  }
  const hash = md4.array(wide);
  wide.fill(0);
  return new Secret(Uint8Array.from(hash));
}

/** GenerateNTResponse: 24 octets. */
export function ntResponse(crypto: Crypto, ntHash: Secret, challenges: Challenges): Uint8Array {
  const challenge = challengeHash(crypto, challenges);
  const keys = new Uint8Array(21);
  keys.set(ntHash.octets);
  const response = new Uint8Array(24);
  for (const third of [0, 1, 2])
    response.set(desBlock(keys.subarray(7 * third, 7 * third + 7), challenge), 8 * third);
  keys.fill(0);
  return response;
}

/** GenerateAuthenticatorResponse: the 20 octets behind "S=". */
export function authenticatorResponse(
  crypto: Crypto,
  ntHash: Secret,
  response: Uint8Array,
  challenges: Challenges,
): Uint8Array {
  const digest = crypto.hash('sha1', hashOfHash(ntHash), response, signing);
  return crypto.hash('sha1', digest, challengeHash(crypto, challenges), iteration);
}

/** The authenticator's MasterReceiveKey and MasterSendKey, and zeros: 64 octets. */
export function masterSessionKey(crypto: Crypto, ntHash: Secret, response: Uint8Array): Secret {
  const master = crypto.hash('sha1', hashOfHash(ntHash), response, masterKey).subarray(0, 16);
  const key = new Uint8Array(64);
  key.set(startKey(crypto, master, peerSends), 0);
  key.set(startKey(crypto, master, peerReceives), 16);
  master.fill(0);
  return new Secret(key);
}

/** GetAsymmetricStartKey with 128 bits. */
function startKey(crypto: Crypto, master: Uint8Array, magic: Uint8Array): Uint8Array {
  const padding = [new Uint8Array(40), new Uint8Array(40).fill(0xf2)] as const;
  return crypto.hash('sha1', master, padding[0], magic, padding[1]).subarray(0, 16);
}

const hashOfHash = (ntHash: Secret): Uint8Array => Uint8Array.from(md4.array(ntHash.octets));

function challengeHash(crypto: Crypto, { peer, authenticator, name }: Challenges): Uint8Array {
  const domain = name.lastIndexOf(0x5c);
  return crypto.hash('sha1', peer, authenticator, name.subarray(domain + 1)).subarray(0, 8);
}
