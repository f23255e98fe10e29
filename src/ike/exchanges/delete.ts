/** INFORMATIONAL with Delete payloads: Child SAs, or the IKE SA with all of them. RFC 7296 §1.4.1. */
import { findAll } from '../../wire/message.ts';
import { ExchangeType, NotifyType, ProtocolId } from '../../wire/numbers.ts';
import type { Delete } from '../../wire/payloads/delete.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import { type ChildSa, inboundId } from '../child-sa.ts';
import { NotifyError } from '../errors.ts';
import { type Exchange, start, type Want } from '../exchange.ts';
import type { IkeSa } from '../ike-sa.ts';
import { errorIn } from '../notify.ts';

const spiLength = 4;

/** Deletes of children by our inbound SPI; absent: the IKE SA's. */
type Wanted = { readonly payloads: readonly Payload[]; readonly child?: ChildSa };

export const deletion: Exchange<Wanted, Wanted> = {
  name: 'INFORMATIONAL (delete)',
  type: ExchangeType.INFORMATIONAL,
  phases: ['established', 'replaced', 'deleting'],
  request: { required: ['delete'] },
  response: { required: [] },

  about: ({ child, payloads }) => {
    if (child) return { what: 'close', child };
    const ike = payloads.some((payload) => payload.kind !== 'delete' || payload.protocol === ProtocolId.IKE);
    return { what: ike ? 'close-ike' : 'nothing' };
  },

  initiate: (_sa, want) => ({ payloads: [...want.payloads], held: want }),

  respond(sa, request, cx) {
    const deletes = findAll(request, 'delete');
    const ike = deletes.filter(({ protocol }) => protocol === ProtocolId.IKE);
    // It names the one it comes on, by no SPI (§3.11).
    if (ike.some(({ spis }) => spis.length > 0))
      throw new NotifyError(NotifyType.INVALID_SYNTAX, 'the Delete of an IKE SA with an SPI');
    if (ike.length > 0) {
      // With an error: it could not read our answer to its rekey, and knows nothing of the heir that made.
      const whole = errorIn(request) !== undefined;
      const why = { code: 'DELETED_BY_PEER', text: 'the peer deleted the IKE SA' } as const;
      cx.afterwards(() => sa.endAfterAnswer(why, whole));
      return [];
    }
    const { gone, unknown } = childrenNamed(sa, deletes);
    const making = sa.doing.what === 'create' || sa.doing.what === 'rekey';
    cx.afterwards(() => {
      if (making) for (const spi of unknown) sa.children.deletedEarly(spi);
      for (const child of gone) sa.dropChild(child, child.heir ? 'rekeyed' : 'deleted by the peer');
    });
    // A child that a Delete of ours is on its way for is not named again (§2.25.1).
    const closing = sa.doing.what === 'close' ? sa.doing.child : undefined;
    const named = gone.filter((child) => child !== closing);
    return named.length === 0 ? [] : [deletePayload(named.map((child) => child.inboundSpi))];
  },

  conclude(sa, held, response) {
    if (held.child) sa.dropChild(held.child, held.child.heir ? 'rekeyed' : 'deleted by us');
    // What the peer names beyond it is gone there: we would send into nothing.
    for (const child of childrenNamed(sa, findAll(response, 'delete')).gone)
      sa.dropChild(child, child.heir ? 'rekeyed' : 'deleted by the peer');
    return undefined;
  },
};

/** The peer is told by an error why it ended. RFC 7296 §2.21.2. */
export const failure: Exchange<Wanted, Wanted> = {
  ...deletion,
  name: 'INFORMATIONAL (error)',
  request: { required: ['notify'] },
  phases: [...deletion.phases, 'authenticating'],
  // An initiator may refuse us while EAP runs; before that nothing of ours is there to refuse.
  matches: ({ phase }, request) =>
    (phase.name !== 'authenticating' || phase.conversation !== undefined) &&
    errorIn(request)?.type === NotifyType.AUTHENTICATION_FAILED,
  respond(sa, _request, cx) {
    const conversation = sa.phase.name === 'authenticating' ? sa.phase.conversation : undefined;
    const text = conversation?.failing ?? 'the peer answered AUTHENTICATION_FAILED to our AUTH';
    cx.afterwards(() =>
      sa.endAfterAnswer({ code: 'AUTHENTICATION_FAILED', text, notify: NotifyType.AUTHENTICATION_FAILED }),
    );
    return [];
  },
};

export const ikeDelete: Delete = { kind: 'delete', protocol: ProtocolId.IKE, spis: [] };

/**
 * Ends the IKE SA at the peer: by a Delete, alone or beside an error that says why. Beside, because Libreswan makes nothing
 * of an error alone.
 */
export function tellPeer(payloads: readonly Payload[] = [ikeDelete]): Want {
  const exchange = payloads[0] === ikeDelete ? deletion : failure;
  return { key: 'delete', begin: (sa, cx) => start(exchange, sa, { payloads }, cx) };
}

/** Deletes a child at both ends. */
export const deleteChild = (child: ChildSa): Want => ({
  key: `delete child ${inboundId(child).spi}`,
  begin: (sa, cx) => start(deletion, sa, { payloads: [deletePayload([child.inboundSpi])], child }, cx),
  obsolete: (sa) => !sa.children.has(child.inboundSpi),
});

/** Deletes a child that another took over from, if that one is still there. */
export const deleteReplaced = (child: ChildSa): Want => ({
  ...deleteChild(child),
  key: `delete replaced child ${inboundId(child).spi}`,
  obsolete: (sa) => child.heir === undefined || !sa.children.has(child.inboundSpi),
});

/** Deletes at the peer what we never had. */
export const deleteSpi = (inboundSpi: number): Want => ({
  key: `delete child ${inboundSpi}`,
  begin: (sa, cx) => start(deletion, sa, { payloads: [deletePayload([inboundSpi])] }, cx),
});

/** A peer names children by its own inbound SPIs, which are our outbound ones. */
export function childOf(sa: IkeSa, spi: Uint8Array): ChildSa | undefined {
  const number = readSpi(spi);
  for (const child of sa.children.values()) if (child.outboundSpi === number) return child;
  return undefined;
}

/** The children that Delete payloads name, each once, and the SPIs of none. One walk, however many SPIs there are. */
function childrenNamed(sa: IkeSa, deletes: readonly Delete[]) {
  const named = deletes.filter(({ protocol }) => protocol === ProtocolId.ESP).flatMap(({ spis }) => spis);
  const spis = new Set(named.flatMap((spi) => readSpi(spi) ?? []));
  const gone: ChildSa[] = [];
  if (spis.size > 0)
    for (const child of sa.children.values()) if (spis.delete(child.outboundSpi)) gone.push(child);
  return { gone, unknown: [...spis] };
}

/** Undefined when it is no SPI of ESP. */
export const readSpi = (spi: Uint8Array): number | undefined =>
  spi.length === spiLength ? new DataView(spi.slice().buffer).getUint32(0) : undefined;

function deletePayload(spis: readonly number[]): Delete {
  const octets = spis.map((spi) => Uint8Array.of(spi >>> 24, spi >>> 16, spi >>> 8, spi));
  return { kind: 'delete', protocol: ProtocolId.ESP, spis: octets };
}
