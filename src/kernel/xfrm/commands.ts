/** SAs of the kernel port as XFRM messages. */
import { KernelError, type SaCommand, type SaId } from '../port.ts';
import { type FamilyAddress, xfrmAddressOf } from './addresses.ts';
import { algorithmAttributes } from './algorithms.ts';
import type { XfrmAttribute } from './attributes.ts';
import type { MessageOf } from './messages.ts';
import {
  Encapsulation,
  INF,
  Mode,
  Protocol,
  REPLAY_ESN_MAX,
  SaDirection,
  SecurityContext,
  StateFlag,
} from './numbers.ts';
import { xfrmSelectors } from './selectors.ts';
import {
  encapTmpl,
  id,
  lifetimeCfg,
  replayStateEsn,
  type Selector,
  userSaId,
  userSaInfo,
} from './structs.ts';

type Kind = 'addSa' | 'updateSa' | 'deleteSa';

export interface Masked {
  readonly value: number;
  readonly mask: number;
}

/** What the kernel can do with an SA that the port's command does not speak of. */
export interface SaOptions {
  /** Seconds since it was made; 0 or absent: no limit. */
  readonly seconds?: { readonly soft: number; readonly hard: number };
  /** The part of the command's octets and packets at which the soft EXPIRE comes; 0.75 unless said. */
  readonly softPart?: number;
  /** `StateFlag`, beside those that follow from the command. */
  readonly flags?: number;
  /** `ExtraFlag`. */
  readonly extraFlags?: number;
  readonly mark?: Masked;
  /** Mark of the packets the SA made. */
  readonly outputMark?: Masked;
  readonly ifId?: number;
  /** Octets packets are padded to, RFC 4303 §2.7. */
  readonly tfcPadding?: number;
  /** `seq` of the ACQUIRE whose larval state this SA replaces. */
  readonly acquire?: number;
  /** Whether to tell the direction, XFRMA_SA_DIR: kernels before 6.10 refuse it. */
  readonly tellDirection?: boolean;
}

/** Sequence numbers of more than 32 bits cannot go without a window: as good as none. */
const widestUseful = 4096;
const widestPlain = 32;
const widest = REPLAY_ESN_MAX * 8;

/**
 * The SA as NEWSA; its attributes in iproute2's order. Throws KernelError: ENOSYS (a transform without kernel name),
 * EINVAL (address, key length, selectors, replay window).
 */
export function newSa(sa: SaCommand, options: SaOptions = {}): MessageOf<'NEWSA'> {
  const { source, destination } = ends('addSa', { source: sa.source, destination: sa.id.destination });
  const tunnel = sa.mode === 'tunnel';
  const replay = replayOf(sa, options);
  return {
    kind: 'NEWSA',
    body: userSaInfo.of({
      ...(!tunnel && { sel: transportSelector(sa) }),
      id: id.of({ daddr: destination.octets, spi: sa.id.spi, proto: Protocol.ESP }),
      saddr: source.octets,
      lft: lifetimes(sa.limits, options),
      seq: options.acquire ?? 0,
      reqid: sa.reqid,
      family: destination.family,
      mode: tunnel ? Mode.TUNNEL : Mode.TRANSPORT,
      replay_window: replay.plain,
      // IPv4 within IPv6 and the other way round: no selector tells the inner family.
      flags: (options.flags ?? 0) | (tunnel ? StateFlag.AF_UNSPEC : 0) | (sa.esn ? StateFlag.ESN : 0),
    }),
    attributes: [
      ...algorithms(sa),
      ...(sa.encapsulation ? [encapsulation(sa.encapsulation)] : []),
      ...securityContext(sa.label),
      ...replay.attributes,
      ...optional('SA_EXTRA_FLAGS', options.extraFlags),
      ...markAttribute(options.mark),
      ...optional('IF_ID', options.ifId),
      ...optional('TFCPAD', options.tfcPadding),
      ...outputMark(options.outputMark),
      ...optional(
        'SA_DIR',
        options.tellDirection ? SaDirection[sa.direction === 'in' ? 'IN' : 'OUT'] : undefined,
      ),
    ],
  };
}

/** Throws KernelError EINVAL on a destination that is no address. */
export const deleteSa = (sa: SaId, mark?: Masked): MessageOf<'DELSA'> => ({
  kind: 'DELSA',
  body: saIdBody('deleteSa', sa),
  attributes: markAttribute(mark),
});

/** Asks for one SA; the answer is NEWSA with its keys and counters. Throws KernelError EINVAL as `deleteSa`. */
export const getSa = (sa: SaId, mark?: Masked): MessageOf<'GETSA'> => ({
  kind: 'GETSA',
  body: saIdBody('updateSa', sa),
  attributes: markAttribute(mark),
});

/** Zeroes the keys of a message. */
export function forgetKeys({ attributes }: Pick<MessageOf<'NEWSA'>, 'attributes'>): void {
  for (const each of attributes) {
    if (each.kind !== 'unknown' && keyed.has(each.kind)) {
      (each.value as { readonly alg_key: Uint8Array }).alg_key.fill(0);
    }
  }
}

const keyed: ReadonlySet<string> = new Set([
  'ALG_AEAD',
  'ALG_AUTH',
  'ALG_AUTH_TRUNC',
  'ALG_CRYPT',
  'ALG_COMP',
]);

/** Of XFRMA_SEC_CTX: the label's octets as TS_SECLABEL has them, SELinux's NUL included. */
export function securityContext(label: Uint8Array | undefined): XfrmAttribute[] {
  if (label === undefined) return [];
  const value = {
    len: 8 + label.length,
    exttype: 8,
    ctx_alg: SecurityContext.ALG_SELINUX,
    ctx_doi: SecurityContext.DOI_LSM,
    ctx_len: label.length,
    ctx: label,
  };
  return [{ kind: 'SEC_CTX', value }];
}

export const markAttribute = (mark: Masked | undefined): XfrmAttribute[] =>
  mark ? [{ kind: 'MARK', value: { v: mark.value, m: mark.mask } }] : [];

/** An attribute of one number, or none. */
export const optional = (
  kind: 'IF_ID' | 'SA_EXTRA_FLAGS' | 'TFCPAD' | 'SA_DIR',
  value: number | undefined,
): XfrmAttribute[] => (value === undefined ? [] : [{ kind, value }]);

function algorithms(sa: SaCommand): XfrmAttribute[] {
  const attributes = invalid('addSa', () => algorithmAttributes(sa));
  if (attributes) return attributes;
  const { encryption, integrity } = sa;
  throw new KernelError('addSa', 'ENOSYS', `ENCR ${encryption.transform} INTEG ${integrity?.transform ?? 0}`);
}

/** ESP in UDP. */
export function encapsulation({ sourcePort, destinationPort }: NonNullable<SaCommand['encapsulation']>) {
  const value = encapTmpl.of({
    encap_type: Encapsulation.ESPINUDP,
    encap_sport: sourcePort,
    encap_dport: destinationPort,
  });
  return { kind: 'ENCAP', value } as const;
}

function outputMark(mark: Masked | undefined): XfrmAttribute[] {
  if (mark === undefined) return [];
  return [
    { kind: 'SET_MARK', value: mark.value },
    { kind: 'SET_MARK_MASK', value: mark.mask },
  ];
}

/** Above 32 packets, and of ESN, the window is an attribute and the struct's field 0. */
function replayOf(
  { esn, replayWindow, direction }: SaCommand,
  { tellDirection }: SaOptions,
): { readonly plain: number; readonly attributes: XfrmAttribute[] } {
  if (replayWindow > widest) throw new KernelError('addSa', 'EINVAL', `replay window ${replayWindow}`);
  if (!esn && replayWindow <= widestPlain) {
    return { plain: tellDirection && direction === 'out' ? 0 : replayWindow, attributes: [] };
  }
  // An SA known to go out checks nothing, and the kernel wants it said so.
  const window = tellDirection && direction === 'out' ? 0 : replayWindow || widestUseful;
  const bmp_len = Math.ceil(window / 32);
  const value = { ...replayStateEsn.of({ bmp_len, replay_window: window }), bmp: [] };
  return { plain: 0, attributes: [{ kind: 'REPLAY_ESN_VAL', value }] };
}

function lifetimes(limits: SaCommand['limits'], { seconds, softPart = 0.75 }: SaOptions) {
  const hard = (count: number | undefined) => (count ? BigInt(count) : INF);
  const soft = (count: number | undefined) => (count ? BigInt(Math.floor(count * softPart)) : INF);
  return lifetimeCfg.of({
    soft_byte_limit: soft(limits?.octets),
    hard_byte_limit: hard(limits?.octets),
    soft_packet_limit: soft(limits?.packets),
    hard_packet_limit: hard(limits?.packets),
    soft_add_expires_seconds: BigInt(seconds?.soft ?? 0),
    hard_add_expires_seconds: BigInt(seconds?.hard ?? 0),
  });
}

/** Transport mode carries what is selected between the two hosts; of several selectors nothing is said. */
function transportSelector(sa: SaCommand): Selector {
  const [source, destination] = sa.direction === 'out' ? [sa.local, sa.remote] : [sa.remote, sa.local];
  const [from, ...others] = source;
  const [to, ...more] = destination;
  if (!from || !to || others.length > 0 || more.length > 0) return userSaInfo.zero().sel;
  const [first, ...rest] = invalid('addSa', () => xfrmSelectors(from, to));
  return first && rest.length === 0 ? first : userSaInfo.zero().sel;
}

function saIdBody(kind: Kind, { spi, destination }: SaId) {
  const { family, octets } = addressOf(kind, destination);
  return userSaId.of({ daddr: octets, spi, family, proto: Protocol.ESP });
}

/** Throws KernelError EINVAL unless both are addresses of one IP version. */
export function ends(kind: Kind, to: { readonly source: string; readonly destination: string }) {
  const source = addressOf(kind, to.source);
  const destination = addressOf(kind, to.destination);
  if (source.family !== destination.family) throw new KernelError(kind, 'EINVAL', 'two IP versions');
  return { source, destination };
}

function addressOf(kind: Kind, text: string): FamilyAddress {
  const address = xfrmAddressOf(text);
  if (address === undefined) throw new KernelError(kind, 'EINVAL', `address ${text}`);
  return address;
}

/** What cannot be said to the kernel as its EINVAL would be. */
export function invalid<T>(kind: Kind | 'addPolicy' | 'deletePolicy', make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) throw new KernelError(kind, 'EINVAL', error.message);
    throw error;
  }
}
