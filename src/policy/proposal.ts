/** Proposals: what we offer, what we choose of an offer, and whether an answer fits our offer. RFC 7296 §2.7, §3.3. */
import type { ChosenTransforms } from '../crypto/suite.ts';
import { Encr, ProtocolId, SequenceNumbers, TransformType } from '../wire/numbers.ts';
import type { Proposal, Transform } from '../wire/payloads/sa.ts';

/** A cipher and its key size in bits; `keyBits` is absent when the cipher has only one (no Key Length attribute). */
export interface EncrChoice {
  readonly id: number;
  readonly keyBits?: number;
}

/** One IKE proposal: transform IDs in order of preference. Its ciphers are all AEAD (then `integ` is empty) or none is. */
export interface IkeProposal {
  readonly encr: readonly EncrChoice[];
  readonly prf: readonly number[];
  readonly integ: readonly number[];
  readonly ke: readonly number[];
}

/** One ESP proposal. */
export interface EspProposal {
  readonly encr: readonly EncrChoice[];
  readonly integ: readonly number[];
  /** Groups for PFS; empty or only NONE (0): no PFS. */
  readonly ke: readonly number[];
  /** Extended sequence numbers, in order of preference: `[true, false]` offers both. */
  readonly esn: readonly boolean[];
}

/** Whose order decides: the responder's own, or the initiator's offer. */
export type Order = 'own' | 'offer';

/** What a responder chose of an offer. */
export interface Choice {
  /** The answer: the offered proposal's number, one transform of each type, and no SPI: ours is put in by the caller. */
  readonly proposal: Proposal;
  /** The SPI the peer gave with the proposal. */
  readonly peerSpi: Uint8Array;
  readonly chosen: ChosenTransforms;
}

const none = 0;

const espSpiLength = 4;

/** Whether octets are an SPI that an SA of ESP can have: 0 to 255 are reserved (RFC 4303 §2.1). */
export const isEspSpi = (spi: Uint8Array): boolean =>
  spi.length === espSpiLength && spi.subarray(0, 3).some((octet) => octet !== 0);

const aead: ReadonlySet<number> = new Set<number>([
  Encr.AES_CCM_8,
  Encr.AES_CCM_12,
  Encr.AES_CCM_16,
  Encr.AES_GCM_8,
  Encr.AES_GCM_12,
  Encr.AES_GCM_16,
  Encr.NULL_AUTH_AES_GMAC,
  Encr.CAMELLIA_CCM_8,
  Encr.CAMELLIA_CCM_12,
  Encr.CAMELLIA_CCM_16,
  Encr.CHACHA20_POLY1305,
]);

/** Whether a cipher needs no INTEG transform: an AEAD, or ENCR_NULL_AUTH_AES_GMAC (RFC 4543). */
export const isAead = (encr: number): boolean => aead.has(encr);

/** The SA payload's proposals for IKE, numbered from 1. `spi` is empty in IKE_SA_INIT, 8 octets in a rekey. */
export function ikePayload(
  proposals: readonly IkeProposal[],
  spi: Uint8Array = new Uint8Array(),
): Proposal[] {
  return proposals.map((own, at) => toWire(ProtocolId.IKE, at + 1, spi, ikeOffer(own)));
}

/**
 * The SA payload's proposals for ESP, numbered from 1. Without `pfs` no KE transform is offered, as IKE_AUTH
 * requires (RFC 7296 §1.2).
 */
export function espPayload(proposals: readonly EspProposal[], spi: number, pfs: boolean): Proposal[] {
  const octets = Uint8Array.of(spi >>> 24, spi >>> 16, spi >>> 8, spi);
  return proposals.map((own, at) => toWire(ProtocolId.ESP, at + 1, octets, espOffer(own, pfs)));
}

/** The same proposals with `group` where they name none: pluto's PFS takes the IKE SA's group. */
export const withGroup = (proposals: readonly EspProposal[], group: number): EspProposal[] =>
  proposals.map((own) => (own.ke.length === 0 ? { ...own, ke: [group] } : own));

/**
 * The responder's choice of an IKE offer, or undefined: NO_PROPOSAL_CHOSEN. When `chosen.ke` is not the group of
 * the KE payload that came along, the answer is INVALID_KE_PAYLOAD with `chosen.ke` (RFC 7296 §1.2).
 */
export function chooseIke(
  offered: readonly Proposal[],
  own: readonly IkeProposal[],
  order: Order,
): Choice | undefined {
  return choose(offered, own.map(ikeOffer), order, ProtocolId.IKE);
}

/** The responder's choice of an ESP offer. Without `pfs` our own groups do not count, as in IKE_AUTH. */
export function chooseEsp(
  offered: readonly Proposal[],
  own: readonly EspProposal[],
  order: Order,
  pfs = true,
): Choice | undefined {
  const readable = offered.filter(({ spi }) => isEspSpi(spi));
  const mine = own.map((each) => espOffer(each, pfs));
  return choose(readable, mine, order, ProtocolId.ESP);
}

/**
 * What the responder's answer to `ikePayload(own)` chose: exactly one proposal with a number of ours, and one
 * transform a type, all of them offered. Undefined otherwise: the answer is refused (RFC 7296 §2.7, §3.3.6).
 */
export function acceptIke(
  answer: readonly Proposal[],
  own: readonly IkeProposal[],
): ChosenTransforms | undefined {
  return accept(answer, own.map(ikeOffer), ProtocolId.IKE);
}

/** As `acceptIke`, for the answer to `espPayload(own, spi, pfs)`. */
export function acceptEsp(
  answer: readonly Proposal[],
  own: readonly EspProposal[],
  pfs = true,
): ChosenTransforms | undefined {
  if (answer[0] === undefined || !isEspSpi(answer[0].spi)) return undefined;
  const mine = own.map((each) => espOffer(each, pfs));
  return accept(answer, mine, ProtocolId.ESP);
}

/** What each transform type allows, by preference. A type absent from the proposal stands for its default. */
type Offer = ReadonlyMap<number, readonly Transform[]>;

const ikeOffer = remembered((own: IkeProposal) =>
  offerOf(ProtocolId.IKE, [
    ...ciphers(own.encr),
    ...own.prf.map((id) => ({ type: TransformType.PRF, id })),
    ...own.integ.map((id) => ({ type: TransformType.INTEG, id })),
    ...own.ke.map((id) => ({ type: TransformType.KE, id })),
  ]),
);

const espOffer = (own: EspProposal, pfs: boolean): Offer => (pfs ? withPfs(own) : withoutPfs(own));

const withPfs = remembered((own: EspProposal) => espOfferWith(own, own.ke));
const withoutPfs = remembered((own: EspProposal) => espOfferWith(own, []));

const espOfferWith = (own: EspProposal, ke: readonly number[]): Offer =>
  offerOf(ProtocolId.ESP, [
    ...ciphers(own.encr),
    ...own.integ.map((id) => ({ type: TransformType.INTEG, id })),
    ...ke.map((id) => ({ type: TransformType.KE, id })),
    ...own.esn.map((esn) => ({
      type: TransformType.SN,
      id: esn ? SequenceNumbers.ESN : SequenceNumbers.SEQ32,
    })),
  ]);

/** A policy's proposals are asked for at every handshake, and stay the same. */
function remembered<P extends object>(make: (own: P) => Offer): (own: P) => Offer {
  const known = new WeakMap<P, Offer>();
  return (own) => {
    const offer = known.get(own) ?? make(own);
    known.set(own, offer);
    return offer;
  };
}

const ciphers = (list: readonly EncrChoice[]): Transform[] =>
  list.map(({ id, keyBits }) => ({
    type: TransformType.ENCR,
    id,
    ...(keyBits !== undefined && { keyLength: keyBits }),
  }));

const ikeTypes = [TransformType.ENCR, TransformType.PRF, TransformType.INTEG, TransformType.KE];
const espTypes = [TransformType.ENCR, TransformType.INTEG, TransformType.KE, TransformType.SN];

const typesOf = (protocol: number): readonly number[] => (protocol === ProtocolId.IKE ? ikeTypes : espTypes);

function offerOf(protocol: number, transforms: readonly Transform[]): Offer {
  return new Map(
    typesOf(protocol).map((type) => {
      const list = transforms.filter((transform) => transform.type === type);
      return [
        type,
        list.length === 0 ? absent(protocol, type) : list.filter((each) => usable(protocol, each)),
      ];
    }),
  );
}

/**
 * What an absent type stands for. SN is mandatory in ESP (RFC 7296 §3.3.3), but some peers leave it out and mean
 * 32 bits, as before there was a choice; refusing them would protect nobody.
 */
function absent(protocol: number, type: number): Transform[] {
  if (type === TransformType.INTEG) return [{ type, id: none }];
  if (type === TransformType.KE && protocol !== ProtocolId.IKE) return [{ type, id: none }];
  return type === TransformType.SN ? [{ type, id: SequenceNumbers.SEQ32 }] : [];
}

/** An unknown attribute, a key length where none belongs, or an IKE SA without key exchange is nothing to agree on. */
const usable = (protocol: number, transform: Transform): boolean =>
  (transform.attributes?.length ?? 0) === 0 &&
  (transform.keyLength === undefined || transform.type === TransformType.ENCR) &&
  !(protocol === ProtocolId.IKE && transform.type === TransformType.KE && transform.id === none);

/** A lone NONE is left out: RFC 7296 §3.3.3 lets it mean the same, and absent is what every peer reads. */
function toWire(protocol: number, number: number, spi: Uint8Array, offer: Offer): Proposal {
  const transforms = [...offer.values()].flatMap((list) =>
    list.every(({ type, id }) => id === none && type !== TransformType.SN) ? [] : list,
  );
  return { number, protocol, spi, transforms };
}

/**
 * The offer in a proposal from the peer. Undefined for another protocol, or when a transform type is unknown or
 * does not belong: one of each type offered has to be chosen (RFC 7296 §3.3.6).
 */
function read(proposal: Proposal, protocol: number): Offer | undefined {
  if (proposal.protocol !== protocol) return undefined;
  const types = typesOf(protocol);
  const known = proposal.transforms.every(({ type }) => types.includes(type));
  return known ? offerOf(protocol, proposal.transforms) : undefined;
}

function choose(
  offered: readonly Proposal[],
  own: readonly Offer[],
  order: Order,
  protocol: number,
): Choice | undefined {
  const candidates = offered.flatMap((proposal) => {
    const offer = read(proposal, protocol);
    return offer === undefined ? [] : own.map((mine, rank) => ({ proposal, offer, mine, rank }));
  });
  if (order === 'own') candidates.sort((a, b) => a.rank - b.rank);
  for (const { proposal, offer, mine } of candidates) {
    const picked = order === 'own' ? match(mine, offer) : match(offer, mine);
    if (picked === undefined) continue;
    // Types the offer left out stay out of the answer.
    const transforms = picked.filter((each) => proposal.transforms.some(({ type }) => type === each.type));
    return {
      proposal: { number: proposal.number, protocol, spi: new Uint8Array(), transforms },
      peerSpi: proposal.spi,
      chosen: chosenOf(picked),
    };
  }
  return undefined;
}

function accept(answer: readonly Proposal[], own: readonly Offer[], protocol: number) {
  const [proposal, ...more] = answer;
  if (proposal === undefined || more.length > 0) return undefined;
  const types = new Set(proposal.transforms.map(({ type }) => type));
  if (types.size !== proposal.transforms.length) return undefined;
  const mine = own[proposal.number - 1];
  const theirs = read(proposal, protocol);
  const picked = mine && theirs && match(mine, theirs);
  return picked && chosenOf(picked);
}

const same = (a: Transform, b: Transform): boolean => a.id === b.id && a.keyLength === b.keyLength;

/** One transform of each type that both have, by the order of `first`; a cipher is taken with the INTEG it needs. */
function match(first: Offer, second: Offer): Transform[] | undefined {
  const both = (type: number, fits: (each: Transform) => boolean = () => true): Transform | undefined =>
    first.get(type)?.find((each) => fits(each) && second.get(type)?.some((other) => same(each, other)));
  const needed = (cipher: Transform) =>
    both(TransformType.INTEG, ({ id }) => (id === none) === isAead(cipher.id));
  const cipher = both(TransformType.ENCR, (each) => needed(each) !== undefined);
  if (cipher === undefined) return undefined;
  const picked: Transform[] = [];
  for (const type of first.keys()) {
    const one =
      type === TransformType.ENCR ? cipher : type === TransformType.INTEG ? needed(cipher) : both(type);
    if (one === undefined) return undefined;
    picked.push(one);
  }
  return picked;
}

function chosenOf(picked: readonly Transform[]): ChosenTransforms {
  const of = (type: number) => picked.find((each) => each.type === type);
  const encr = of(TransformType.ENCR);
  const prf = of(TransformType.PRF)?.id;
  const integ = of(TransformType.INTEG)?.id;
  const ke = of(TransformType.KE)?.id;
  const numbering = of(TransformType.SN)?.id;
  return {
    encr: encr?.id ?? none,
    ...(encr?.keyLength !== undefined && { keyBits: encr.keyLength }),
    ...(prf !== undefined && { prf }),
    ...(integ !== undefined && integ !== none && { integ }),
    ...(ke !== undefined && ke !== none && { ke }),
    ...(numbering !== undefined && { esn: numbering === SequenceNumbers.ESN }),
  };
}
