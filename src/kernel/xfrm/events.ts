/** What the kernel tells by itself, as notices of the kernel port. */
import type { KernelNotice, SaId } from '../port.ts';
import { addressText } from './addresses.ts';
import { attributeValue, type XfrmAttribute } from './attributes.ts';
import type { MessageOf, XfrmMessage } from './messages.ts';
import { Protocol, SecurityContext } from './numbers.ts';
import { trafficSelectors } from './selectors.ts';
import type { Id, UserSaId } from './structs.ts';

/** The multicast groups whose messages `noticeOf` reads. */
export const noticeGroups = ['ACQUIRE', 'EXPIRE', 'MAPPING'] as const;

/** Undefined for what the engine does not hear of: policies, other protocols than ESP, larval states that expired. */
export function noticeOf(message: XfrmMessage): KernelNotice | undefined {
  switch (message.kind) {
    case 'ACQUIRE':
      return acquire(message);
    case 'EXPIRE': {
      const { state, hard } = message.body;
      const id = saId({ ...state.id, family: state.family });
      // A larval state, by an ACQUIRE or ALLOCSPI, was never an SA; the first has no SPI.
      return id && id.spi !== 0 ? { kind: 'expire', id, hard: hard !== 0 } : undefined;
    }
    case 'MAPPING': {
      const { id: named, new_saddr, new_sport } = message.body;
      const id = saId(named);
      const address = addressText(new_saddr, named.family);
      return id && address !== undefined ? { kind: 'mapping', id, address, port: new_sport } : undefined;
    }
    default:
      return undefined;
  }
}

function acquire({ body, attributes }: MessageOf<'ACQUIRE'>): KernelNotice | undefined {
  const template = attributeValue(attributes, 'TMPL')?.find(({ id }) => id.proto === Protocol.ESP);
  const selectors = trafficSelectors(body.sel);
  if (body.id.proto !== Protocol.ESP || !template || !selectors) return undefined;
  return {
    kind: 'acquire',
    reqid: template.reqid,
    sequence: body.seq,
    local: selectors.source,
    remote: selectors.destination,
    ...labelOf(attributes),
  };
}

/** A packet's label as an acquire has it: nobody here knows what one of another module or domain than SELinux's says. */
export function labelOf(
  attributes: readonly XfrmAttribute[],
): Pick<Extract<KernelNotice, { kind: 'acquire' }>, 'label' | 'foreign'> {
  const context = attributeValue(attributes, 'SEC_CTX');
  if (context === undefined) return {};
  const { ctx_doi: doi, ctx_alg: alg, ctx: label } = context;
  if (doi === SecurityContext.DOI_LSM && alg === SecurityContext.ALG_SELINUX) return { label };
  return { foreign: { doi, alg } };
}

function saId({ daddr, spi, proto, family }: Id & Pick<UserSaId, 'family'>): SaId | undefined {
  const destination = addressText(daddr, family);
  return destination !== undefined && proto === Protocol.ESP ? { spi, destination } : undefined;
}
