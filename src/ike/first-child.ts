/** The Child SA that rides on IKE_AUTH, and the configuration before it; the IKE SA outlives their failure. RFC 7296 §1.2, §2.19. */
import type { Identity } from '../policy/identity.ts';
import type { AuthKind, PadEntry } from '../policy/policy.ts';
import { find } from '../wire/message.ts';
import { NotifyType } from '../wire/numbers.ts';
import type { Payload } from '../wire/payloads/index.ts';
import type { Answer, Ask } from './actions.ts';
import { establish } from './auth/establish.ts';
import type { Proof } from './auth/proof.ts';
import {
  acceptChild,
  answerChild,
  type ChildOffer,
  isSinglePair,
  type KeySource,
  type Ride,
} from './child-negotiation.ts';
import type { Context } from './context.ts';
import { errorNotify, failureOf, isExpected, NotifyError, PeerRefused } from './errors.ts';
import { wantChild, wantPairs } from './exchanges/create-child.ts';
import { deleteSpi } from './exchanges/delete.ts';
import { answerConfiguration, readConfiguration } from './extensions/configuration.ts';
import type { IkeSa } from './ike-sa.ts';
import { isAskable } from './labels.ts';
import type { Authenticating } from './phase.ts';
import { failDemand } from './unwanted.ts';

/** Keys of the first child: from the nonces of IKE_SA_INIT. */
const keySource = ({ suite, keys, ni, nr }: Authenticating): KeySource => ({
  prf: suite.prf,
  d: keys.d,
  ni,
  nr,
});

/** What an initiator keeps while it proves who it is. */
export interface Held {
  readonly entry: PadEntry;
  readonly proof: Proof;
  readonly offer: ChildOffer | undefined;
}

/** An initiator's last steps: both ends have proven themselves. */
export function* finish(
  sa: IkeSa,
  phase: Authenticating,
  { entry, proof, offer }: Held,
  peer: { readonly identity: Identity; readonly proof: AuthKind },
  response: readonly Payload[],
  cx: Context,
): Generator<Ask, void, Answer> {
  const { replaces } = sa;
  establish(sa, phase, entry, peer.identity, { local: proof.kind, remote: peer.proof }, cx);
  cx.afterwards(() => {
    // What other connections have on the IKE SA that goes.
    for (const { connection, spd } of replaces?.children.values() ?? [])
      if (connection !== entry.name) sa.want(wantChild(spd, sa));
    // What was begun for a packet is for that packet.
    if (sa.first) return;
    for (const spd of entry.children) {
      if (isAskable(spd) && spd !== offer?.spd) sa.want(wantChild(spd, sa));
    }
  });
  readConfiguration(sa, entry, response, cx);
  if (offer !== undefined) yield* concludeChild(sa, entry, offer, response, keySource(phase), cx);
}

/** What was asked for by a Configuration payload and the child's payloads, or the notify that refuses it: the IKE SA lives on. */
export function* respondChild(
  sa: IkeSa,
  entry: PadEntry,
  request: readonly Payload[],
  phase: Authenticating,
  cx: Context,
): Generator<Ask, Payload[], Answer> {
  let reply: Payload[] = [];
  try {
    reply = answerConfiguration(sa, entry, request, cx);
    if (!find(request, 'sa') && !find(request, 'tsi') && !find(request, 'tsr')) return reply;
    const ride: Ride = { entry, source: keySource(phase), pfs: false };
    return [...reply, ...(yield* answerChild(sa, request, ride, cx)).payloads];
  } catch (error) {
    if (!(error instanceof NotifyError) || error.scope !== 'child') throw error;
    childFailed(sa, entry, entry.children[0]?.name ?? entry.name, error, cx);
    return [...reply, errorNotify(error)];
  }
}

/** The IKE SA stands; a child that failed is deleted at the peer if the peer believes in it. */
function* concludeChild(
  sa: IkeSa,
  entry: PadEntry,
  offer: ChildOffer,
  response: readonly Payload[],
  source: KeySource,
  cx: Context,
): Generator<Ask, void, Answer> {
  const { demand } = offer;
  try {
    yield* acceptChild(sa, offer, response, { entry, source, pfs: false }, cx);
    cx.afterwards(() => demand?.end());
  } catch (error) {
    if (!isExpected(error)) throw error;
    cx.releaseChildSpi(offer.inboundSpi);
    const single = error instanceof PeerRefused && error.notify === NotifyType.SINGLE_PAIR_REQUIRED;
    if (single && !isSinglePair(offer)) cx.afterwards(() => wantPairs(offer.spd, sa, { demand }));
    else {
      childFailed(sa, entry, offer.spd.name, error, cx);
      cx.afterwards(() => failDemand(sa, offer, failureOf(error), cx));
    }
    if (find(response, 'sa') || !(error instanceof PeerRefused))
      cx.afterwards(() => sa.want(deleteSpi(offer.inboundSpi)));
  }
}

function childFailed(sa: IkeSa, entry: PadEntry, child: string, error: unknown, cx: Context): void {
  cx.emit({ kind: 'childFailed', sa: sa.name, connection: entry.name, child, reason: failureOf(error) });
}
