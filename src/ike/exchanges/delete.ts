/** INFORMATIONAL with Delete payloads: Child SAs, or the IKE SA with all of them. RFC 7296 §1.4.1. */
import { ExchangeType, NotifyType, ProtocolId } from '../../wire/numbers.ts';
import type { Delete } from '../../wire/payloads/delete.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import { type ChildSa, inboundId } from '../child-sa.ts';
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
    const deletes = request.filter((payload): payload is Delete => payload.kind === 'delete');
    if (deletes.some(({ protocol }) => protocol === ProtocolId.IKE)) {
      cx.afterwards(() =>
        sa.endAfterAnswer({ code: 'DELETED_BY_PEER', text: 'the peer deleted the IKE SA' }),
      );
      return [];
    }
    const spis = deletes.filter(({ protocol }) => protocol === ProtocolId.ESP).flatMap((each) => each.spis);
    const gone = spis.flatMap((spi) => childOf(sa, spi) ?? []);
    const making = sa.doing.what === 'create' || sa.doing.what === 'rekey';
    const unknown = making ? spis.filter((spi) => !childOf(sa, spi)) : [];
    cx.afterwards(() => {
      for (const spi of unknown) sa.children.deletedEarly(readSpi(spi) ?? 0);
      for (const child of gone) sa.dropChild(child, child.heir ? 'rekeyed' : 'deleted by the peer');
    });
    // A child that a Delete of ours is on its way for is not named again (§2.25.1).
    const closing = sa.doing.what === 'close' ? sa.doing.child : undefined;
    const named = gone.filter((child) => child !== closing);
    return named.length === 0 ? [] : [deletePayload(named.map((child) => child.inboundSpi))];
  },

  conclude(sa, held) {
    if (held.child) sa.dropChild(held.child, held.child.heir ? 'rekeyed' : 'deleted by us');
    return undefined;
  },
};

/** The peer is told by an error why it ended, not by a Delete. RFC 7296 §2.21.2. */
export const failure: Exchange<Wanted, Wanted> = {
  ...deletion,
  name: 'INFORMATIONAL (error)',
  request: { required: ['notify'] },
  matches: (_sa, request) => errorIn(request)?.type === NotifyType.AUTHENTICATION_FAILED,
  respond(sa, _request, cx) {
    const text = 'the peer answered AUTHENTICATION_FAILED to our AUTH';
    cx.afterwards(() =>
      sa.endAfterAnswer({ code: 'AUTHENTICATION_FAILED', text, notify: NotifyType.AUTHENTICATION_FAILED }),
    );
    return [];
  },
};

/** Ends the IKE SA at the peer: by `error`, or by a Delete. */
export function tellPeer(error?: Payload): Want {
  const payloads: Payload[] = [error ?? { kind: 'delete', protocol: ProtocolId.IKE, spis: [] }];
  return { key: 'delete', begin: (sa, cx) => start(error ? failure : deletion, sa, { payloads }, cx) };
}

/** Deletes a child at both ends. */
export const deleteChild = (child: ChildSa): Want => ({
  key: `delete child ${inboundId(child).spi}`,
  begin: (sa, cx) => start(deletion, sa, { payloads: [deletePayload([child.inboundSpi])], child }, cx),
  obsolete: (sa) => !sa.children.has(child.inboundSpi),
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

/** Undefined when it is no SPI of ESP. */
export const readSpi = (spi: Uint8Array): number | undefined =>
  spi.length === spiLength ? new DataView(spi.slice().buffer).getUint32(0) : undefined;

function deletePayload(spis: readonly number[]): Delete {
  const octets = spis.map((spi) => Uint8Array.of(spi >>> 24, spi >>> 16, spi >>> 8, spi));
  return { kind: 'delete', protocol: ProtocolId.ESP, spis: octets };
}
