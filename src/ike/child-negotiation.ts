/** Offering, answering and accepting a Child SA, in whatever exchange it rides. RFC 7296 §1.2, §2.9, §2.17. */
import type { Prf } from '../crypto/provider.ts';
import type { Secret } from '../crypto/secret.ts';
import { espSuite } from '../crypto/suite.ts';
import type { PadEntry, SpdEntry } from '../policy/policy.ts';
import { acceptEsp, chooseEsp, espPayload } from '../policy/proposal.ts';
import { narrow, toWire, within } from '../policy/selector.ts';
import { parseAddress } from '../wire/address.ts';
import { find, notifies } from '../wire/message.ts';
import { NotifyType, nameOf } from '../wire/numbers.ts';
import type { Payload } from '../wire/payloads/index.ts';
import type { RangeSelector, TrafficSelector } from '../wire/payloads/ts.ts';
import type { Answer, Ask } from './actions.ts';
import { addSa, type ChildSa, childName, describeSelectors, policiesOf } from './child-sa.ts';
import type { Context } from './context.ts';
import { BadResponse, NotifyError, PeerRefused } from './errors.ts';
import type { IkeSa } from './ike-sa.ts';
import { type ChildKeys, childKeys } from './keys.ts';
import { errorIn, statusNotify } from './notify.ts';
import { describeEspSuite } from './suite-text.ts';

/** What KEYMAT is made of. `shared` is there with PFS only. */
export interface KeySource {
  readonly prf: Prf;
  readonly d: Secret;
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  readonly shared?: Uint8Array;
}

/** What we offered and now wait for. */
export interface ChildOffer {
  readonly spd: SpdEntry;
  readonly inboundSpi: number;
  readonly local: readonly RangeSelector[];
  readonly remote: readonly RangeSelector[];
}

/** Draws of another SPI when the data plane has ours already. */
const mostSpis = 3;

/** SA, TSi, TSr and the notifies that belong to them. The offer's SPI is taken until the answer. */
export function offerChild(
  sa: IkeSa,
  spd: SpdEntry,
  cx: Context,
): { payloads: Payload[]; offer: ChildOffer } {
  const inboundSpi = cx.takeChildSpi();
  const [local, remote] = [
    wireSelectors(spd.local, sa.path.local.address),
    wireSelectors(spd.remote, sa.path.remote.address),
  ];
  const payloads: Payload[] = [
    { kind: 'sa', proposals: espPayload(spd.proposals, inboundSpi, false) },
    { kind: 'tsi', selectors: local },
    { kind: 'tsr', selectors: remote },
    ...childNotifies(spd.mode),
  ];
  return { payloads, offer: { spd, inboundSpi, local, remote } };
}

/** The responder's side: the payloads that answer a child request. Throws NotifyError with scope `child`. */
export function* answerChild(
  sa: IkeSa,
  entry: PadEntry,
  request: readonly Payload[],
  source: KeySource,
  cx: Context,
): Generator<Ask, Payload[], Answer> {
  const offered = find(request, 'sa');
  const [tsi, tsr] = [find(request, 'tsi'), find(request, 'tsr')];
  if (!offered || !tsi || !tsr)
    throw new NotifyError(NotifyType.INVALID_SYNTAX, 'a child needs SA, TSi and TSr', { scope: 'child' });
  const asked = notifies(request, NotifyType.USE_TRANSPORT_MODE).length > 0 ? 'transport' : 'tunnel';
  const { spd, local, remote } = match(sa, entry, asked, tsi.selectors, tsr.selectors);
  const choice = chooseEsp(offered.proposals, spd.proposals, entry.order ?? 'offer', false);
  const suite = choice && espSuite(cx.crypto, choice.chosen);
  if (!choice || !suite)
    throw new NotifyError(NotifyType.NO_PROPOSAL_CHOSEN, `no common ESP proposal for ${spd.name}`, {
      scope: 'child',
    });
  const keys = childKeys(source.prf, source.d, suite, source.ni, source.nr, source.shared);
  const outboundSpi = new DataView(choice.peerSpi.slice().buffer).getUint32(0);
  const shape = {
    connection: entry.name,
    spd,
    outboundSpi,
    mode: asked,
    reqid: cx.takeReqid(),
    suite,
    local,
    remote,
    encapsulated: isEncapsulated(sa),
    path: sa.path,
  } as const;
  for (let attempt = 1; ; attempt++) {
    const child: ChildSa = { ...shape, inboundSpi: cx.takeChildSpi() };
    const errno = yield* install(child, keys.initiator);
    if (errno === undefined) {
      complete(sa, child, keys, keys.responder, cx);
      return [
        { kind: 'sa', proposals: [{ ...choice.proposal, spi: spiOctets(child.inboundSpi) }] },
        { kind: 'tsi', selectors: [...remote] },
        { kind: 'tsr', selectors: [...local] },
        ...childNotifies(asked),
      ];
    }
    cx.releaseChildSpi(child.inboundSpi);
    if (errno === 'EEXIST' && attempt < mostSpis) continue;
    throw new NotifyError(NotifyType.NO_PROPOSAL_CHOSEN, `the data plane refused the inbound SA: ${errno}`, {
      scope: 'child',
    });
  }
}

/**
 * The initiator's side: checks the answer against the offer and installs. Throws PeerRefused or BadResponse; the
 * caller then deletes the child at the peer if the peer believes in it.
 */
export function* acceptChild(
  sa: IkeSa,
  entry: PadEntry,
  offer: ChildOffer,
  response: readonly Payload[],
  source: KeySource,
  cx: Context,
): Generator<Ask, ChildSa, Answer> {
  const { spd } = offer;
  const answer = find(response, 'sa');
  const [tsi, tsr] = [find(response, 'tsi')?.selectors, find(response, 'tsr')?.selectors];
  if (!answer || !tsi || !tsr) {
    const error = errorIn(response);
    if (!error) throw new BadResponse('the answer lacks SA, TSi or TSr');
    throw new PeerRefused(error.type, rejectedBy(error.type, spd, offer));
  }
  const chosen = acceptEsp(answer.proposals, spd.proposals, false);
  const suite = chosen && espSuite(cx.crypto, chosen);
  const spi = answer.proposals[0]?.spi;
  if (!suite || spi?.length !== 4) throw new BadResponse('the peer chose an ESP proposal we did not offer');
  if (!within(tsi, offer.local) || !within(tsr, offer.remote))
    throw new BadResponse('the peer widened our traffic selectors');
  const mode = notifies(response, NotifyType.USE_TRANSPORT_MODE).length > 0 ? 'transport' : 'tunnel';
  if (mode !== spd.mode) throw new BadResponse(`the peer wants ${mode} mode, our policy ${spd.mode} mode`);
  const keys = childKeys(source.prf, source.d, suite, source.ni, source.nr, source.shared);
  const child: ChildSa = {
    connection: entry.name,
    spd,
    inboundSpi: offer.inboundSpi,
    outboundSpi: new DataView(spi.slice().buffer).getUint32(0),
    mode,
    reqid: cx.takeReqid(),
    suite,
    local: tsi,
    remote: tsr,
    encapsulated: isEncapsulated(sa),
    path: sa.path,
  };
  const errno = yield* install(child, keys.responder);
  if (errno !== undefined) throw new BadResponse(`the data plane refused the inbound SA: ${errno}`);
  complete(sa, child, keys, keys.initiator, cx);
  return child;
}

/** Asks for the inbound SA; an errno, or undefined when it holds. */
function* install(child: ChildSa, keys: ChildKeys['initiator']): Generator<Ask, string | undefined, Answer> {
  const answer = yield { kind: 'install', command: addSa(child, 'in', keys) };
  return answer.ok ? undefined : answer.errno;
}

/** The inbound SA holds: the outbound one and the policies follow, and all goes again if the step throws later. */
function complete(
  sa: IkeSa,
  child: ChildSa,
  keys: ChildKeys,
  outbound: ChildKeys['initiator'],
  cx: Context,
): void {
  cx.addChild(child);
  if (cx.keyLog) {
    const inbound = outbound === keys.initiator ? keys.responder : keys.initiator;
    cx.emit({ kind: 'childKeys', sa: sa.name, command: addSa(child, 'in', inbound) });
    cx.emit({ kind: 'childKeys', sa: sa.name, command: addSa(child, 'out', outbound) });
  }
  cx.kernel(addSa(child, 'out', outbound));
  for (const policy of policiesOf(child)) cx.kernel({ kind: 'addPolicy', policy });
  cx.emit({
    kind: 'childEstablished',
    sa: sa.name,
    child: childName(child),
    suite: describeEspSuite(child.suite),
    mode: child.mode,
    local: describeSelectors(child.local),
    remote: describeSelectors(child.remote),
    encapsulated: child.encapsulated,
  });
}

/** The first SPD entry of the connection that the offered selectors and the mode fit. */
function match(
  sa: IkeSa,
  entry: PadEntry,
  mode: SpdEntry['mode'],
  tsi: readonly TrafficSelector[],
  tsr: readonly TrafficSelector[],
) {
  let wrongMode = false;
  for (const spd of entry.children) {
    if (spd.action !== 'protect') continue;
    const local = narrow(tsr, spd.local, octets(sa.path.local.address));
    const remote = narrow(tsi, spd.remote, octets(sa.path.remote.address));
    if (local.length === 0 || remote.length === 0) continue;
    if (spd.mode === mode) return { spd, local, remote };
    wrongMode = true;
  }
  if (wrongMode)
    throw new NotifyError(NotifyType.NO_PROPOSAL_CHOSEN, `the peer wants ${mode} mode, our policy does not`, {
      scope: 'child',
    });
  const wanted = `TSi ${describeSelectors(tsi)} TSr ${describeSelectors(tsr)}`;
  throw new NotifyError(NotifyType.TS_UNACCEPTABLE, `${wanted} fits no child of ${entry.name}`, {
    scope: 'child',
  });
}

/** We tolerate padding for traffic flow confidentiality but send none, and say so as strongSwan does. */
function childNotifies(mode: SpdEntry['mode']): Payload[] {
  const tfc = statusNotify(NotifyType.ESP_TFC_PADDING_NOT_SUPPORTED);
  return mode === 'transport' ? [statusNotify(NotifyType.USE_TRANSPORT_MODE), tfc] : [tfc];
}

function rejectedBy(notify: number, spd: SpdEntry, offer: ChildOffer): string {
  if (notify === NotifyType.TS_UNACCEPTABLE) {
    return `our traffic selectors ${describeSelectors(offer.local)} === ${describeSelectors(offer.remote)}`;
  }
  if (notify === NotifyType.NO_PROPOSAL_CHOSEN) return `our ESP proposals for ${spd.name}, ${spd.mode} mode`;
  return `our child ${spd.name} (${nameOf(NotifyType, notify)})`;
}

const isEncapsulated = (sa: IkeSa): boolean => sa.path.socket === 'nat' && (sa.nat.here || sa.nat.peer);

const octets = (address: string): Uint8Array => parseAddress(address) ?? new Uint8Array(0);

const wireSelectors = (own: SpdEntry['local'], address: string): RangeSelector[] => {
  const end = octets(address);
  return own.map((selector) => toWire(selector, end));
};

const spiOctets = (spi: number): Uint8Array => Uint8Array.of(spi >>> 24, spi >>> 16, spi >>> 8, spi);
