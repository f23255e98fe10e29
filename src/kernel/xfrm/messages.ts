/** XFRM messages, `XFRM_MSG_*`: a struct, then attributes. Requests, replies and notifications alike. */
import {
  type AttributeSpace,
  type SadAttribute,
  type SpdAttribute,
  sadSpace,
  spdSpace,
  type XfrmAttribute,
  xfrmSpace,
} from './attributes.ts';
import { NetlinkError } from './errors.ts';
import { MessageType, NlmFlag } from './numbers.ts';
import { aligned, type Endianness, type Struct, type ValueOf, viewOf } from './struct.ts';
import * as structs from './structs.ts';

interface Format<B, A> {
  readonly type: number;
  readonly body: Struct<B>;
  readonly space: AttributeSpace<A>;
}

const xfrm = <B>(type: number, body: Struct<B>): Format<B, XfrmAttribute> => ({
  type,
  body,
  space: xfrmSpace,
});
const sad = (type: number) => ({ type, body: structs.infoFlags, space: sadSpace });
const spd = (type: number) => ({ type, body: structs.infoFlags, space: spdSpace });

const formats = {
  NEWSA: xfrm(MessageType.NEWSA, structs.userSaInfo),
  UPDSA: xfrm(MessageType.UPDSA, structs.userSaInfo),
  DELSA: xfrm(MessageType.DELSA, structs.userSaId),
  GETSA: xfrm(MessageType.GETSA, structs.userSaId),
  /** GETSA with NLM_F_DUMP. */
  DUMPSA: xfrm(MessageType.GETSA, structs.nothing),
  FLUSHSA: xfrm(MessageType.FLUSHSA, structs.userSaFlush),
  ALLOCSPI: xfrm(MessageType.ALLOCSPI, structs.userSpiInfo),
  NEWPOLICY: xfrm(MessageType.NEWPOLICY, structs.userPolicyInfo),
  UPDPOLICY: xfrm(MessageType.UPDPOLICY, structs.userPolicyInfo),
  DELPOLICY: xfrm(MessageType.DELPOLICY, structs.userPolicyId),
  GETPOLICY: xfrm(MessageType.GETPOLICY, structs.userPolicyId),
  /** GETPOLICY with NLM_F_DUMP. */
  DUMPPOLICY: xfrm(MessageType.GETPOLICY, structs.nothing),
  FLUSHPOLICY: xfrm(MessageType.FLUSHPOLICY, structs.nothing),
  ACQUIRE: xfrm(MessageType.ACQUIRE, structs.userAcquire),
  EXPIRE: xfrm(MessageType.EXPIRE, structs.userExpire),
  POLEXPIRE: xfrm(MessageType.POLEXPIRE, structs.userPolExpire),
  NEWAE: xfrm(MessageType.NEWAE, structs.aeventId),
  GETAE: xfrm(MessageType.GETAE, structs.aeventId),
  REPORT: xfrm(MessageType.REPORT, structs.userReport),
  MIGRATE: xfrm(MessageType.MIGRATE, structs.userPolicyId),
  MAPPING: xfrm(MessageType.MAPPING, structs.userMapping),
  SETDEFAULT: xfrm(MessageType.SETDEFAULT, structs.userPolicyDefault),
  GETDEFAULT: xfrm(MessageType.GETDEFAULT, structs.userPolicyDefault),
  NEWSADINFO: sad(MessageType.NEWSADINFO),
  GETSADINFO: sad(MessageType.GETSADINFO),
  NEWSPDINFO: spd(MessageType.NEWSPDINFO),
  GETSPDINFO: spd(MessageType.GETSPDINFO),
} as const;

type Formats = typeof formats;

/** By the name after `XFRM_MSG_`; a dump is a kind of its own, for its body is another. */
export type MessageKind = keyof Formats;

/** `kind` tells which `body` (a struct of linux/xfrm.h) and which attributes there are, in their order. */
export type XfrmMessage = {
  readonly [K in MessageKind]: {
    readonly kind: K;
    readonly body: ValueOf<Formats[K]['body']>;
    readonly attributes: readonly AttributeOf<Formats[K]>[];
  };
}[MessageKind];

export type MessageOf<K extends MessageKind> = Extract<XfrmMessage, { readonly kind: K }>;

/** Of an XFRM message type not known here. */
export interface UnknownMessage {
  readonly kind: 'unknown';
  readonly type: number;
  readonly data: Uint8Array;
}

type AttributeOf<F> = F extends Format<infer _, infer A> ? A : never;
type AnyFormat = Format<unknown, SadAttribute | SpdAttribute | XfrmAttribute>;

const dumps: Partial<Record<MessageKind, MessageKind>> = { GETSA: 'DUMPSA', GETPOLICY: 'DUMPPOLICY' };
const byType: ReadonlyMap<number, MessageKind> = new Map(
  Object.entries(MessageType).map(([kind, type]) => [type, kind as MessageKind]),
);

/** nlmsg_seq, nlmsg_flags and nlmsg_pid. The kernel's port is 0; a sender may leave its own to the kernel. */
export interface Envelope {
  readonly sequence: number;
  /** `NlmFlag`; what a dump needs is added. */
  readonly flags: number;
  readonly port?: number;
}

/** A whole netlink message. Throws RangeError when a value does not fit its field. */
export function encodeMessage(message: XfrmMessage, envelope: Envelope, endianness: Endianness): Uint8Array {
  const { type, body, space }: AnyFormat = formats[message.kind];
  const attributes = space.encode(message.attributes, endianness);
  const start = structs.nlmsghdr.size;
  const end = start + (attributes.length === 0 ? body.size : aligned(body.size, 4));
  const octets = new Uint8Array(end + attributes.length);
  const header = {
    nlmsg_len: octets.length,
    nlmsg_type: type,
    nlmsg_flags: envelope.flags | (isDump(message.kind) ? NlmFlag.DUMP : 0),
    nlmsg_seq: envelope.sequence,
    nlmsg_pid: envelope.port ?? 0,
  };
  structs.nlmsghdr.write(viewOf(octets), 0, header, endianness);
  body.write(viewOf(octets), start, message.body, endianness);
  octets.set(attributes, end);
  // A copy, and keys may be in it.
  attributes.fill(0);
  return octets;
}

/**
 * What follows a nlmsghdr. Throws NetlinkError when the struct is cut short or an attribute points outside; attributes
 * of unknown type or layout are kept as they are.
 */
export function parseBody(
  header: structs.Nlmsghdr,
  octets: Uint8Array,
  endianness: Endianness,
): XfrmMessage | UnknownMessage {
  const kind = kindOf(header);
  if (kind === undefined) return { kind: 'unknown', type: header.nlmsg_type, data: octets.slice() };
  const { body, space }: AnyFormat = formats[kind];
  if (octets.length < body.size) {
    throw new NetlinkError(body.name, `${octets.length} of ${body.size} octets`);
  }
  const value = body.read(viewOf(octets), 0, endianness);
  const attributes = space.parse(octets.subarray(aligned(body.size, 4)), endianness);
  return { kind, body: value, attributes } as XfrmMessage;
}

function kindOf({ nlmsg_type, nlmsg_flags }: structs.Nlmsghdr): MessageKind | undefined {
  const kind = byType.get(nlmsg_type);
  const dumped = (nlmsg_flags & NlmFlag.DUMP) === NlmFlag.DUMP && (nlmsg_flags & NlmFlag.REQUEST) !== 0;
  return (dumped && kind && dumps[kind]) || kind;
}

const isDump = (kind: MessageKind): boolean => kind === 'DUMPSA' || kind === 'DUMPPOLICY';
