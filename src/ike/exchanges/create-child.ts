/** CREATE_CHILD_SA for a child: a new one, or one that takes over from another. RFC 7296 §1.3.1, §1.3.3, §2.8, §2.25. */
import type { KeyPair } from '../../crypto/provider.ts';
import type { SpdEntry } from '../../policy/policy.ts';
import { formatSelector } from '../../policy/selector.ts';
import { toHex } from '../../wire/hex.ts';
import { find, notifies } from '../../wire/message.ts';
import { ExchangeType, KeyExchangeMethod, NotifyType, nameOf, ProtocolId } from '../../wire/numbers.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import type { Answer, Ask } from '../actions.ts';
import { connectionFor, type Which } from '../alike.ts';
import {
  acceptChild,
  answerChild,
  type ChildOffer,
  isOf,
  isSinglePair,
  type KeySource,
  missingPairs,
  offerChild,
  pfsProposals,
  type Ride,
  refusalOfPeer,
  type SelectorPair,
  selectorPairs,
} from '../child-negotiation.ts';
import type { ChildSa } from '../child-sa.ts';
import type { Context } from '../context.ts';
import type { Demand } from '../demand.ts';
import { BadResponse, Bug, failureOf, isExpected, NotifyError, PeerRefused } from '../errors.ts';
import {
  type Exchange,
  isGenerator,
  type Outstanding,
  type Responder,
  type Steps,
  start,
  type Want,
} from '../exchange.ts';
import { answerConfiguration, offerConfiguration, readConfiguration } from '../extensions/configuration.ts';
import type { IkeSa } from '../ike-sa.ts';
import { requireAccess } from '../label-access.ts';
import { lowest } from '../nonces.ts';
import { errorIn, rekeySa } from '../notify.ts';
import type { Established } from '../phase.ts';
import { failDemand } from '../unwanted.ts';
import { childOf, deleteChild, deleteReplaced, deleteSpi, readSpi } from './delete.ts';
import { busyWithIke, entryOf, established, sourceOf, temporary } from './established.ts';

const nonceLength = 32;
/** TEMPORARY_FAILUREs waited out for one want. */
const mostRetries = 5;
/** How long the peer has to delete the child that it is its turn to delete; pluto does not always. */
const patienceMillis = 30_000;
/** Children beside the one that a peer rekeys, which it has rekeyed before and not deleted yet. */
const mostReplaced = 4;

interface Wanted {
  readonly spd: SpdEntry;
  /** The child to take over from. */
  readonly replaces?: ChildSa;
  /** Groups tried for PFS, the one to try now last; none without PFS. */
  readonly groups: readonly number[];
  readonly retries: number;
  /** This of its traffic only: the peer takes no more in one child. */
  readonly only?: SelectorPair;
  /** The packet it is for. */
  readonly demand?: Demand;
  readonly label?: Uint8Array;
}

type Held = Wanted & { readonly offer: ChildOffer; readonly ni: Uint8Array; readonly pair?: KeyPair };

export const createChild: Exchange<Wanted, Held> = {
  name: 'CREATE_CHILD_SA (new child)',
  type: ExchangeType.CREATE_CHILD_SA,
  phases: ['established'],
  request: { required: ['sa', 'nonce', 'tsi', 'tsr'] },
  response: { required: [] },
  about: ({ replaces }) => (replaces ? { what: 'rekey', child: replaces } : { what: 'create' }),

  initiate(sa, want, cx) {
    const { spd, replaces } = want;
    const proposals = pfsProposals(sa, spd, true);
    const group = want.groups.at(-1);
    const pair = group === undefined ? undefined : cx.crypto.keyExchanges.get(group)?.generate(cx.random);
    if (group !== undefined && pair === undefined) throw new Bug(`offered group ${group} is not implemented`);
    const { payloads, offer } = offerChild(sa, spd, cx, {
      proposals,
      ...(pair && { pair }),
      ...(replaces && { replaces }),
      ...(want.only && { only: want.only }),
      ...(want.demand && { demand: want.demand }),
      ...(want.label && { label: want.label }),
    });
    const ni = cx.random(nonceLength);
    const [proposal, ...rest] = payloads;
    if (proposal === undefined) throw new Bug('an offer without a proposal');
    const request: Payload[] = [
      ...(replaces ? [rekeySa(replaces.inboundSpi)] : []),
      proposal,
      { kind: 'nonce', data: ni },
      ...(pair && group !== undefined ? [{ kind: 'ke' as const, group, data: pair.publicValue }] : []),
      ...rest,
      ...(replaces ? [] : offerConfiguration(sa, entryOf(sa))),
    ];
    return { payloads: request, held: { ...want, offer, ni, ...(pair && { pair }) } };
  },

  *respond(sa, request, cx) {
    const phase = established(sa);
    busyWithIke(sa);
    const reply = answerConfiguration(sa, entryOf(sa), request, cx);
    return [...(yield* answer(sa, request, phase, undefined, cx)).payloads, ...reply];
  },

  *conclude(sa, held, response, cx) {
    const spi = find(response, 'sa')?.proposals[0]?.spi;
    const deleted = sa.children.takeEarly(spi && readSpi(spi));
    if (sa.phase.name === 'deleting' || deleted) {
      held.pair?.destroy();
      cx.releaseChildSpi(held.offer.inboundSpi);
      cx.afterwards(() => held.demand?.end({ code: 'DELETED_BY_PEER', text: 'deleted by the peer' }));
      return undefined;
    }
    const phase = established(sa);
    const error = find(response, 'sa') ? undefined : errorIn(response);
    if (error) return yield* refused(sa, held, error.type, error.data, cx);
    const nr = find(response, 'nonce')?.data;
    let child: ChildSa;
    try {
      if (nr === undefined) throw new BadResponse('the answer lacks Nr');
      const ride = rideOf(sa, { ...sourceOf(phase), ni: held.ni, nr }, held, cx);
      if (!held.replaces) readConfiguration(sa, entryOf(sa), response, cx);
      child = yield* acceptChild(sa, held.offer, response, ride, cx);
    } catch (failed) {
      if (!isExpected(failed)) throw failed;
      report(sa, held, failed, cx);
      held.pair?.destroy();
      cx.releaseChildSpi(held.offer.inboundSpi);
      // Whatever else is wrong with its answer, the peer believes in the child.
      if (find(response, 'sa') || !(failed instanceof PeerRefused))
        cx.afterwards(() => sa.want(deleteSpi(held.offer.inboundSpi)));
      return undefined;
    }
    if (held.replaces) cx.afterwards(() => settle(sa, held, child, nr));
    cx.afterwards(() => held.demand?.end());
    return undefined;
  },

  abandon(sa, held) {
    held.pair?.destroy();
    sa.releaseOffer(held.offer.inboundSpi);
  },
};

/** The peer's rekey of a child; ours is `createChild` with `replaces`. */
export const rekeyChild: Exchange<Wanted, Held> = {
  ...createChild,
  name: 'CREATE_CHILD_SA (rekey child)',
  matches: (_sa, request) => notifies(request, NotifyType.REKEY_SA).length > 0,

  *respond(sa, request, cx) {
    const phase = established(sa);
    busyWithIke(sa);
    const [rekey] = notifies(request, NotifyType.REKEY_SA);
    if (rekey === undefined) throw new Bug('a rekey that names no child');
    const { protocol, spi } = rekey;
    const old = protocol === ProtocolId.ESP ? childOf(sa, spi) : undefined;
    const { doing } = sa;
    // It may be the one our own request makes, whose answer has not come yet.
    const making = doing.what === 'create' || doing.what === 'rekey';
    if (old === undefined && protocol === ProtocolId.ESP && making)
      throw temporary('a child of that SPI may be about to be');
    if (old === undefined) {
      throw new NotifyError(NotifyType.CHILD_SA_NOT_FOUND, 'no such child to rekey', {
        scope: 'child',
        protocol,
        spi,
      });
    }
    const ours = 'child' in doing && doing.child === old ? doing.what : undefined;
    if (ours === 'close' || (old.heir && ours !== 'rekey')) throw temporary('that child is on its way out');
    // They go, by the peer's Deletes or by ours.
    if (sa.children.siblings(old).filter(({ heir }) => heir).length >= mostReplaced)
      throw temporary('too many children wait for a Delete');
    const { payloads, child } = yield* answer(sa, request, phase, old, cx);
    const ni = find(request, 'nonce')?.data ?? new Uint8Array(0);
    const nr = find(payloads, 'nonce')?.data ?? new Uint8Array(0);
    cx.afterwards(() => {
      old.heir ??= child;
      sa.upkeep.later(deleteReplaced(old), patienceMillis);
      old.peerRekey = { child, lowest: lowest(ni, nr) };
    });
    return payloads;
  },
};

/** Nothing new is made on an IKE SA that is going. §2.25.2. */
export const tooLate: Responder = {
  name: 'CREATE_CHILD_SA (too late)',
  type: ExchangeType.CREATE_CHILD_SA,
  phases: ['replaced', 'deleting'],
  request: { required: [] },
  respond() {
    throw temporary('the IKE SA is being deleted');
  },
};

/** `label` where the entry's own is none of packets. */
export const wantChild = (spd: SpdEntry, sa: IkeSa, label?: Uint8Array): Want =>
  want(sa, { spd, retries: 0, ...(label && { label }) });

/** For a packet, unless a child that carries it comes up meanwhile. */
export const wantFlow = (spd: SpdEntry, demand: Demand, sa: IkeSa): Want =>
  want(sa, { spd, demand, retries: 0 });

/**
 * A child for each pair of selectors, after SINGLE_PAIR_REQUIRED: nothing of the connection's traffic is lost. A child that
 * these replace goes when they are there. RFC 7296 §2.9.
 */
export function wantPairs(
  spd: SpdEntry,
  sa: IkeSa,
  {
    replaces,
    demand,
  }: { readonly replaces?: ChildSa | undefined; readonly demand?: Demand | undefined } = {},
): void {
  if (demand?.leads) {
    sa.want(want(sa, { spd, retries: 0, demand, only: demand.packet }));
    return;
  }
  const label = demand?.label ?? replaces?.label;
  const pairs = demand ? missingPairs(sa, spd, label) : selectorPairs(sa, spd, replaces);
  sa.progress(
    createChild.name,
    `the peer wants one pair of selectors for each child: ${pairs.length} of them`,
  );
  const wanted = demand && pairs.find((each) => isOf(demand.packet, each));
  for (const only of pairs) {
    const asks = demand && only === wanted ? { demand } : label && { label };
    sa.want(want(sa, { spd, retries: 0, only, ...asks }));
  }
  if (demand && !wanted) demand.end();
  if (replaces) sa.want(deleteChild(replaces));
}

/** Nothing, when the child is on its way out already. */
export const wantRekey = (child: ChildSa, sa: IkeSa): Want =>
  want(sa, { spd: child.spd, replaces: child, retries: 0 });

/** Its first group is found when it is begun: until then the IKE SA's may not be known. */
function want(sa: IkeSa, wanted: Omit<Wanted, 'groups'> & Partial<Pick<Wanted, 'groups'>>): Want {
  const { spd, replaces, only, demand, label } = wanted;
  const traffic = only ? ` ${formatSelector(only.local)} ${formatSelector(only.remote)}` : '';
  const child = `child ${spd.name}${traffic}${label ? ` ${toHex(label)}` : ''}`;
  return {
    key: demand?.key ?? (replaces ? `rekey child ${replaces.inboundSpi}` : child),
    begin: (on, cx) => {
      requireAccess(spd, wanted, cx.labels);
      const { groups = firstGroup(on, spd) } = wanted;
      return start(replaces ? rekeyChild : createChild, on, { ...wanted, groups }, cx);
    },
    denied: (reason) => {
      if (replaces) sa.want(deleteChild(replaces));
      demand?.end(reason);
    },
    obsolete: () =>
      (demand?.isOver() ?? false) ||
      (replaces !== undefined && (replaces.heir !== undefined || !sa.children.has(replaces.inboundSpi))),
  };
}

/** Answers SA, Nr, KE, TSi, TSr. */
function* answer(
  sa: IkeSa,
  request: readonly Payload[],
  phase: Established,
  replaces: ChildSa | undefined,
  cx: Context,
): Generator<Ask, { payloads: Payload[]; child: ChildSa }, Answer> {
  const ni = find(request, 'nonce')?.data ?? new Uint8Array(0);
  const nr = cx.random(nonceLength);
  const ride = rideOf(sa, { ...sourceOf(phase), ni, nr }, { replaces }, cx);
  const { payloads, child } = yield* answerChild(sa, request, ride, cx);
  const [proposal, ...rest] = payloads;
  if (proposal === undefined) throw new Bug('an answer without a proposal');
  return { payloads: [proposal, { kind: 'nonce', data: nr }, ...rest], child };
}

/** What the peer says instead of a child. */
function* refused(
  sa: IkeSa,
  held: Held,
  notify: number,
  data: Uint8Array,
  cx: Context,
): Generator<Ask, Outstanding | undefined, Answer> {
  const { replaces, spd, groups, retries, offer } = held;
  held.pair?.destroy();
  cx.releaseChildSpi(offer.inboundSpi);
  const again = {
    spd,
    groups,
    retries,
    ...(held.only && { only: held.only }),
    ...(held.demand && { demand: held.demand }),
    ...(held.label && { label: held.label }),
    ...(replaces && { replaces }),
  };
  if (notify === NotifyType.INVALID_KE_PAYLOAD) {
    const group = ((data[0] ?? 0) << 8) | (data[1] ?? 0);
    const offered = offer.proposals.some(({ ke }) => ke.includes(group));
    if (offered && group !== KeyExchangeMethod.NONE && !groups.includes(group)) {
      const exchange = replaces ? rekeyChild : createChild;
      const steps: Steps<Outstanding> = start(exchange, sa, { ...again, groups: [...groups, group] }, cx);
      return isGenerator(steps) ? yield* steps : steps;
    }
  }
  if (notify === NotifyType.TEMPORARY_FAILURE && retries < mostRetries) {
    const later = want(sa, { ...again, retries: retries + 1 });
    const wait = 500 + ((cx.random(1)[0] ?? 0) << (retries + 2));
    cx.afterwards(() => sa.upkeep.later(later, wait, replaces?.ends));
    return undefined;
  }
  if (notify === NotifyType.SINGLE_PAIR_REQUIRED && !isSinglePair(offer)) {
    cx.afterwards(() => wantPairs(spd, sa, { replaces, demand: held.demand }));
    return undefined;
  }
  if (notify === NotifyType.CHILD_SA_NOT_FOUND && replaces) {
    if (!sa.children.has(replaces.inboundSpi)) return undefined;
    // The peer lost it: what we hold of it goes, and a new one is asked for (§2.25.1).
    cx.afterwards(() => {
      sa.dropChild(replaces, 'unknown to the peer');
      sa.want(wantChild(spd, sa, replaces.label));
    });
    return undefined;
  }
  const group = groups.at(-1);
  const refusal = refusalOfPeer(notify, offer);
  const what = `our ${replaces ? 'rekey' : 'request'} of child ${spd.name}${group ? ` with ${nameOf(KeyExchangeMethod, group)}` : ''}`;
  const text = refusal ? `${what}, ${refusal.selectors} label ${refusal.label}` : what;
  report(sa, held, new PeerRefused(notify, text, refusal), cx);
  if (notify === NotifyType.NO_ADDITIONAL_SAS && replaces) cx.afterwards(() => sa.upkeep.notRekeyed());
  return undefined;
}

function report(sa: IkeSa, held: Wanted, error: unknown, cx: Context): void {
  const { name } = connectionFor(entryOf(sa), held, cx);
  const reason = failureOf(error);
  cx.emit({ kind: 'childFailed', sa: sa.name, connection: name, child: held.spd.name, reason });
  cx.afterwards(() => failDemand(sa, held, reason, cx));
}

/**
 * Both ends have switched. Of two simultaneous rekeys the one with the lowest of the four nonces loses: who made it
 * deletes it, the other deletes the old one (§2.8.1).
 */
function settle(sa: IkeSa, held: Held, child: ChildSa, nr: Uint8Array): void {
  const old = held.replaces;
  if (old === undefined) return;
  const theirs = old.peerRekey;
  if (theirs && lowest(held.ni, nr) < theirs.lowest) {
    child.heir = theirs.child;
    sa.want(deleteChild(child));
    return;
  }
  old.heir = child;
  if (theirs) {
    theirs.child.heir = child;
    sa.upkeep.later(deleteReplaced(theirs.child), patienceMillis);
  }
  sa.want(deleteChild(old));
}

function rideOf(sa: IkeSa, source: KeySource, of: Which, cx: Context): Ride {
  return { entry: connectionFor(entryOf(sa), of, cx), source, pfs: true, replaces: of.replaces };
}

function firstGroup(sa: IkeSa, spd: SpdEntry): number[] {
  if (!spd.pfs) return [];
  const group = pfsProposals(sa, spd, true)[0]?.ke.find((id) => id !== KeyExchangeMethod.NONE);
  return group === undefined ? [] : [group];
}
