/** IKE_AUTH: who both ends are, and the first Child SA unless childless. RFC 7296 §1.2, §2.15, §2.21.2; RFC 6023. */
import type { Secret } from '../../crypto/secret.ts';
import {
  formatIdentity,
  type Identity,
  identityFromPayload,
  identityPayload,
  sameIdentity,
} from '../../policy/identity.ts';
import { identify } from '../../policy/pad.ts';
import type { PadEntry, PreSharedKey } from '../../policy/policy.ts';
import { pskFor } from '../../policy/secrets.ts';
import { find, notifies } from '../../wire/message.ts';
import { AuthMethod, ExchangeType, NotifyType, nameOf } from '../../wire/numbers.ts';
import type { Authentication } from '../../wire/payloads/auth.ts';
import type { IdentificationInitiator, IdentificationResponder } from '../../wire/payloads/id.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import type { Answer, Ask } from '../actions.ts';
import { pskAuth } from '../auth/psk.ts';
import { signedOctets } from '../auth/signed-octets.ts';
import {
  acceptChild,
  answerChild,
  type ChildOffer,
  isSinglePair,
  type KeySource,
  offerChild,
  type Ride,
} from '../child-negotiation.ts';
import type { Context } from '../context.ts';
import {
  BadResponse,
  Bug,
  errorNotify,
  failureOf,
  isExpected,
  LocalFailure,
  NotifyError,
  PeerRefused,
} from '../errors.ts';
import type { Exchange, Outstanding } from '../exchange.ts';
import {
  answerConfiguration,
  leaseOwner,
  offerConfiguration,
  readConfiguration,
} from '../extensions/configuration.ts';
import type { IkeSa } from '../ike-sa.ts';
import { errorIn, statusNotify } from '../notify.ts';
import type { Authenticating, Established } from '../phase.ts';
import { crossed } from '../uniqueness.ts';
import { wantChild, wantPairs } from './create-child.ts';
import { deleteSpi } from './delete.ts';

interface Held {
  readonly entry: PadEntry;
  readonly psk: Secret;
  readonly offer: ChildOffer | undefined;
}

export const ikeAuth: Exchange<undefined, Held> = {
  name: 'IKE_AUTH',
  type: ExchangeType.IKE_AUTH,
  phases: ['authenticating'],
  request: { required: ['idi'] },
  response: { required: [] },

  initiate(sa, _want, cx) {
    const phase = authenticatingPhase(sa);
    const entry = phase.candidates[0];
    if (entry === undefined) throw new Bug('an initiator without a connection');
    const psk = keyFor(sa, entry, entry.remote.identity, cx)?.secret;
    if (psk === undefined) throw new LocalFailure(noSharedKey(entry, entry.remote.identity));
    const { identity } = entry.local;
    const spd = entry.children.find(({ action }) => action === 'protect');
    const child = spd && offerChild(sa, spd, cx);
    const asked = entry.remote.identity;
    const first =
      entry.initialContact &&
      cx.sasOf(entry.name).every((other) => other === sa || other.phase.name !== 'established');
    const payloads: Payload[] = [
      identityPayload('idi', identity),
      ...(asked ? [identityPayload('idr', asked)] : []),
      authPayload(sa, phase, 'initiator', psk, identity),
      ...(first ? [statusNotify(NotifyType.INITIAL_CONTACT)] : []),
      ...offerConfiguration(sa, entry),
      ...(child?.payloads ?? []),
    ];
    return { payloads, held: { entry, psk, offer: child?.offer } };
  },

  *respond(sa, request, cx) {
    const phase = authenticatingPhase(sa);
    const idi = find(request, 'idi');
    if (idi === undefined) throw new Bug('a shape let through what it requires');
    const idr = find(request, 'idr');
    // The policy may have been read again since IKE_SA_INIT.
    const candidates = phase.candidates.flatMap((each) => cx.pad.unchanged(each) ?? []);
    const entry = identify(candidates, identityFromPayload(idi), idr && identityFromPayload(idr));
    if (entry === undefined) {
      const asked = idr ? ` asking for ${formatIdentity(identityFromPayload(idr))}` : '';
      throw refused(
        `no connection for the peer's identity ${formatIdentity(identityFromPayload(idi))}${asked}`,
      );
    }
    const remoteId = identityFromPayload(idi);
    const key = keyFor(sa, entry, remoteId, cx);
    if (key === undefined) throw refused(noSharedKey(entry, remoteId));
    verify(sa, phase, 'initiator', key.secret, idi, find(request, 'auth'), cx);
    sa.internal.owner = leaseOwner(entry, remoteId, key);
    const { identity } = entry.local;
    const auth = authPayload(sa, phase, 'responder', key.secret, identity);
    const established = establish(sa, phase, entry, identity, remoteId, cx);
    if (notifies(request, NotifyType.INITIAL_CONTACT).length > 0) replaceOthers(sa, cx);
    return [
      identityPayload('idr', identity),
      auth,
      ...(yield* respondChild(sa, entry, request, established, phase, cx)),
    ];
  },

  *conclude(sa, held, response, cx) {
    const phase = authenticatingPhase(sa);
    const { entry, psk, offer } = held;
    const idr = find(response, 'idr');
    if (idr === undefined || find(response, 'auth') === undefined) {
      const error = errorIn(response);
      if (error)
        throw new PeerRefused(
          error.type,
          `our identity ${formatIdentity(entry.local.identity)} and AUTH by shared key`,
        );
      throw new BadResponse('IKE_AUTH response without IDr or AUTH');
    }
    const remoteId = identityFromPayload(idr);
    const wanted = entry.remote.identity;
    if (wanted && !sameIdentity(wanted, remoteId)) {
      throw refused(`the peer is ${formatIdentity(remoteId)}, wanted ${formatIdentity(wanted)}`);
    }
    verify(sa, phase, 'responder', psk, idr, find(response, 'auth'), cx);
    const established = establish(sa, phase, entry, entry.local.identity, remoteId, cx);
    cx.afterwards(() => {
      for (const spd of entry.children) {
        if (spd.action === 'protect' && spd !== offer?.spd) sa.want(wantChild(spd, sa));
      }
    });
    readConfiguration(sa, entry, response, cx);
    if (offer !== undefined)
      yield* concludeChild(sa, entry, offer, response, keySource(established, phase), cx);
    return undefined;
  },

  abandon(sa, held) {
    if (held.offer) sa.releaseOffer(held.offer.inboundSpi);
  },
};

/** What was asked for by a Configuration payload and the child's payloads, or the notify that refuses it: the IKE SA lives on. */
function* respondChild(
  sa: IkeSa,
  entry: PadEntry,
  request: readonly Payload[],
  established: Established,
  phase: Authenticating,
  cx: Context,
): Generator<Ask, Payload[], Answer> {
  let reply: Payload[] = [];
  try {
    reply = answerConfiguration(sa, entry, request, cx);
    if (!find(request, 'sa') && !find(request, 'tsi') && !find(request, 'tsr')) return reply;
    const ride: Ride = { entry, source: keySource(established, phase), pfs: false };
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
): Generator<Ask, Outstanding | undefined, Answer> {
  try {
    yield* acceptChild(sa, offer, response, { entry, source, pfs: false }, cx);
  } catch (error) {
    if (!isExpected(error)) throw error;
    cx.releaseChildSpi(offer.inboundSpi);
    const single = error instanceof PeerRefused && error.notify === NotifyType.SINGLE_PAIR_REQUIRED;
    if (single && !isSinglePair(offer)) cx.afterwards(() => wantPairs(offer.spd, sa));
    else childFailed(sa, entry, offer.spd.name, error, cx);
    if (find(response, 'sa') || !(error instanceof PeerRefused))
      cx.afterwards(() => sa.want(deleteSpi(offer.inboundSpi)));
  }
  return undefined;
}

function childFailed(sa: IkeSa, entry: PadEntry, child: string, error: unknown, cx: Context): void {
  cx.emit({ kind: 'childFailed', sa: sa.name, connection: entry.name, child, reason: failureOf(error) });
}

function establish(
  sa: IkeSa,
  phase: Authenticating,
  entry: PadEntry,
  localId: Identity,
  remoteId: Identity,
  cx: Context,
): Established {
  const { suite, keys, protection, support } = phase;
  const established: Established = {
    name: 'established',
    suite,
    keys,
    protection,
    support,
    localId,
    remoteId,
  };
  cx.setPhase(established);
  const before = sa.entry;
  sa.entry = entry;
  cx.onThrow(() => {
    sa.entry = before;
  });
  cx.afterwards(() => sa.establish(established));
  return established;
}

/** INITIAL_CONTACT: what else we hold of this peer is of a life before. RFC 7296 §2.4. */
function replaceOthers(sa: IkeSa, cx: Context): void {
  cx.afterwards(() => {
    const why = { code: 'REPLACED', text: 'the peer started anew (INITIAL_CONTACT)' } as const;
    for (const other of cx.sameIdentities()) {
      if (other === sa || crossed(sa, other, cx.now)) continue;
      other.die(why);
      // The heir of a rekey that was under way is of that life too.
      if (other.children.owner !== other) other.children.owner.die(why);
    }
  });
}

/** Throws AUTHENTICATION_FAILED unless AUTH is the shared key's over what `signer` sent. */
function verify(
  sa: IkeSa,
  phase: Authenticating,
  signer: 'initiator' | 'responder',
  psk: Secret,
  id: IdPayload,
  auth: Authentication | undefined,
  cx: Context,
): void {
  if (auth === undefined) throw refused('no AUTH payload: the peer wants EAP');
  if (auth.method !== AuthMethod.SHARED_KEY_MESSAGE_INTEGRITY_CODE) {
    throw refused(
      `the peer proves itself by ${nameOf(AuthMethod, auth.method)}, our policy wants a shared key`,
    );
  }
  const identity = identityFromPayload(id);
  const sent = { ...identity, ...(id.reserved && { reserved: id.reserved }) };
  const expected = authPayload(sa, phase, signer, psk, sent).data;
  if (!cx.crypto.equal(expected, auth.data))
    throw refused(`AUTH of ${formatIdentity(identity)} does not hold: another shared key?`);
}

function authPayload(
  sa: IkeSa,
  phase: Authenticating,
  signer: 'initiator' | 'responder',
  psk: Secret,
  identity: Identity & { readonly reserved?: Uint8Array },
): Authentication {
  const { suite, keys, ni, nr } = phase;
  const { request, response } = sa.opening;
  const signed =
    signer === 'initiator'
      ? signedOctets(suite.prf, keys.pi, request, nr, identity)
      : signedOctets(suite.prf, keys.pr, response, ni, identity);
  return {
    kind: 'auth',
    method: AuthMethod.SHARED_KEY_MESSAGE_INTEGRITY_CODE,
    data: pskAuth(suite.prf, psk, signed),
  };
}

function keyFor(
  sa: IkeSa,
  entry: PadEntry,
  remoteId: Identity | undefined,
  cx: Context,
): PreSharedKey | undefined {
  const { local, remote } = sa.path;
  return pskFor(cx.policy.preSharedKeys, entry.local.identity, remoteId, local.address, remote.address);
}

function authenticatingPhase(sa: IkeSa): Authenticating {
  if (sa.phase.name !== 'authenticating') throw new Bug(`IKE_AUTH while ${sa.phase.name}`);
  return sa.phase;
}

const keySource = (established: Established, { ni, nr }: Authenticating): KeySource => ({
  prf: established.suite.prf,
  d: established.keys.d,
  ni,
  nr,
});

const refused = (why: string): NotifyError => new NotifyError(NotifyType.AUTHENTICATION_FAILED, why);

type IdPayload = IdentificationInitiator | IdentificationResponder;

export const noSharedKey = (entry: PadEntry, remote: Identity | undefined): string =>
  `no shared key for ${entry.name}: ${formatIdentity(entry.local.identity)} and ${remote ? formatIdentity(remote) : '%any'}`;
