/** What one read of a netlink socket gives: several messages, answers and parts of dumps among them. */

import { errnoName } from '../errno.ts';
import { splitAttributes } from './attributes.ts';
import { type ExtendedAck, NetlinkError } from './errors.ts';
import { parseBody, type UnknownMessage, type XfrmMessage } from './messages.ts';
import { NlmFlag, NlmsgerrAttribute, NlmsgType } from './numbers.ts';
import { aligned, type Endianness, s32, u32, viewOf } from './struct.ts';
import { type Nlmsghdr, nlmsgerr, nlmsghdr } from './structs.ts';

/** NLMSG_ERROR: the answer to a request that asked for one, or was refused. */
export interface Acknowledgement {
  readonly kind: 'acknowledgement';
  /** Symbolic; undefined when the request was done. */
  readonly errno: string | undefined;
  readonly extack: ExtendedAck;
  /** Of the request. */
  readonly request: Nlmsghdr;
}

/** NLMSG_DONE: the end of a dump. */
export interface Done {
  readonly kind: 'done';
  /** Why the dump broke off; undefined when it is whole. */
  readonly errno: string | undefined;
}

/** NLMSG_OVERRUN: data was lost. */
export interface Overrun {
  readonly kind: 'overrun';
}

/** Octets that are not what their header says, or no message at all. */
export interface Malformed {
  readonly kind: 'malformed';
  readonly error: NetlinkError;
  readonly data: Uint8Array;
}

export interface Received {
  /** Absent when not even a header could be read. */
  readonly header?: Nlmsghdr;
  readonly message: XfrmMessage | UnknownMessage | Acknowledgement | Done | Overrun | Malformed;
}

/**
 * Every message of a datagram. Never throws: what cannot be read is among them as `malformed`, and where one message
 * ends is then not known, the rest with it.
 */
export function parseDatagram(octets: Uint8Array, endianness: Endianness): Received[] {
  const received: Received[] = [];
  for (let at = 0; at < octets.length; ) {
    const rest = octets.subarray(at);
    const header = rest.length < nlmsghdr.size ? undefined : nlmsghdr.read(viewOf(rest), 0, endianness);
    const length = header?.nlmsg_len ?? 0;
    if (header === undefined || length < nlmsghdr.size || length > rest.length) {
      const error = new NetlinkError('nlmsghdr', `${length} of ${rest.length} octets`);
      received.push({ message: { kind: 'malformed', error, data: rest.slice() } });
      break;
    }
    if (header.nlmsg_type !== NlmsgType.NOOP) {
      received.push({ header, message: parseOne(header, rest.subarray(nlmsghdr.size, length), endianness) });
    }
    at += aligned(length, 4);
  }
  return received;
}

/** Messages one after another, each padded to 4 octets: one write for many requests. */
export function joinMessages(messages: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(messages.reduce((sum, { length }) => sum + aligned(length, 4), 0));
  let at = 0;
  for (const message of messages) {
    joined.set(message, at);
    at += aligned(message.length, 4);
  }
  return joined;
}

function parseOne(header: Nlmsghdr, body: Uint8Array, endianness: Endianness): Received['message'] {
  try {
    if (header.nlmsg_type === NlmsgType.ERROR) return acknowledgement(header, body, endianness);
    if (header.nlmsg_type === NlmsgType.DONE) return done(body, endianness);
    if (header.nlmsg_type === NlmsgType.OVERRUN) return { kind: 'overrun' };
    return parseBody(header, body, endianness);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    return { kind: 'malformed', error, data: body.slice() };
  }
}

function acknowledgement(header: Nlmsghdr, body: Uint8Array, endianness: Endianness): Acknowledgement {
  if (body.length < nlmsgerr.size) throw new NetlinkError('nlmsgerr', `${body.length} octets`);
  const { error, msg } = nlmsgerr.read(viewOf(body), 0, endianness);
  const capped = (header.nlmsg_flags & NlmFlag.CAPPED) !== 0;
  const repeated = capped ? 0 : Math.max(0, msg.nlmsg_len - nlmsghdr.size);
  const hasExtack = (header.nlmsg_flags & NlmFlag.ACK_TLVS) !== 0;
  const attributes = hasExtack ? body.subarray(nlmsgerr.size + aligned(repeated, 4)) : new Uint8Array(0);
  return {
    kind: 'acknowledgement',
    errno: errnoOf(error),
    extack: extendedAck(attributes, endianness),
    request: msg,
  };
}

function done(body: Uint8Array, endianness: Endianness): Done {
  return {
    kind: 'done',
    errno: body.length < s32.size ? undefined : errnoOf(s32.read(viewOf(body), 0, endianness)),
  };
}

function extendedAck(octets: Uint8Array, endianness: Endianness): ExtendedAck {
  let ack: ExtendedAck = {};
  for (const { type, data } of splitAttributes(octets, endianness)) {
    if (type === NlmsgerrAttribute.MSG) ack = { ...ack, message: textOf(data) };
    if (type === NlmsgerrAttribute.OFFS && data.length === u32.size) {
      ack = { ...ack, offset: u32.read(viewOf(data), 0, endianness) };
    }
  }
  return ack;
}

function textOf(data: Uint8Array): string {
  const end = data.indexOf(0);
  return String.fromCharCode(...(end < 0 ? data : data.subarray(0, end)));
}

const errnoOf = (error: number): string | undefined => (error === 0 ? undefined : errnoName(Math.abs(error)));
