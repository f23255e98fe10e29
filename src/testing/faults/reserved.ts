/** Where the RESERVED octets of each payload's body are. RFC 7296 §3.3-3.15. */
import { PayloadType, TsType } from '../../wire/numbers.ts';
import type { Part } from './parts.ts';

const fixed = new Map<number, readonly number[]>([
  [PayloadType.ke, [2, 3]],
  [PayloadType.idi, [1, 2, 3]],
  [PayloadType.idr, [1, 2, 3]],
  [PayloadType.auth, [1, 2, 3]],
  [PayloadType.configuration, [1, 2, 3]],
]);

/** Their places in the body. */
export function reservedIn({ type, body }: Part): readonly number[] {
  if (type === PayloadType.sa) return inProposals(body);
  if (type === PayloadType.tsi || type === PayloadType.tsr) return inSelectors(body);
  return fixed.get(type) ?? [];
}

const u16 = (body: Uint8Array, at: number): number => ((body[at] ?? 0) << 8) | (body[at + 1] ?? 0);

/** §3.3.1 and §3.3.2: one octet of each proposal, two of each transform. */
function inProposals(body: Uint8Array): number[] {
  const places: number[] = [];
  for (let at = 0; at + 8 <= body.length; at += Math.max(8, u16(body, at + 2))) {
    places.push(at + 1);
    const end = at + u16(body, at + 2);
    const first = at + 8 + (body[at + 6] ?? 0);
    for (let inner = first; inner + 8 <= end; inner += Math.max(8, u16(body, inner + 2)))
      places.push(inner + 1, inner + 5);
  }
  return places;
}

/** §3.13; of a security label the octet that is the protocol elsewhere. */
function inSelectors(body: Uint8Array): number[] {
  const places = [1, 2, 3];
  for (let at = 4; at + 4 <= body.length; at += Math.max(4, u16(body, at + 2)))
    if (body[at] === TsType.SECLABEL) places.push(at + 1);
  return places;
}
