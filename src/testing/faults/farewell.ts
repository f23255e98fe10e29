/** What goes in place of a message that a rule failed to change, so that its receiver keeps no SA of a broken run. */
import type { Random } from '../../crypto/provider.ts';
import { ExchangeType, NotifyType, PayloadType, ProtocolId } from '../../wire/numbers.ts';
import type { KeyRing } from '../key-ring.ts';
import { Draft, takeApart } from './draft.ts';
import type { Part } from './parts.ts';

const goodbye: Part = { type: PayloadType.delete, flags: 0, body: Uint8Array.of(ProtocolId.IKE, 0, 0, 0) };
const refusal: Part = {
  type: PayloadType.notify,
  flags: 0,
  body: Uint8Array.of(0, 0, 0, NotifyType.AUTHENTICATION_FAILED),
};

/**
 * In place of a request of an IKE SA that is up, its Delete with the same message ID; of an IKE_AUTH response,
 * AUTHENTICATION_FAILED. Undefined where the receiver holds nothing yet, or where another Delete can follow.
 */
export function farewellFor(datagram: Uint8Array, keys: KeyRing, random: Random): Uint8Array | undefined {
  const draft = takeApart(datagram, keys);
  if (draft?.sealed === undefined) return undefined;
  const { header, isResponse, marked } = draft;
  const isAuth = header.exchange === ExchangeType.IKE_AUTH;
  if (isResponse !== isAuth) return undefined;
  const { fragment: _, ...sealed } = draft.sealed;
  const exchange = isAuth ? header.exchange : ExchangeType.INFORMATIONAL;
  const inner = [isAuth ? refusal : goodbye];
  return new Draft({ ...header, exchange }, [], { ...sealed, inner }, marked).octets(random);
}
