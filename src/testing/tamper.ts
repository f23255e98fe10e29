/** Opens a message, changes it, and seals it again with the true keys: what only a faulty peer could send. */
import type { HeaderFields } from '../wire/header.ts';
import type { Payload } from '../wire/payloads/index.ts';
import { addMarker, stripMarker } from '../wire/udp-encap.ts';
import type { Fate } from './fate.ts';
import type { KeyRing, OpenMessage } from './key-ring.ts';

/** What becomes of a message: other payloads, and header fields where they differ; undefined leaves it as it is. */
export type Change = (
  message: OpenMessage,
) => readonly Payload[] | (Partial<HeaderFields> & { readonly payloads: readonly Payload[] }) | undefined;

/**
 * The changed datagram, with the marker it had. Throws Error when the message cannot be opened: not IKE, a fragment, or
 * keys the network has not seen.
 */
export function tamper(keys: KeyRing, octets: Uint8Array, change: Change): Uint8Array {
  const message = keys.open(octets);
  if (message === undefined) throw new Error('this datagram holds no message that can be opened');
  const changed = change(message);
  if (changed === undefined) return octets;
  const { payloads, ...fields } = 'payloads' in changed ? changed : { payloads: changed };
  const sealed = keys.encode({ ...message, header: { ...message.header, ...fields }, payloads });
  return stripMarker(octets) === undefined ? sealed : addMarker(sealed);
}

/** As a fate: `on({ exchange: ExchangeType.IKE_AUTH }, tampered(network.keys, change))`. */
export const tampered =
  (keys: KeyRing, change: Change): Fate =>
  ({ octets }) => [{ octets: tamper(keys, octets, change) }];
