/** IKE_AUTH: who both ends are, and the first Child SA unless childless. RFC 7296 §1.2, §2.15, §2.21.2; RFC 6023. */
import {
  formatIdentity,
  type Identity,
  identityFromPayload,
  identityPayload,
} from '../../policy/identity.ts';
import { identify } from '../../policy/pad.ts';
import { type AuthKind, type PadEntry, waysAs } from '../../policy/policy.ts';
import { find, notifies } from '../../wire/message.ts';
import { ExchangeType, NotifyType } from '../../wire/numbers.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import type { Answer, Ask } from '../actions.ts';
import { ofIdentity, takesNobody } from '../auth/candidates.ts';
import { check, refused, waysIn } from '../auth/check.ts';
import { authenticatingPhase, establish, replaceOthers } from '../auth/establish.ts';
import { identityFits, isPattern, proven } from '../auth/identities.ts';
import { type Audience, keyFor, type Proof, prove } from '../auth/proof.ts';
import { offerChild } from '../child-negotiation.ts';
import type { Context } from '../context.ts';
import { BadResponse, Bug, PeerRefused } from '../errors.ts';
import { type Exchange, isGenerator, stepsOf } from '../exchange.ts';
import { offerAuthMethods, readAuthMethods } from '../extensions/auth-methods.ts';
import { asksForCertificate, readCertificates, requestCertificates } from '../extensions/certificates.ts';
import { leaseOwner, offerConfiguration } from '../extensions/configuration.ts';
import { finish, type Held, respondChild } from '../first-child.ts';
import type { IkeSa } from '../ike-sa.ts';
import { isAskable } from '../labels.ts';
import { errorIn, statusNotify } from '../notify.ts';
import type { Authenticating } from '../phase.ts';
import { beginConversation, joinConversation } from './eap-auth.ts';

export const ikeAuth: Exchange<undefined, Held> = {
  name: 'IKE_AUTH',
  type: ExchangeType.IKE_AUTH,
  phases: ['authenticating'],
  request: { required: ['idi'] },
  response: { required: [] },

  matches: (sa) => sa.phase.name === 'authenticating' && sa.phase.conversation === undefined,

  initiate(sa, _want, cx) {
    const phase = authenticatingPhase(sa);
    const entry = phase.candidates[0];
    if (entry === undefined) throw new Bug('an initiator without a connection');
    const peer: Audience = { ...phase.support, identity: entry.remote.identity };
    const proof = prove(sa, phase, entry, peer, cx);
    return isGenerator(proof)
      ? requestWhen(sa, phase, entry, proof, cx)
      : requestWith(sa, phase, entry, proof, cx);
  },

  *respond(sa, request, cx) {
    const phase = authenticatingPhase(sa);
    const idi = find(request, 'idi');
    if (idi === undefined) throw new Bug('a shape let through what it requires');
    const identity = identityFromPayload(idi);
    const entry = entryFor(phase, request, identity, cx);
    const wantsEap = waysIn(request)[0] === 'eap';
    const mine: Audience = {
      identity,
      asksForCertificate: asksForCertificate(request),
      eapOnly: wantsEap && notifies(request, NotifyType.EAP_ONLY_AUTHENTICATION).length > 0,
      authMethods: readAuthMethods(request),
    };
    if (wantsEap) {
      const proof = yield* stepsOf(prove(sa, phase, entry, mine, cx));
      return [
        identityPayload('idr', proof.identity),
        ...proof.certificates,
        ...proof.auth,
        ...(yield* beginConversation(sa, phase, entry, idi, request, proof.kind, cx)),
      ];
    }
    const key = keyFor(sa, entry, identity, cx);
    const kind = yield* check(
      sa,
      phase,
      entry,
      { signer: 'initiator', identity, payloads: request },
      key?.secret,
      cx,
    );
    const remoteId = proven(kind, identity);
    const proof = yield* stepsOf(prove(sa, phase, entry, mine, cx));
    sa.internal.owner = leaseOwner(entry, remoteId, kind === 'psk' ? key : undefined, kind);
    establish(sa, phase, entry, remoteId, { local: proof.kind, remote: kind }, cx);
    if (notifies(request, NotifyType.INITIAL_CONTACT).length > 0) replaceOthers(sa, kind, cx);
    return [
      identityPayload('idr', proof.identity),
      ...proof.certificates,
      ...proof.auth,
      ...(yield* respondChild(sa, entry, request, phase, cx)),
    ];
  },

  *conclude(sa, held, response, cx) {
    const phase = authenticatingPhase(sa);
    const { entry, proof } = held;
    const idr = find(response, 'idr');
    const packet = find(response, 'eap');
    if (idr === undefined || (packet === undefined && find(response, 'auth') === undefined)) {
      const error = errorIn(response);
      if (error)
        throw new PeerRefused(
          error.type,
          `our identity ${formatIdentity(proof.identity)} and ${shown(proof)}`,
        );
      throw new BadResponse('IKE_AUTH response without IDr or AUTH');
    }
    const identity = identityFromPayload(idr);
    const wanted = entry.remote.identity;
    if (wanted && !identityFits(wanted, identity))
      throw refused(`the peer is ${formatIdentity(identity)}, wanted ${formatIdentity(wanted)}`);
    const kind = yield* responderProof(sa, phase, held, identity, response, cx);
    if (packet !== undefined) return yield* joinConversation(sa, held, identity, kind, packet, cx);
    if (proof.kind === 'eap') throw refused('the peer takes us for who we are without EAP');
    yield* finish(sa, phase, held, { identity: proven(kind, identity), proof: kind }, response, cx);
    return undefined;
  },

  abandon(sa, held) {
    if (held.offer) sa.releaseOffer(held.offer.inboundSpi);
  },
};

interface Request {
  payloads: Payload[];
  held: Held;
}

function* requestWhen(
  sa: IkeSa,
  phase: Authenticating,
  entry: PadEntry,
  proof: Generator<Ask, Proof, Answer>,
  cx: Context,
): Generator<Ask, Request, Answer> {
  return requestWith(sa, phase, entry, yield* proof, cx);
}

function requestWith(sa: IkeSa, phase: Authenticating, entry: PadEntry, proof: Proof, cx: Context): Request {
  const { local, remote } = entry;
  const { spd, demand } = sa.first ?? { spd: entry.children.find(isAskable) };
  const child = spd && offerChild(sa, spd, cx, { ...(demand && { demand }) });
  const first =
    entry.initialContact &&
    local.auth[0]?.kind !== 'null' &&
    cx.pad
      .alike(entry)
      .flatMap(({ name }) => cx.sasOf(name))
      .every((other) => other === sa || other.phase.name !== 'established');
  const onlyEap = proof.kind === 'eap' && waysAs('responder', remote.auth)[0]?.kind === 'eap';
  const payloads: Payload[] = [
    identityPayload('idi', proof.identity),
    ...proof.certificates,
    ...requestCertificates([entry], cx.trust),
    ...(remote.identity && !isPattern(remote.identity) ? [identityPayload('idr', remote.identity)] : []),
    ...proof.auth,
    ...(first ? [statusNotify(NotifyType.INITIAL_CONTACT)] : []),
    ...(onlyEap ? [statusNotify(NotifyType.EAP_ONLY_AUTHENTICATION)] : []),
    ...(phase.support.authMethods.length > 0 ? offerAuthMethods([entry]) : []),
    ...offerConfiguration(sa, entry),
    ...(child?.payloads ?? []),
  ];
  return { payloads, held: { entry, proof, offer: child?.offer } };
}

/** The entry for what the initiator says to be, among those that take its kind of proof. */
function entryFor(
  phase: Authenticating,
  request: readonly Payload[],
  identity: Identity,
  cx: Context,
): PadEntry {
  const idr = find(request, 'idr');
  const asked = idr && identityFromPayload(idr);
  // The policy may have been read again since IKE_SA_INIT.
  const possible = ofIdentity(phase.candidates, identity);
  const candidates = possible.flatMap((each) => cx.pad.unchanged(each) ?? []);
  const ways = waysIn(request);
  const takesIt = candidates.filter(({ remote }) =>
    waysAs('initiator', remote.auth).some(({ kind }) => ways.includes(kind)),
  );
  // Who is nobody needs no name; a name shown beside is not proven.
  const nobody = ways.includes('null');
  // Of those that differ only in the authority, the one the peer's certificates speak of.
  const { certificates } = readCertificates(request);
  const spokenOf = takesIt.filter(
    ({ remote: { keys } }) => !keys?.authority || cx.trust.mayLeadTo(keys.authority, certificates),
  );
  const entry =
    identify(spokenOf, identity, asked, identityFits) ??
    identify(takesIt, identity, asked, identityFits) ??
    (nobody ? takesIt.find(takesNobody) : undefined) ??
    identify(candidates, identity, asked, identityFits);
  if (entry !== undefined) return entry;
  const whom = asked ? ` asking for ${formatIdentity(asked)}` : '';
  throw refused(`no connection for the peer's identity ${formatIdentity(identity)}${whom}`);
}

/** The responder's AUTH; without one its proof is the EAP method's key, where the connection says so (RFC 5998). */
function* responderProof(
  sa: IkeSa,
  phase: Authenticating,
  { entry, proof }: Held,
  identity: Identity,
  response: readonly Payload[],
  cx: Context,
): Generator<Ask, AuthKind, Answer> {
  if (find(response, 'auth') === undefined) {
    if (proof.kind === 'eap' && waysAs('responder', entry.remote.auth)[0]?.kind === 'eap') return 'eap';
    throw refused(`${formatIdentity(identity)} asks for EAP without proving itself`);
  }
  // A shared key of both ends is the one our own proof is made with.
  const psk = proof.psk ?? keyFor(sa, entry, identity, cx)?.secret;
  return yield* check(sa, phase, entry, { signer: 'responder', identity, payloads: response }, psk, cx);
}

const shown = ({ kind }: Proof): string =>
  kind === 'psk'
    ? 'AUTH by shared key'
    : kind === 'signature'
      ? 'our signature'
      : kind === 'null'
        ? 'NULL AUTH'
        : 'EAP';
