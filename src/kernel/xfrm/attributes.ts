/** Attributes of XFRM messages, `XFRMA_*`: type, length and a value of the type's layout. */
import { NetlinkError } from './errors.ts';
import { type Layout, many, one, raw, withOctets, withWords } from './layout.ts';
import { AttributeType, SadAttributeType, SpdAttributeType } from './numbers.ts';
import { aligned, type Endianness, u8, u16, u32, u64, viewOf } from './struct.ts';
import * as structs from './structs.ts';

const keyOctets = ({ alg_key_len }: { readonly alg_key_len: number }) => Math.ceil(alg_key_len / 8);
const algo = withOctets(structs.algo, 'alg_key', keyOctets);

const xfrmLayouts = {
  ALG_AUTH: algo,
  ALG_CRYPT: algo,
  ALG_COMP: algo,
  ENCAP: one(structs.encapTmpl),
  TMPL: many(structs.userTmpl),
  SA: one(structs.userSaInfo),
  POLICY: one(structs.userPolicyInfo),
  SEC_CTX: withOctets(structs.userSecCtx, 'ctx', ({ ctx_len }) => ctx_len),
  LTIME_VAL: one(structs.lifetimeCur),
  REPLAY_VAL: one(structs.replayState),
  REPLAY_THRESH: one(u32),
  ETIMER_THRESH: one(u32),
  SRCADDR: one(structs.address),
  COADDR: one(structs.address),
  LASTUSED: one(u64),
  POLICY_TYPE: one(structs.userPolicyType),
  MIGRATE: many(structs.userMigrate),
  ALG_AEAD: withOctets(structs.algoAead, 'alg_key', keyOctets),
  KMADDRESS: one(structs.userKmAddress),
  ALG_AUTH_TRUNC: withOctets(structs.algoAuth, 'alg_key', keyOctets),
  MARK: one(structs.mark),
  TFCPAD: one(u32),
  REPLAY_ESN_VAL: withWords(structs.replayStateEsn, 'bmp', ({ bmp_len }) => bmp_len),
  SA_EXTRA_FLAGS: one(u32),
  PROTO: one(u8),
  ADDRESS_FILTER: one(structs.addressFilter),
  PAD: raw,
  OFFLOAD_DEV: one(structs.userOffload),
  SET_MARK: one(u32),
  SET_MARK_MASK: one(u32),
  IF_ID: one(u32),
  MTIMER_THRESH: one(u32),
  SA_DIR: one(u8),
  NAT_KEEPALIVE_INTERVAL: one(u32),
  SA_PCPU: one(u32),
  IPTFS_DROP_TIME: one(u32),
  IPTFS_REORDER_WINDOW: one(u16),
  IPTFS_DONT_FRAG: raw,
  IPTFS_INIT_DELAY: one(u32),
  IPTFS_MAX_QSIZE: one(u32),
  IPTFS_PKT_SIZE: one(u32),
} satisfies Record<keyof typeof AttributeType, Layout<unknown>>;

const sadLayouts = {
  CNT: one(u32),
  HINFO: one(structs.sadHinfo),
} satisfies Record<keyof typeof SadAttributeType, Layout<unknown>>;

const spdLayouts = {
  INFO: one(structs.spdInfo),
  HINFO: one(structs.spdHinfo),
  IPV4_HTHRESH: one(structs.spdHthresh),
  IPV6_HTHRESH: one(structs.spdHthresh),
} satisfies Record<keyof typeof SpdAttributeType, Layout<unknown>>;

type Layouts = Readonly<Record<string, Layout<unknown>>>;
type Known<L extends Layouts> = {
  readonly [K in keyof L & string]: {
    readonly kind: K;
    readonly value: L[K] extends Layout<infer T> ? T : never;
  };
}[keyof L & string];

/** A type not known, or octets that are not of its layout; they are kept. */
export interface UnknownAttribute {
  readonly kind: 'unknown';
  /** nla_type with its flag bits. */
  readonly type: number;
  readonly data: Uint8Array;
}

export type XfrmAttribute = Known<typeof xfrmLayouts> | UnknownAttribute;
export type SadAttribute = Known<typeof sadLayouts> | UnknownAttribute;
export type SpdAttribute = Known<typeof spdLayouts> | UnknownAttribute;

/** The attributes one kind of message may have. */
export interface AttributeSpace<A> {
  /** Throws NetlinkError when a length points outside. */
  parse(octets: Uint8Array, endianness: Endianness): A[];
  /** In the order given, each padded to 4 octets. Throws RangeError when a value does not fit its layout. */
  encode(attributes: readonly A[], endianness: Endianness): Uint8Array;
}

export const xfrmSpace = space<XfrmAttribute>(AttributeType, xfrmLayouts);
export const sadSpace = space<SadAttribute>(SadAttributeType, sadLayouts);
export const spdSpace = space<SpdAttribute>(SpdAttributeType, spdLayouts);

/** The value of the first attribute of a kind. */
export function attributeValue<A extends { readonly kind: string }, K extends A['kind']>(
  attributes: readonly A[],
  kind: K,
): Extract<A, { readonly kind: K; readonly value: unknown }>['value'] | undefined {
  type Found = Extract<A, { readonly kind: K; readonly value: unknown }>;
  const found = attributes.find((each): each is Found & A => each.kind === kind && 'value' in each);
  return found?.value;
}

/** Splits attributes without a look at what they hold. Throws NetlinkError when a length points outside. */
export function splitAttributes(octets: Uint8Array, endianness: Endianness): Encoded[] {
  const { size } = structs.nlattr;
  const found = [];
  for (let at = 0; at < octets.length; ) {
    const left = octets.length - at;
    if (left < size) throw new NetlinkError('nlattr', `${left} octets left`);
    const { nla_len, nla_type } = structs.nlattr.read(viewOf(octets), at, endianness);
    if (nla_len < size || nla_len > left) throw new NetlinkError('nla_len', `${nla_len} of ${left} octets`);
    found.push({ type: nla_type, data: octets.slice(at + size, at + nla_len) });
    at += aligned(nla_len, 4);
  }
  return found;
}

/** Any of a space's attributes, as its table sees them. */
interface AnyAttribute {
  readonly kind: string;
  readonly value?: unknown;
  readonly type?: number;
  readonly data?: Uint8Array;
}

interface Encoded {
  readonly type: number;
  readonly data: Uint8Array;
}

/** `A` is the union `Known` makes of the layouts, with the unknown ones. */
function space<A extends AnyAttribute>(
  types: Readonly<Record<string, number>>,
  layouts: Layouts,
): AttributeSpace<A> {
  const kinds = new Map(Object.entries(types).map(([kind, type]) => [type, kind]));
  const parseOne = ({ type, data }: Encoded, endianness: Endianness): AnyAttribute => {
    const kind = kinds.get(type);
    const value = kind === undefined ? undefined : layouts[kind]?.read(data, endianness);
    return kind === undefined || value === undefined ? { kind: 'unknown', type, data } : { kind, value };
  };
  const encodeOne = ({ kind, value, type, data }: AnyAttribute, endianness: Endianness): Encoded => {
    const known = layouts[kind]?.write(value, endianness);
    return { type: (known ? types[kind] : type) ?? 0, data: known ?? data?.slice() ?? new Uint8Array(0) };
  };
  return {
    parse: (octets, endianness) =>
      splitAttributes(octets, endianness).map((each) => parseOne(each, endianness) as A),
    encode(attributes, endianness) {
      const parts = attributes.map((each) => encodeOne(each, endianness));
      const joined = joinAttributes(parts, endianness);
      // Copies, and keys may be among them.
      for (const { data } of parts) data.fill(0);
      return joined;
    },
  };
}

function joinAttributes(parts: readonly Encoded[], endianness: Endianness): Uint8Array {
  const { size } = structs.nlattr;
  const joined = new Uint8Array(parts.reduce((sum, { data }) => sum + aligned(size + data.length, 4), 0));
  let at = 0;
  for (const { type, data } of parts) {
    const nla_len = size + data.length;
    structs.nlattr.write(viewOf(joined), at, { nla_len, nla_type: type }, endianness);
    joined.set(data, at + size);
    at += aligned(nla_len, 4);
  }
  return joined;
}
