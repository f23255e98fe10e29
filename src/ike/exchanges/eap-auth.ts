/** IKE_AUTH with EAP in the middle: the initiator proves itself by a method. RFC 7296 §2.16, RFC 5998. */
import type { Secret } from '../../crypto/secret.ts';
import { formatIdentity, type Identity, identityFromPayload, identityOfName } from '../../policy/identity.ts';
import type { AuthKind, PadEntry } from '../../policy/policy.ts';
import { find, notifies } from '../../wire/message.ts';
import { EapCode, ExchangeType, NotifyType } from '../../wire/numbers.ts';
import type { Eap } from '../../wire/payloads/eap.ts';
import type { IdentificationInitiator } from '../../wire/payloads/id.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import type { Answer, Ask, EapPacket, EapTurn } from '../actions.ts';
import { checkSharedKey, refused } from '../auth/check.ts';
import { authenticatingPhase, establish, replaceOthers } from '../auth/establish.ts';
import { identityFits } from '../auth/identities.ts';
import { sharedKeyAuth } from '../auth/proof.ts';
import type { Context } from '../context.ts';
import { Bug, LocalFailure, PeerRefused } from '../errors.ts';
import { type Exchange, type Outstanding, type Responder, start, stepsOf } from '../exchange.ts';
import { leaseOwner } from '../extensions/configuration.ts';
import { finish, type Held, respondChild } from '../first-child.ts';
import type { IkeSa } from '../ike-sa.ts';
import { errorIn } from '../notify.ts';
import type { Authenticating, Conversation } from '../phase.ts';

/** Far more than any method needs. */
const mostRounds = 64;
const mostOctets = 128 * 1024;

// The responder

/** The first EAP message; the phase keeps what the request said. */
export function* beginConversation(
  sa: IkeSa,
  phase: Authenticating,
  entry: PadEntry,
  idi: IdentificationInitiator,
  request: readonly Payload[],
  proof: AuthKind,
  cx: Context,
): Generator<Ask, Payload[], Answer> {
  if (!entry.remote.auth.some(({ kind }) => kind === 'eap'))
    throw refused(`no AUTH payload: the peer wants EAP, which ${entry.name} does not take`);
  const session = `${sa.name.spiI}${sa.name.spiR}`;
  const conversation: Conversation = { session, entry, idi, request, proof, rounds: 0, octets: 0 };
  const turn = yield* ask(conversation, 'authenticator', undefined);
  if (turn.packet === undefined) throw refused('our EAP method did not begin');
  cx.setPhase({ ...phase, conversation });
  return [{ kind: 'eap', ...turn.packet }];
}

export const eapAuth: Responder = {
  name: 'IKE_AUTH (EAP)',
  type: ExchangeType.IKE_AUTH,
  phases: ['authenticating'],
  request: { required: [] },

  matches: (sa, request) =>
    sa.phase.name === 'authenticating' &&
    sa.phase.conversation !== undefined &&
    (find(request, 'eap') !== undefined || find(request, 'auth') !== undefined),

  *respond(sa, request, cx) {
    const phase = authenticatingPhase(sa);
    const { conversation } = phase;
    if (conversation === undefined) throw new Bug('an EAP exchange without a conversation');
    const packet = find(request, 'eap');
    if (packet !== undefined) return yield* goOn(sa, phase, conversation, packet, cx);
    return yield* complete(sa, phase, conversation, request, cx);
  },
};

/** The peer's next EAP message. */
function* goOn(
  sa: IkeSa,
  phase: Authenticating,
  conversation: Conversation,
  packet: Eap,
  cx: Context,
): Generator<Ask, Payload[], Answer> {
  if (conversation.success) throw refused('EAP goes on after its end');
  const rounds = conversation.rounds + 1;
  const octets = conversation.octets + packet.data.length;
  if (rounds > mostRounds || octets > mostOctets) throw refused('EAP without end');
  const { packet: next, outcome, failing } = yield* ask(conversation, 'authenticator', packet);
  if (outcome?.ok === false) {
    const why = failureOf(conversation, outcome.reason);
    cx.afterwards(() => sa.endAfterAnswer({ code: 'AUTHENTICATION_FAILED', text: why }));
    return [{ kind: 'eap', ...(next ?? failureTo(packet)) }];
  }
  if (next === undefined) throw refused('our EAP method has nothing to say');
  if (outcome?.ok) {
    const { msk, identity } = outcome;
    if (conversation.proof === 'eap' && msk === undefined)
      throw refused('an EAP method without a key cannot be the only proof (RFC 5998)');
    const success = { ...(msk && { msk }), ...(identity !== undefined && { identity }) };
    cx.setPhase({ ...phase, conversation: { ...conversation, rounds, octets, success } });
  } else {
    const why = failing === undefined ? {} : { failing: failureOf(conversation, failing) };
    cx.setPhase({ ...phase, conversation: { ...conversation, rounds, octets, ...why } });
  }
  return [{ kind: 'eap', ...next }];
}

const failureOf = ({ idi }: Conversation, reason: string): string =>
  `EAP of ${formatIdentity(identityFromPayload(idi))}: ${reason}`;

/** Both AUTHs by the method's key, and what the first request asked for. */
function* complete(
  sa: IkeSa,
  phase: Authenticating,
  conversation: Conversation,
  request: readonly Payload[],
  cx: Context,
): Generator<Ask, Payload[], Answer> {
  const { entry, idi, request: first, success } = conversation;
  const auth = find(request, 'auth');
  if (success === undefined || auth === undefined) throw refused('AUTH before EAP has succeeded');
  const claimed = identityFromPayload(idi);
  checkSharedKey(
    sa,
    phase,
    { signer: 'initiator', identity: claimed },
    success.msk ?? phase.keys.pi,
    auth,
    cx,
  );
  const identity = authenticated(entry, claimed, success.identity);
  const ours = sharedKeyAuth(sa, phase, 'responder', success.msk ?? phase.keys.pr, entry.local.identity);
  success.msk?.destroy();
  sa.internal.owner = leaseOwner(entry, identity, undefined, 'eap');
  establish(sa, phase, entry, identity, { local: conversation.proof, remote: 'eap' }, cx);
  if (notifies(first, NotifyType.INITIAL_CONTACT).length > 0) replaceOthers(sa, 'eap', cx);
  return [ours, ...(yield* respondChild(sa, entry, first, phase, cx))];
}

/**
 * Whom the method has authenticated: who it was asked for, or a name of its own. That must be the one the connection
 * is for; where it is for anyone, the method's name counts, not what the peer called itself.
 */
function authenticated(entry: PadEntry, claimed: Identity, name: string | undefined): Identity {
  const plain: Identity = { type: claimed.type, data: claimed.data };
  if (name === undefined || bare(plain) === name) return plain;
  const { identity } = entry.remote;
  const own = identityOfName(name);
  if (identity === undefined || identityFits(identity, own)) return own;
  throw refused(`EAP authenticated ${formatIdentity(own)}, who is not ${formatIdentity(identity)}`);
}

// The initiator

interface Round {
  readonly held: Held;
  /** Whom the responder's first message said to be, and how it was proven. */
  readonly peer: { readonly identity: Identity; readonly proof: AuthKind };
  readonly rounds: number;
  readonly octets: number;
  readonly send: { readonly packet: EapPacket } | { readonly msk: Secret | undefined };
}

/** The responder begins EAP. */
export function joinConversation(
  sa: IkeSa,
  held: Held,
  identity: Identity,
  proof: AuthKind,
  packet: Eap,
  cx: Context,
): Generator<Ask, Outstanding, Answer> {
  if (held.proof.kind !== 'eap')
    throw refused(`the peer wants EAP, and ${held.entry.name} has another proof of ours`);
  return next(sa, { held, peer: { identity, proof }, rounds: 0, octets: 0 }, packet, cx);
}

const eapRound: Exchange<Round, Round> = {
  ...eapAuth,
  response: { required: [] },

  initiate(sa, want) {
    const phase = authenticatingPhase(sa);
    const payloads: Payload[] =
      'packet' in want.send
        ? [{ kind: 'eap', ...want.send.packet }]
        : [
            sharedKeyAuth(
              sa,
              phase,
              'initiator',
              want.send.msk ?? phase.keys.pi,
              want.held.entry.local.identity,
            ),
          ];
    return { payloads, held: want };
  },

  *conclude(sa, round, response, cx) {
    const phase = authenticatingPhase(sa);
    const error = errorIn(response);
    if ('packet' in round.send) {
      const packet = find(response, 'eap');
      if (packet !== undefined) return yield* next(sa, round, packet, cx);
      if (error) throw new PeerRefused(error.type, 'our EAP');
      throw refused('IKE_AUTH response without EAP');
    }
    const auth = find(response, 'auth');
    if (auth === undefined) {
      if (error) throw new PeerRefused(error.type, 'AUTH after EAP');
      throw refused('IKE_AUTH response without AUTH');
    }
    const { msk } = round.send;
    const { peer } = round;
    checkSharedKey(
      sa,
      phase,
      { signer: 'responder', identity: peer.identity },
      msk ?? phase.keys.pr,
      auth,
      cx,
    );
    msk?.destroy();
    yield* finish(sa, phase, round.held, peer, response, cx);
    return undefined;
  },

  abandon(sa, { held, send }) {
    if ('msk' in send) send.msk?.destroy();
    if (held.offer) sa.releaseOffer(held.offer.inboundSpi);
  },
};

/** Our answer to the responder's EAP message, or AUTH after its Success. */
function* next(
  sa: IkeSa,
  so: Omit<Round, 'send'>,
  packet: Eap,
  cx: Context,
): Generator<Ask, Outstanding, Answer> {
  const { held, peer } = so;
  const rounds = so.rounds + 1;
  const octets = so.octets + packet.data.length;
  if (rounds > mostRounds || octets > mostOctets) throw refused('EAP without end');
  const { entry } = held;
  const [way] = entry.local.auth.filter(({ kind }) => kind === 'eap');
  if (way?.kind !== 'eap') throw new Bug('EAP without a method');
  const turn = turnOf(
    yield {
      kind: 'eap',
      session: `${sa.name.spiI}${sa.name.spiR}`,
      role: 'peer',
      connection: entry.name,
      methods: way.methods,
      identity: entry.local.username ?? bare(entry.local.identity),
      claimed: peer.identity,
      packet: plain(packet),
    },
  );
  const { outcome } = turn;
  const why = `EAP: ${outcome?.ok === false ? outcome.reason : 'the peer said Failure'}`;
  if (packet.code === EapCode.FAILURE) throw new PeerRefused(NotifyType.AUTHENTICATION_FAILED, why);
  // What our method does not go on with, the peer waits for: it is told.
  if (outcome?.ok === false) throw refused(why);
  if (outcome?.ok) {
    const { msk } = outcome;
    if (peer.proof === 'eap' && msk === undefined)
      throw refused('an EAP method without a key cannot be the only proof (RFC 5998)');
    return yield* stepsOf(start(eapRound, sa, { held, peer, rounds, octets, send: { msk } }, cx));
  }
  if (turn.packet === undefined) throw new LocalFailure('our EAP method has no answer');
  const send = { packet: turn.packet };
  return yield* stepsOf(start(eapRound, sa, { held, peer, rounds, octets, send }, cx));
}

function* ask(
  { session, entry, idi }: Conversation,
  role: 'authenticator',
  packet: Eap | undefined,
): Generator<Ask, EapTurn, Answer> {
  const way = entry.remote.auth.find(({ kind }) => kind === 'eap');
  if (way?.kind !== 'eap') throw new Bug('EAP without a method');
  return turnOf(
    yield {
      kind: 'eap',
      session,
      role,
      connection: entry.name,
      methods: way.methods,
      identity: bare(identityFromPayload(idi)),
      claimed: identityFromPayload(idi),
      ...(packet && { packet: plain(packet) }),
    },
  );
}

function turnOf(answer: Answer): EapTurn {
  if (answer.ok && answer.eap) return answer.eap;
  throw refused(`EAP: ${answer.ok ? 'no answer' : answer.errno}`);
}

/** A name as EAP has it. */
const bare = (identity: Identity): string => formatIdentity(identity).replace(/^@/, '');

const plain = ({ kind: _, ...packet }: Eap): EapPacket => packet;

const failureTo = ({ identifier }: Eap): EapPacket => ({
  code: EapCode.FAILURE,
  identifier,
  data: new Uint8Array(0),
});
