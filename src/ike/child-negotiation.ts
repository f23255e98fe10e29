/** Offering, answering and accepting a Child SA, in whatever exchange it rides. RFC 7296 §1.2, §2.9, §2.17. */
import type { KeyPair, Prf } from '../crypto/provider.ts';
import type { Secret } from '../crypto/secret.ts';
import { type EspSuite, espSuite } from '../crypto/suite.ts';
import type { PadEntry, SpdEntry } from '../policy/policy.ts';
import {
  acceptEsp,
  chooseEsp,
  type EspProposal,
  espPayload,
  isEspSpi,
  withGroup,
} from '../policy/proposal.ts';
import {
  narrow,
  ranges,
  type SelectorPolicy,
  sameSelectors,
  toWire,
  widest,
  within,
} from '../policy/selector.ts';
import { find, notifies } from '../wire/message.ts';
import { NotifyType, nameOf } from '../wire/numbers.ts';
import type { Payload } from '../wire/payloads/index.ts';
import type { KeyExchangePayload } from '../wire/payloads/ke.ts';
import type { RangeSelector, TrafficSelector } from '../wire/payloads/ts.ts';
import type { Answer, Ask, LabelRefusal } from './actions.ts';
import { joined, ownerOf } from './alike.ts';
import { complete, install, newChild, notInstalled } from './child-install.ts';
import { type ChildSa, describeSelectors } from './child-sa.ts';
import type { Context } from './context.ts';
import type { Demand } from './demand.ts';
import { BadResponse, Bug, LocalFailure, NotifyError, PeerRefused, wrongGroup } from './errors.ts';
import { requireLease } from './extensions/configuration.ts';
import { hostOf, isOneHost, readdress } from './extensions/transport-nat.ts';
import type { IkeSa } from './ike-sa.ts';
import { clientOf, offeredSelectors, ownSelectors, peerSelectors } from './internal-addresses.ts';
import { childKeys } from './keys.ts';
import { besideLabel, checkAnswer, offeredLabels, peersRefusal, unlabelled } from './labels.ts';
import { errorIn, statusNotify, unknownErrorIn } from './notify.ts';
import { matchSpd } from './spd-match.ts';
import { meet } from './spd-policies.ts';

/** What KEYMAT is made of, but for the shared secret of PFS. */
export interface KeySource {
  readonly prf: Prf;
  readonly d: Secret;
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
}

/** How a child rides in its exchange. */
export interface Ride {
  /** The IKE SA's; of a child that we ask for, or that takes over, the child's own. */
  readonly entry: PadEntry;
  readonly source: KeySource;
  /** CREATE_CHILD_SA: KE may be negotiated. In IKE_AUTH there is none (§1.2). */
  readonly pfs: boolean;
  /** The child this one takes over from. */
  readonly replaces?: ChildSa | undefined;
}

/** What we offered and now wait for. */
export interface ChildOffer {
  readonly spd: SpdEntry;
  readonly proposals: readonly EspProposal[];
  /** Our half of PFS. */
  readonly pair?: KeyPair;
  readonly inboundSpi: number;
  readonly local: readonly RangeSelector[];
  readonly remote: readonly RangeSelector[];
  readonly label?: Uint8Array;
  /** The packet it is for. */
  readonly demand?: Demand;
}

/** One selector of each end. */
export interface SelectorPair {
  readonly local: RangeSelector;
  readonly remote: RangeSelector;
}

/** Children of one IKE SA that a peer may ask for, unless the connection says. */
const usualMostChildren = 1000;
/** Selectors are resolved: no address has to stand for a dynamic one. */
const nothing = new Uint8Array(0);

/** Draws of another SPI when the data plane has ours already. */
const mostSpis = 3;

/** SA, TSi, TSr and the notifies that belong to them. The offer's SPI is taken until the answer. */
export function offerChild(
  sa: IkeSa,
  spd: SpdEntry,
  cx: Context,
  how: {
    readonly pair?: KeyPair;
    readonly proposals?: readonly EspProposal[];
    readonly replaces?: ChildSa;
    /** Only this of what the policy has. */
    readonly only?: SelectorPair;
    readonly demand?: Demand;
    readonly label?: Uint8Array;
  } = {},
): { payloads: Payload[]; offer: ChildOffer } {
  const { pair, proposals = spd.proposals, replaces, only, demand } = how;
  const inboundSpi = cx.takeChildSpi();
  const { local, remote } = only
    ? { local: [only.local], remote: [only.remote] }
    : packetFirst(offeredTraffic(sa, spd, replaces), demand?.leads ? demand.packet : undefined);
  const label = replaces?.label ?? demand?.label ?? how.label ?? (spd.template ? undefined : spd.label);
  if (spd.template && label === undefined)
    throw new Bug(`${spd.name} is asked for without a label of packets`);
  const payloads: Payload[] = [
    { kind: 'sa', proposals: espPayload(proposals, inboundSpi, pair !== undefined) },
    { kind: 'tsi', selectors: besideLabel(local, label) },
    { kind: 'tsr', selectors: besideLabel(remote, label) },
    ...childNotifies(spd.mode, spd),
  ];
  const offer = { spd, proposals, inboundSpi, local, remote, ...labelled(label) };
  return { payloads, offer: { ...offer, ...(pair && { pair }), ...(demand && { demand }) } };
}

/** The packet's own selectors lead, for a peer that takes a part only. RFC 7296 §2.9. */
function packetFirst<T extends Pick<ChildOffer, 'local' | 'remote'>>(
  { local, remote }: T,
  packet: SelectorPair | undefined,
): Pick<ChildOffer, 'local' | 'remote'> {
  if (!packet || !within([packet.local], local) || !within([packet.remote], remote)) return { local, remote };
  const lead = (first: RangeSelector, all: readonly RangeSelector[]) =>
    within(all, [first]) ? all : [first, ...all];
  return { local: lead(packet.local, local), remote: lead(packet.remote, remote) };
}

/** What a child offers: its own selectors when it takes over from another, else the policy's. */
const offeredTraffic = (sa: IkeSa, spd: SpdEntry, replaces: ChildSa | undefined) => ({
  local: replaces ? ranges(replaces.local) : onWire(offeredSelectors(sa, spd.local)),
  remote: replaces ? ranges(replaces.remote) : onWire(peerSelectors(sa, spd.remote)),
});

/** Whether an offer can be cut no further. */
export const isSinglePair = ({ local, remote }: ChildOffer): boolean =>
  local.length === 1 && remote.length === 1;

/** The same a pair at a time, for a peer that takes no more in one child (SINGLE_PAIR_REQUIRED). RFC 7296 §2.9. */
export function selectorPairs(sa: IkeSa, spd: SpdEntry, replaces: ChildSa | undefined): SelectorPair[] {
  const all = offeredTraffic(sa, spd, replaces);
  return all.local.flatMap((local) =>
    all.remote.filter((remote) => meet(local, remote)).map((remote) => ({ local, remote })),
  );
}

/** Those of them that no child of the label carries: packets ask one after the other. */
export const missingPairs = (sa: IkeSa, spd: SpdEntry, label: Uint8Array | undefined): SelectorPair[] =>
  selectorPairs(sa, spd, undefined).filter(
    ({ local, remote }) =>
      !sa.children
        .of(spd.name, label)
        .some((child) => within([local], child.local) && within([remote], child.remote)),
  );

export const isOf = (packet: SelectorPair, { local, remote }: SelectorPair): boolean =>
  within([packet.local], [local]) && within([packet.remote], [remote]);

/** The responder's side: the payloads that answer a child request. Throws NotifyError with scope `child`. */
export function* answerChild(
  sa: IkeSa,
  request: readonly Payload[],
  ride: Ride,
  cx: Context,
): Generator<Ask, { payloads: Payload[]; child: ChildSa }, Answer> {
  const { entry, source, replaces } = ride;
  requireLease(sa, entry);
  const { mostChildren = usualMostChildren } = entry;
  // A rekey leaves as many as there were.
  if (!replaces && sa.children.size >= mostChildren)
    throw refuse(NotifyType.NO_ADDITIONAL_SAS, `${mostChildren} children`);
  const offered = find(request, 'sa');
  const [tsi, tsr] = [find(request, 'tsi'), find(request, 'tsr')];
  if (!offered || !tsi || !tsr) throw refuse(NotifyType.INVALID_SYNTAX, 'a child needs SA, TSi and TSr');
  const mode = modeOf(request);
  const nat = mode === 'transport' && (sa.nat.here || sa.nat.peer);
  const [inner, outer] = [{ tsi: ranges(tsi.selectors), tsr: ranges(tsr.selectors) }, sa.path] as const;
  if (nat && !(isOneHost(inner.tsi) && isOneHost(inner.tsr)))
    throw refuse(
      NotifyType.SINGLE_PAIR_REQUIRED,
      'through a NAT, transport mode has one address at each end',
    );
  const seen = nat
    ? { tsi: readdress(inner.tsi, outer.remote.address), tsr: readdress(inner.tsr, outer.local.address) }
    : inner;
  const labels = offeredLabels({ tsi: tsi.selectors, tsr: tsr.selectors });
  const among = cx.pad.alike(entry);
  const match = matchSpd(sa, joined(among), { mode, ...seen, labels }, cx.labels, replaces);
  const { spd, local, remote, label, more } = match;
  const owner = replaces ? entry : ownerOf(spd, among);
  // The IKE SA is of the connection its first child is of.
  if (!ride.pfs) cx.belongTo(owner);
  const own = pfsProposals(sa, spd, ride.pfs);
  const choice = chooseEsp(offered.proposals, own, owner.order ?? 'offer', ride.pfs && spd.pfs);
  const suite = choice && espSuite(cx.crypto, choice.chosen);
  if (!choice || !suite)
    throw refuse(NotifyType.NO_PROPOSAL_CHOSEN, `no common ESP proposal for ${spd.name}`);
  const exchanged = answerKeyExchange(suite, find(request, 'ke'), cx);
  const keys = childKeys(source.prf, source.d, suite, source.ni, source.nr, exchanged?.secret);
  exchanged?.secret.fill(0);
  const shape = {
    ...newChild({ entry: owner, spd, local, remote, ...labelled(label) }, request, replaces, cx),
    outboundSpi: readSpi(choice.peerSpi),
    mode,
    suite,
    encapsulated: isEncapsulated(sa),
    path: sa.path,
  } as const;
  for (let attempt = 1; ; attempt++) {
    const child: ChildSa = { ...shape, inboundSpi: cx.takeChildSpi() };
    const errno = yield* install(child, keys.initiator);
    if (errno === undefined) {
      // The kernel prefers the newest SA of a reqid: after a rekey the peer must have moved over first.
      complete(sa, child, keys, 'responder', replaces, cx);
      const payloads: Payload[] = [
        { kind: 'sa', proposals: [{ ...choice.proposal, spi: spiOctets(child.inboundSpi) }] },
        ...(exchanged ? [exchanged.payload] : []),
        { kind: 'tsi', selectors: besideLabel(nat ? readdress(remote, hostOf(inner.tsi)) : remote, label) },
        { kind: 'tsr', selectors: besideLabel(nat ? readdress(local, hostOf(inner.tsr)) : local, label) },
        ...childNotifies(mode, spd),
        ...(more ? [statusNotify(NotifyType.ADDITIONAL_TS_POSSIBLE)] : []),
      ];
      return { payloads, child };
    }
    cx.releaseChildSpi(child.inboundSpi);
    if (errno === 'EEXIST' && attempt < mostSpis) continue;
    throw refuse(NotifyType.NO_PROPOSAL_CHOSEN, notInstalled(suite, errno));
  }
}

/**
 * The initiator's side: checks the answer against the offer and installs. Throws PeerRefused or BadResponse; the
 * caller then deletes the child at the peer if the peer believes in it.
 */
export function* acceptChild(
  sa: IkeSa,
  offer: ChildOffer,
  response: readonly Payload[],
  ride: Ride,
  cx: Context,
): Generator<Ask, ChildSa, Answer> {
  const { spd, pair } = offer;
  const { entry, source, replaces } = ride;
  const answer = find(response, 'sa');
  const [withTsi, withTsr] = [find(response, 'tsi')?.selectors, find(response, 'tsr')?.selectors];
  if (!answer || !withTsi || !withTsr) {
    const error = errorIn(response);
    if (!error) throw new BadResponse('the answer lacks SA, TSi or TSr');
    throw refusedBy(error.type, offer);
  }
  const unknown = unknownErrorIn(response);
  if (unknown) throw refusedBy(unknown.type, offer);
  checkAnswer(offer.label, { tsi: withTsi, tsr: withTsr });
  const [saidTsi, saidTsr] = [unlabelled(withTsi), unlabelled(withTsr)];
  // Some responders (strongSwan) answer with the addresses they see.
  const nat = spd.mode === 'transport' && (sa.nat.here || sa.nat.peer);
  const asSeen = nat && !(within(saidTsi, offer.local) && within(saidTsr, offer.remote));
  const tsi = asSeen ? readdress(saidTsi, sa.path.local.address) : saidTsi;
  const tsr = asSeen ? readdress(saidTsr, sa.path.remote.address) : saidTsr;
  const chosen = acceptEsp(answer.proposals, offer.proposals, pair !== undefined);
  const suite = chosen && espSuite(cx.crypto, chosen);
  const spi = answer.proposals[0]?.spi;
  if (spi && !isEspSpi(spi)) throw new BadResponse('the peer answered with no SPI of ESP');
  if (!suite || !spi) throw new BadResponse('the peer chose an ESP proposal we did not offer');
  if (!within(tsi, offer.local) || !within(tsr, offer.remote))
    throw new BadResponse('the peer widened our traffic selectors');
  const asOffered = clientOf(sa, entry) !== undefined || sameSelectors(tsi, offer.local);
  if (!spd.narrowing && !(asOffered && sameSelectors(tsr, offer.remote))) {
    const said = `${describeSelectors(tsi)} === ${describeSelectors(tsr)}`;
    throw new BadResponse(`the peer narrowed our traffic selectors to ${said}, and narrowing=no`);
  }
  const mode = modeOf(response);
  if (mode !== spd.mode) throw new BadResponse(`the peer wants ${mode} mode, our policy ${spd.mode} mode`);
  const secret = concludeKeyExchange(suite, pair, find(response, 'ke'));
  if (notifies(response, NotifyType.ADDITIONAL_TS_POSSIBLE).length > 0) {
    cx.afterwards(() =>
      sa.progress('traffic selectors', 'the peer would take more of them in another child'),
    );
  }
  const keys = childKeys(source.prf, source.d, suite, source.ni, source.nr, secret);
  secret?.fill(0);
  // Of a packet's selectors and the wider ones offered beside them a peer may take both.
  const local = widest(clientOf(sa, entry) ? ownTraffic(sa, spd, tsi) : tsi);
  const agreed = { entry, spd, local, remote: widest(tsr), ...labelled(offer.label) };
  const child: ChildSa = {
    ...newChild(agreed, response, replaces, cx),
    inboundSpi: offer.inboundSpi,
    outboundSpi: readSpi(spi),
    mode,
    suite,
    encapsulated: isEncapsulated(sa),
    path: sa.path,
  };
  const errno = yield* install(child, keys.responder);
  if (errno !== undefined) throw new BadResponse(notInstalled(suite, errno));
  complete(sa, child, keys, 'initiator', replaces, cx);
  return child;
}

/** What of the narrowed selectors is ours by the addresses we were given. Throws LocalFailure, BadResponse. */
function ownTraffic(sa: IkeSa, spd: SpdEntry, tsi: readonly TrafficSelector[]): readonly TrafficSelector[] {
  if (sa.internal.assigned.length === 0) throw new LocalFailure('the peer gave us no internal address');
  const own = narrow(tsi, ownSelectors(sa, spd.local), nothing);
  if (own.length === 0) throw new BadResponse('the traffic selectors leave out the address we were given');
  return own;
}

/** With `pfs` the proposals name a group: the configured ones, else the IKE SA's, as pluto does. */
export function pfsProposals(sa: IkeSa, spd: SpdEntry, pfs: boolean): readonly EspProposal[] {
  if (!pfs || !spd.pfs || sa.phase.name !== 'established') return spd.proposals;
  return withGroup(spd.proposals, sa.phase.suite.keyExchange.id);
}

/** The responder's half of PFS. Throws INVALID_KE_PAYLOAD for another group than the chosen one. §1.3. */
function answerKeyExchange(suite: EspSuite, ke: KeyExchangePayload | undefined, cx: Context) {
  const method = suite.keyExchange;
  if (method === undefined) return undefined;
  if (ke?.group !== method.id) throw wrongGroup(method.id, 'child');
  const { value, secret } = method.respond(cx.random, ke.data);
  const payload: Payload = { kind: 'ke', group: method.id, data: value };
  return { payload, secret };
}

function concludeKeyExchange(
  suite: EspSuite,
  pair: KeyPair | undefined,
  ke: KeyExchangePayload | undefined,
): Uint8Array | undefined {
  const method = suite.keyExchange;
  if (method === undefined) return undefined;
  if (pair === undefined || ke?.group !== method.id)
    throw new BadResponse('the answer lacks the KE of the group it chose');
  return pair.derive(ke.data);
}

const labelled = (label: Uint8Array | undefined) => label && { label };

const refuse = (notify: number, why: string): NotifyError => new NotifyError(notify, why, { scope: 'child' });

const modeOf = (payloads: readonly Payload[]): SpdEntry['mode'] =>
  notifies(payloads, NotifyType.USE_TRANSPORT_MODE).length > 0 ? 'transport' : 'tunnel';

const readSpi = (octets: Uint8Array): number => new DataView(octets.buffer, octets.byteOffset).getUint32(0);

/** Who does not pad tolerates padding, but says that it does not, as strongSwan does. */
function childNotifies(mode: SpdEntry['mode'], { settings }: SpdEntry): Payload[] {
  const pads = settings?.tfcPadding !== undefined;
  return [
    ...(mode === 'transport' ? [statusNotify(NotifyType.USE_TRANSPORT_MODE)] : []),
    ...(pads ? [] : [statusNotify(NotifyType.ESP_TFC_PADDING_NOT_SUPPORTED)]),
  ];
}

/** Of a child with a label: no such one, or not all of it at once. */
export function refusalOfPeer(notify: number, offer: ChildOffer): LabelRefusal | undefined {
  const single = notify === NotifyType.SINGLE_PAIR_REQUIRED;
  const refusal = peersRefusal(single ? NotifyType.TS_UNACCEPTABLE : notify, offer);
  return refusal && { ...refusal, said: nameOf(NotifyType, notify) };
}

/** What the peer's error notify is about. */
function refusedBy(notify: number, offer: ChildOffer): PeerRefused {
  const { spd, local, remote } = offer;
  const refusal = refusalOfPeer(notify, offer);
  if (notify === NotifyType.TS_UNACCEPTABLE) {
    const traffic = `our traffic selectors ${describeSelectors(local)} === ${describeSelectors(remote)}`;
    return new PeerRefused(notify, refusal ? `${traffic} label ${refusal.label}` : traffic, refusal);
  }
  if (notify === NotifyType.NO_PROPOSAL_CHOSEN)
    return new PeerRefused(notify, `our ESP proposals for ${spd.name}, ${spd.mode} mode`);
  return new PeerRefused(notify, `our child ${spd.name} (${nameOf(NotifyType, notify)})`);
}

const isEncapsulated = (sa: IkeSa): boolean => sa.path.socket === 'nat' && (sa.nat.here || sa.nat.peer);

const onWire = (selectors: readonly SelectorPolicy[]): RangeSelector[] =>
  selectors.map((selector) => toWire(selector, nothing));

const spiOctets = (spi: number): Uint8Array => Uint8Array.of(spi >>> 24, spi >>> 16, spi >>> 8, spi);
