/** Notify payloads: status ones as we send them, and the first error of a message. RFC 7296 §3.10. */
import { NotifyType, ProtocolId } from '../wire/numbers.ts';
import type { Payload } from '../wire/payloads/index.ts';
import type { Notify } from '../wire/payloads/notify.ts';

const none = new Uint8Array(0);
/** Types below are errors. RFC 7296 §3.10.1. */
const firstStatus = 16_384;

/** A notify about the IKE SA or the message itself: no protocol, no SPI. */
export const statusNotify = (type: number, data: Uint8Array = none): Notify => ({
  kind: 'notify',
  protocol: 0,
  spi: none,
  type,
  data,
});

/** Whether a notify of that type reports an error, known or not. RFC 7296 §3.10.1. */
export const isError = (type: number): boolean => type < firstStatus;

/** Whether it is a type of the IANA registry. */
export const isKnown = (type: number): boolean => known.has(type);

const known: ReadonlySet<number> = new Set(Object.values(NotifyType));

/** An error nobody knows: whatever else the response says, the request has failed (§3.10.1). */
export function unknownErrorIn(payloads: readonly Payload[]): Notify | undefined {
  return payloads.find(
    (payload): payload is Notify =>
      payload.kind === 'notify' && isError(payload.type) && !isKnown(payload.type),
  );
}

/** The first error notify. */
export function errorIn(payloads: readonly Payload[]): Notify | undefined {
  return payloads.find((payload): payload is Notify => payload.kind === 'notify' && isError(payload.type));
}

/** N(REKEY_SA) that names a child by our inbound SPI. RFC 7296 §1.3.3. */
export const rekeySa = (spi: number): Notify => ({
  kind: 'notify',
  protocol: ProtocolId.ESP,
  spi: Uint8Array.of(spi >>> 24, spi >>> 16, spi >>> 8, spi),
  type: NotifyType.REKEY_SA,
  data: new Uint8Array(0),
});
