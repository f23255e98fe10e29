/** An SA that is there, moved to other addresses or ports. */
import type { SaCommand } from '../port.ts';
import { attributeValue, type XfrmAttribute } from './attributes.ts';
import { encapsulation, ends } from './commands.ts';
import type { MessageOf } from './messages.ts';
import { userSaId } from './structs.ts';

export interface Encapsulated {
  readonly source: string;
  readonly destination: string;
  readonly encapsulation?: SaCommand['encapsulation'];
}

/**
 * Sequence numbers a moved outbound SA passes over: what it sends between being looked at and being made anew must not
 * be sent twice under one number.
 */
const passedOver = 0x1_0000;

/**
 * What moves an SA the kernel showed (the answer to `getSa`) to other addresses or ports. The kernel can change the ports
 * of an encapsulated SA in place, UPDSA; for all else it is made again with its replay state and counters: before the
 * old one is deleted where it gets another destination, and so another name. Throws KernelError EINVAL.
 */
export function moveSa(
  current: MessageOf<'NEWSA'>,
  to: Encapsulated & { readonly direction?: SaCommand['direction'] | undefined },
): readonly (MessageOf<'UPDSA'> | MessageOf<'DELSA'> | MessageOf<'NEWSA'>)[] {
  const { source, destination } = ends('updateSa', to);
  const { body, attributes } = current;
  const named = same(body.id.daddr, destination.octets);
  const stays = named && same(body.saddr, source.octets);
  const encapsulated = attributeValue(attributes, 'ENCAP') !== undefined && to.encapsulation !== undefined;
  const kept = attributes.filter((each) => !dropped.has(each.kind) && !isLegacy(each, attributes));
  const next = [...kept, ...(to.encapsulation ? [encapsulation(to.encapsulation)] : [])];
  if (stays && encapsulated) return [{ kind: 'UPDSA', body, attributes: next }];
  const { daddr, spi, proto } = body.id;
  const moved = {
    ...body,
    id: { ...body.id, daddr: destination.octets },
    saddr: source.octets,
    family: destination.family,
    ...(attributeValue(attributes, 'REPLAY_ESN_VAL') && { replay_window: 0 }),
  };
  const skipped = to.direction === 'out' ? next.map(skipNumbers) : next;
  const gone: MessageOf<'DELSA'> = {
    kind: 'DELSA',
    body: userSaId.of({ daddr, spi, proto, family: body.family }),
    attributes: attributes.filter(({ kind }) => kind === 'MARK'),
  };
  const made: MessageOf<'NEWSA'> = {
    kind: 'NEWSA',
    body: moved,
    attributes: [...skipped, { kind: 'LTIME_VAL', value: body.curlft }],
  };
  return named ? [gone, made] : [made, gone];
}

/** Told again or told otherwise when an SA is made anew. */
const dropped: ReadonlySet<XfrmAttribute['kind']> = new Set(['ENCAP', 'LASTUSED', 'LTIME_VAL', 'PAD']);

/** The kernel shows a truncated algorithm twice. */
const isLegacy = ({ kind }: XfrmAttribute, all: readonly XfrmAttribute[]): boolean =>
  kind === 'ALG_AUTH' && attributeValue(all, 'ALG_AUTH_TRUNC') !== undefined;

function skipNumbers(attribute: XfrmAttribute): XfrmAttribute {
  switch (attribute.kind) {
    case 'REPLAY_VAL': {
      const oseq = Math.min(attribute.value.oseq + passedOver, 0xffff_fffe);
      return { kind: attribute.kind, value: { ...attribute.value, oseq } };
    }
    case 'REPLAY_ESN_VAL': {
      const { oseq, oseq_hi } = attribute.value;
      const carry = oseq + passedOver > 0xffff_ffff ? 1 : 0;
      const value = { ...attribute.value, oseq: (oseq + passedOver) >>> 0, oseq_hi: oseq_hi + carry };
      return { kind: attribute.kind, value };
    }
    default:
      return attribute;
  }
}

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((o, i) => o === b[i]);
