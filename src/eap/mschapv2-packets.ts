/** Type-Data of EAP-MSCHAPv2. draft-kamath-pppext-eap-mschapv2-02 §2. */
import { toHex } from '../wire/hex.ts';
import { octetsOf } from './text.ts';

export const OpCode = { CHALLENGE: 1, RESPONSE: 2, SUCCESS: 3, FAILURE: 4, CHANGE_PASSWORD: 7 } as const;

const challengeLength = 16;
const responseLength = 49;

export interface Challenge {
  readonly kind: 'challenge';
  readonly id: number;
  readonly challenge: Uint8Array;
  readonly name: Uint8Array;
}

export interface Response {
  readonly kind: 'response';
  readonly id: number;
  readonly peerChallenge: Uint8Array;
  readonly ntResponse: Uint8Array;
  readonly name: Uint8Array;
}

/** `message`: "S=... M=..." or "E=... R=... C=... V=... M=..."; a peer's answer has none. */
export interface Result {
  readonly kind: 'success' | 'failure';
  readonly message: Uint8Array;
}

export type Mschapv2 = Challenge | Response | Result;

/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |    OpCode     |  MS-CHAPv2-ID |           MS-Length           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  Value-Size   |   Value ...          Name ...   (1 and 2)
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */

/** Undefined when it breaks the format. */
export function parseMschapv2(data: Uint8Array): Mschapv2 | undefined {
  const [opCode, id = 0, high = 0, low = 0, size] = data;
  if (opCode === OpCode.SUCCESS || opCode === OpCode.FAILURE) {
    const kind = opCode === OpCode.SUCCESS ? 'success' : 'failure';
    return { kind, message: data.subarray(4) };
  }
  if (((high << 8) | low) !== data.length || size === undefined) return undefined;
  const value = data.subarray(5, 5 + size);
  const name = data.subarray(5 + size);
  if (value.length !== size) return undefined;
  if (opCode === OpCode.CHALLENGE && size === challengeLength)
    return { kind: 'challenge', id, challenge: value, name };
  if (opCode === OpCode.RESPONSE && size === responseLength) {
    // 8 octets between the two are reserved, one of flags follows.
    return {
      kind: 'response',
      id,
      peerChallenge: value.subarray(0, 16),
      ntResponse: value.subarray(24, 48),
      name,
    };
  }
  return undefined;
}

export function encodeChallenge(id: number, challenge: Uint8Array, name: Uint8Array): Uint8Array {
  return withValue(OpCode.CHALLENGE, id, challenge, name);
}

export function encodeResponse(
  id: number,
  peerChallenge: Uint8Array,
  ntResponse: Uint8Array,
  name: Uint8Array,
): Uint8Array {
  const value = new Uint8Array(responseLength);
  value.set(peerChallenge, 0);
  value.set(ntResponse, 24);
  return withValue(OpCode.RESPONSE, id, value, name);
}

export function encodeSuccess(id: number, authenticatorResponse: Uint8Array): Uint8Array {
  return withMessage(OpCode.SUCCESS, id, `S=${toHex(authenticatorResponse).toUpperCase()} M=OK`);
}

/** ERROR_AUTHENTICATION_FAILURE, and no second try. RFC 2759 §6. */
export function encodeFailure(id: number, challenge: Uint8Array): Uint8Array {
  const fresh = toHex(challenge).toUpperCase();
  return withMessage(OpCode.FAILURE, id, `E=691 R=0 C=${fresh} V=3 M=Authentication failure`);
}

/** A peer's answer to either result: the OpCode alone. */
export const acknowledge = (kind: Result['kind']): Uint8Array =>
  Uint8Array.of(kind === 'success' ? OpCode.SUCCESS : OpCode.FAILURE);

/** The hexadecimal digits after "S=", 20 octets. */
export function provenBy(message: Uint8Array): string | undefined {
  return /^S=([0-9A-Fa-f]{40})(?: |$)/.exec(new TextDecoder('latin1').decode(message))?.[1]?.toLowerCase();
}

function withValue(opCode: number, id: number, value: Uint8Array, name: Uint8Array): Uint8Array {
  const data = new Uint8Array(5 + value.length + name.length);
  data.set([opCode, id, data.length >> 8, data.length & 0xff, value.length]);
  data.set(value, 5);
  data.set(name, 5 + value.length);
  return data;
}

function withMessage(opCode: number, id: number, message: string): Uint8Array {
  const text = octetsOf(message);
  const data = new Uint8Array(4 + text.length);
  data.set([opCode, id, data.length >> 8, data.length & 0xff]);
  data.set(text, 4);
  return data;
}
