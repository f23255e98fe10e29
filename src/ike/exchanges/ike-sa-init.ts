/** IKE_SA_INIT: a suite, a shared secret, two nonces; with COOKIE and INVALID_KE_PAYLOAD on the way. RFC 7296 §1.2, §2.6. */
import type { KeyPair } from '../../crypto/provider.ts';
import { type IkeSuite, ikeSuite } from '../../crypto/suite.ts';
import type { PadEntry } from '../../policy/policy.ts';
import { acceptIke, type Choice, chooseIke, ikePayload } from '../../policy/proposal.ts';
import { formatIkeProposal } from '../../policy/proposal-text.ts';
import { find, notifies } from '../../wire/message.ts';
import { ExchangeType, KeyExchangeMethod, NotifyType, nameOf } from '../../wire/numbers.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import type { KeyExchangePayload } from '../../wire/payloads/ke.ts';
import type { SecurityAssociation } from '../../wire/payloads/sa.ts';
import type { Context } from '../context.ts';
import { BadResponse, Bug, NotifyError, PeerRefused, wrongGroup } from '../errors.ts';
import { type Exchange, type Outstanding, type Steps, start } from '../exchange.ts';
import { offerAuthMethods } from '../extensions/auth-methods.ts';
import { requestCertificates } from '../extensions/certificates.ts';
import { natPath, offerNatDetection, readNatDetection } from '../extensions/nat-detection.ts';
import { offerSupport, readSupport } from '../extensions/support.ts';
import type { IkeSa } from '../ike-sa.ts';
import { firstKeys } from '../keys.ts';
import { errorIn, statusNotify } from '../notify.ts';
import type { Authenticating } from '../phase.ts';
import { Protection } from '../protect.ts';
import { ikeAuth } from './ike-auth.ts';

const nonceLength = 32;
/** COOKIE and INVALID_KE_PAYLOAD answers followed in one negotiation. */
const mostRetries = 6;

export interface Opening {
  readonly entry: PadEntry;
  /** Groups tried so far, the one to try now last. */
  readonly groups: readonly number[];
  readonly ni: Uint8Array;
  /** Kept over a COOKIE, when all else must stay the same. */
  readonly pair?: KeyPair;
  readonly cookie?: Uint8Array;
  readonly retries: number;
}

type Held = Opening & { readonly pair: KeyPair; readonly group: number };

/** The first try: the first group of the first proposal. */
export function opening(entry: PadEntry, cx: Context): Opening {
  return { entry, groups: [entry.ike[0]?.ke[0] ?? 0], ni: cx.random(nonceLength), retries: 0 };
}

export const ikeSaInit: Exchange<Opening, Held> = {
  name: 'IKE_SA_INIT',
  type: ExchangeType.IKE_SA_INIT,
  phases: ['init'],
  request: { required: ['sa', 'ke', 'nonce'] },
  response: { required: [] },

  initiate(sa, want, cx) {
    const group = want.groups.at(-1) ?? 0;
    const method = cx.crypto.keyExchanges.get(group);
    if (method === undefined) throw new Bug(`offered group ${group} is not implemented`);
    const pair = want.pair ?? method.generate(cx.random);
    const payloads: Payload[] = [
      ...(want.cookie ? [statusNotify(NotifyType.COOKIE, want.cookie)] : []),
      { kind: 'sa', proposals: ikePayload(want.entry.ike) },
      { kind: 'ke', group, data: pair.publicValue },
      { kind: 'nonce', data: want.ni },
      ...offerNatDetection(sa, want.entry.encapsulation, cx),
      ...offerSupport('initiator', want.entry),
    ];
    return { payloads, held: { ...want, pair, group } };
  },

  respond(sa, request, cx) {
    const { local, remote } = sa.path;
    const candidates = cx.pad.candidates(local.address, remote.address);
    if (candidates.length === 0) {
      throw new NotifyError(
        NotifyType.NO_PROPOSAL_CHOSEN,
        `no connection for ${local.address} and ${remote.address}`,
      );
    }
    const offer = must(find(request, 'sa'));
    const ke = must(find(request, 'ke'));
    const ni = nonce(request, NotifyType.INVALID_SYNTAX);
    const { entry, choice, suite } = chooseSuite(candidates, offer, ke, cx, 'ike');
    if (suite.keyExchange.id !== ke.group) throw wrongGroup(suite.keyExchange.id, 'ike');
    const { value, secret } = suite.keyExchange.respond(cx.random, ke.data);
    const nr = cx.random(nonceLength);
    readNatDetection(sa, request, entry.encapsulation, cx);
    authenticating(sa, { suite, secret, ni, nr, support: readSupport(request, entry), candidates }, cx);
    return [
      { kind: 'sa', proposals: [choice.proposal] },
      { kind: 'ke', group: ke.group, data: value },
      { kind: 'nonce', data: nr },
      ...offerNatDetection(sa, entry.encapsulation, cx),
      ...offerSupport('responder', entry, request),
      ...offerAuthMethods(candidates),
      ...requestCertificates(candidates, cx.trust),
    ];
  },

  conclude(sa, held, response, cx) {
    return again(sa, held, response, cx) ?? proceed(sa, held, response, cx);
  },

  abandon(_sa, held) {
    held.pair.destroy();
  },
};

/** The next try, if the responder asks for one. */
function again(
  sa: IkeSa,
  held: Held,
  response: readonly Payload[],
  cx: Context,
): Steps<Outstanding> | undefined {
  const cookie = notifies(response, NotifyType.COOKIE)[0]?.data;
  const wrongGroup = notifies(response, NotifyType.INVALID_KE_PAYLOAD)[0]?.data;
  if (cookie === undefined && wrongGroup === undefined) return undefined;
  const retries = held.retries + 1;
  if (retries > mostRetries) throw new BadResponse('the peer asks for COOKIE or another group without end');
  const { group: _, ...rest } = held;
  let want: Opening;
  if (cookie !== undefined) {
    if (cookie.length < 1 || cookie.length > 64) throw new BadResponse(`COOKIE of ${cookie.length} octets`);
    if (held.cookie && cx.crypto.equal(cookie, held.cookie))
      throw new BadResponse('the peer asks for the COOKIE it was shown');
    want = { ...rest, cookie, retries };
  } else {
    const group = ((wrongGroup?.[0] ?? 0) << 8) | (wrongGroup?.[1] ?? 0);
    const offered = held.entry.ike.some(({ ke }) => ke.includes(group));
    if (!offered || held.groups.includes(group)) {
      throw new PeerRefused(
        NotifyType.INVALID_KE_PAYLOAD,
        `our KE, and wants ${nameOf(KeyExchangeMethod, group)}: not offered, or tried before`,
      );
    }
    held.pair.destroy();
    const { pair: __, ...fresh } = rest;
    want = { ...fresh, groups: [...held.groups, group], retries };
  }
  sa.remoteSpi = 0n;
  return start(ikeSaInit, sa, want, cx);
}

function proceed(sa: IkeSa, held: Held, response: readonly Payload[], cx: Context): Steps<Outstanding> {
  const { entry } = held;
  const error = errorIn(response);
  if (error) throw new PeerRefused(error.type, `our IKE proposals ${describeIkeProposals(entry)}`);
  const answer = find(response, 'sa');
  const ke = find(response, 'ke');
  if (answer === undefined || ke === undefined)
    throw new BadResponse('IKE_SA_INIT response without SA or KE');
  if (sa.remoteSpi === 0n) throw new BadResponse('IKE_SA_INIT response with a zero SPI');
  const nr = nonce(response);
  const chosen = acceptIke(answer.proposals, entry.ike);
  const suite = chosen && ikeSuite(cx.crypto, chosen);
  if (suite === undefined) throw new BadResponse('the peer chose what we did not offer');
  if (suite.keyExchange.id !== held.group || ke.group !== held.group)
    throw new BadResponse('the peer answered with another group');
  const secret = held.pair.derive(ke.data);
  readNatDetection(sa, response, entry.encapsulation, cx);
  authenticating(
    sa,
    { suite, secret, ni: held.ni, nr, support: readSupport(response, entry), candidates: [entry] },
    cx,
  );
  if (sa.nat.here || sa.nat.peer) sa.path = natPath(sa.path, cx.ports.nat);
  return start(ikeAuth, sa, undefined, cx);
}

/** Derives the keys and enters the phase. Zeroes the shared secret. */
function authenticating(
  sa: IkeSa,
  got: Pick<Authenticating, 'suite' | 'ni' | 'nr' | 'support' | 'candidates'> & {
    readonly secret: Uint8Array;
  },
  cx: Context,
): void {
  const { secret, ...rest } = got;
  const keys = firstKeys(rest.suite, secret, rest.ni, rest.nr, sa.spiI, sa.spiR);
  const protection = new Protection(cx.crypto, cx.random, rest.suite, keys, sa.role);
  cx.setPhase({ name: 'authenticating', ...rest, keys, protection });
  if (!cx.keyLog) return;
  const { cipher, keyBits, integ, prf } = rest.suite;
  const { ei, er, ai, ar, pi, pr } = keys;
  cx.emit({
    kind: 'keys',
    sa: sa.name,
    keys: { encr: cipher.id, keyBits, integ: integ?.id, prf: prf.id, ei, er, ai, ar, pi, pr },
  });
}

/** For IKE_SA_INIT and IKE rekeys: the first candidate that can agree; of its choices the one with the group the KE payload is already for. */
export function chooseSuite(
  candidates: readonly PadEntry[],
  offer: SecurityAssociation,
  ke: KeyExchangePayload,
  cx: Context,
  scope: 'ike' | 'child',
): { entry: PadEntry; choice: Choice; suite: IkeSuite } {
  for (const entry of candidates) {
    const order = entry.order ?? 'offer';
    const choice = chooseIke(offer.proposals, entry.ike, order);
    if (choice === undefined) continue;
    const fitting =
      choice.chosen.ke === ke.group ? choice : (inGroup(entry, offer, choice, ke.group) ?? choice);
    const suite = ikeSuite(cx.crypto, fitting.chosen);
    if (suite) return { entry, choice: fitting, suite };
  }
  const ours = candidates.map(describeIkeProposals).join('; ');
  throw new NotifyError(
    NotifyType.NO_PROPOSAL_CHOSEN,
    `the peer's IKE proposals have nothing in common with ${ours}`,
    { scope },
  );
}

/** The same proposal of the peer's with this group, if ours has it too. */
function inGroup(
  entry: PadEntry,
  offer: SecurityAssociation,
  { proposal: { number: chosen } }: Choice,
  group: number,
): Choice | undefined {
  const own = entry.ike.filter(({ ke }) => ke.includes(group)).map((each) => ({ ...each, ke: [group] }));
  const same = offer.proposals.filter(({ number }) => number === chosen);
  return chooseIke(same, own, entry.order ?? 'offer');
}

/** 16 to 256 octets. RFC 7296 §3.9. */
function nonce(payloads: readonly Payload[], notify?: number): Uint8Array {
  const data = find(payloads, 'nonce')?.data ?? new Uint8Array(0);
  if (data.length >= 16 && data.length <= 256) return data;
  const why = `nonce of ${data.length} octets`;
  throw notify === undefined ? new BadResponse(why) : new NotifyError(notify, why);
}

function must<T>(payload: T | undefined): T {
  if (payload === undefined) throw new Bug('a shape let through what it requires');
  return payload;
}

const describeIkeProposals = (entry: PadEntry): string =>
  entry.ike.map((each) => formatIkeProposal(each, 'libreswan')).join(',');
