/** CREATE_CHILD_SA for the IKE SA itself: an heir with fresh keys takes over everything. RFC 7296 §1.3.2, §2.8, §2.18, §2.25.2. */
import type { KeyPair } from '../../crypto/provider.ts';
import { type IkeSuite, ikeSuite } from '../../crypto/suite.ts';
import { acceptIke, ikePayload } from '../../policy/proposal.ts';
import { find } from '../../wire/message.ts';
import { ExchangeType, KeyExchangeMethod, NotifyType, nameOf, ProtocolId } from '../../wire/numbers.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import type { Role } from '../actions.ts';
import type { Context } from '../context.ts';
import { BadResponse, Bug, failureOf, NotifyError, PeerRefused, wrongGroup } from '../errors.ts';
import { type Exchange, type Outstanding, type Steps, start, type Want } from '../exchange.ts';
import type { IkeSa } from '../ike-sa.ts';
import { concat, ikeKeys } from '../keys.ts';
import { lowest } from '../nonces.ts';
import { errorIn } from '../notify.ts';
import type { Established } from '../phase.ts';
import { Protection } from '../protect.ts';
import { temporary } from './established.ts';
import { chooseSuite } from './ike-sa-init.ts';

const nonceLength = 32;
const spiLength = 8;
/** TEMPORARY_FAILUREs waited out for one want. */
const mostRetries = 5;

interface Wanted {
  /** Groups tried, the one to try now last. */
  readonly groups: readonly number[];
  readonly retries: number;
}

type Held = Wanted & { readonly spi: bigint; readonly ni: Uint8Array; readonly pair: KeyPair };

export const rekeyIke: Exchange<Wanted, Held> = {
  name: 'CREATE_CHILD_SA (rekey IKE SA)',
  type: ExchangeType.CREATE_CHILD_SA,
  phases: ['established'],
  request: { required: ['sa', 'nonce', 'ke'] },
  response: { required: [] },
  about: () => ({ what: 'rekey-ike' }),

  matches: (_sa, request) => find(request, 'sa')?.proposals[0]?.protocol === ProtocolId.IKE,

  initiate(sa, want, cx) {
    const group = want.groups.at(-1) ?? 0;
    const pair = cx.crypto.keyExchanges.get(group)?.generate(cx.random);
    if (pair === undefined) throw new Bug(`offered group ${group} is not implemented`);
    const spi = cx.freshSpi();
    const ni = cx.random(nonceLength);
    const payloads: Payload[] = [
      { kind: 'sa', proposals: ikePayload(entryOf(sa).ike, spiOctets(spi)) },
      { kind: 'nonce', data: ni },
      { kind: 'ke', group, data: pair.publicValue },
    ];
    return { payloads, held: { ...want, spi, ni, pair } };
  },

  respond(sa, request, cx) {
    const phase = established(sa);
    const { what } = sa.doing;
    // §2.25.2: first what is under way with the children, then the IKE SA.
    if (what !== 'nothing' && what !== 'rekey-ike')
      throw temporary(`our own exchange (${what}) is under way`);
    if (sa.succession.pending || sa.children.owner !== sa)
      throw temporary('another IKE SA takes over already');
    const [offer, ke, nonce] = [find(request, 'sa'), find(request, 'ke'), find(request, 'nonce')];
    if (!offer || !ke || !nonce) throw new Bug('a shape let through what it requires');
    const { choice, suite } = chooseSuite([entryOf(sa)], offer, ke, cx, 'child');
    const remote = readSpi(choice.peerSpi);
    if (remote === undefined)
      throw new NotifyError(NotifyType.NO_PROPOSAL_CHOSEN, 'an IKE SPI of 8 octets is needed', {
        scope: 'child',
      });
    if (suite.keyExchange.id !== ke.group) throw wrongGroup(suite.keyExchange.id, 'child');
    const { value, secret } = suite.keyExchange.respond(cx.random, ke.data);
    const nr = cx.random(nonceLength);
    const spi = cx.freshSpi();
    const heir = succeed(
      sa,
      phase,
      { role: 'responder', suite, secret, ni: nonce.data, nr, local: spi, remote },
      cx,
    );
    cx.afterwards(() => sa.succession.theirs(heir, lowest(nonce.data, nr)));
    return [
      { kind: 'sa', proposals: [{ ...choice.proposal, spi: spiOctets(spi) }] },
      { kind: 'nonce', data: nr },
      { kind: 'ke', group: ke.group, data: value },
    ];
  },

  conclude(sa, held, response, cx) {
    const phase = established(sa);
    const answer = find(response, 'sa');
    const error = answer ? undefined : errorIn(response);
    if (error) return refused(sa, held, error.type, error.data, cx);
    const [ke, nonce] = [find(response, 'ke'), find(response, 'nonce')];
    if (!answer || !ke || !nonce) throw new BadResponse('the answer lacks SA, KE or Nr');
    const chosen = acceptIke(answer.proposals, entryOf(sa).ike);
    const suite = chosen && ikeSuite(cx.crypto, chosen);
    const remote = readSpi(answer.proposals[0]?.spi);
    if (!suite || remote === undefined) throw new BadResponse('the peer chose what we did not offer');
    if (suite.keyExchange.id !== held.groups.at(-1) || ke.group !== suite.keyExchange.id) {
      throw new BadResponse('the peer answered with another group');
    }
    const secret = held.pair.derive(ke.data);
    const { ni, spi: local } = held;
    const heir = succeed(
      sa,
      phase,
      { role: 'initiator', suite, secret, ni, nr: nonce.data, local, remote },
      cx,
    );
    cx.afterwards(() => sa.succession.ours(heir, lowest(ni, nonce.data)));
    return undefined;
  },

  abandon(_sa, held) {
    held.pair.destroy();
  },
};

export const wantIkeRekey = (sa: IkeSa): Want =>
  want(sa, { groups: [entryOf(sa).ike[0]?.ke[0] ?? 0], retries: 0 });

/** Not of an heir: the peer's rekey did what was wanted. */
const want = (old: IkeSa, wanted: Wanted): Want => ({
  key: 'rekey ike',
  begin: (sa, cx) => start(rekeyIke, sa, wanted, cx),
  obsolete: (sa) => sa !== old,
});

function refused(
  sa: IkeSa,
  held: Held,
  notify: number,
  data: Uint8Array,
  cx: Context,
): Steps<Outstanding | undefined> {
  const { groups, retries } = held;
  held.pair.destroy();
  // The peer's own rekey has done what was wanted.
  if (sa.succession.pending) {
    cx.afterwards(() => sa.succession.fallBack());
    return undefined;
  }
  const group = ((data[0] ?? 0) << 8) | (data[1] ?? 0);
  const offered = entryOf(sa).ike.some(({ ke }) => ke.includes(group)) && cx.crypto.keyExchanges.has(group);
  if (notify === NotifyType.INVALID_KE_PAYLOAD && offered && !groups.includes(group)) {
    return start(rekeyIke, sa, { groups: [...groups, group], retries }, cx);
  }
  if (notify === NotifyType.TEMPORARY_FAILURE && retries < mostRetries) {
    const wait = 500 + ((cx.random(1)[0] ?? 0) << (retries + 2));
    const later = want(sa, { groups, retries: retries + 1 });
    cx.afterwards(() => sa.upkeep.later(later, wait, sa.upkeep.ends));
    return undefined;
  }
  const what = `our rekey of the IKE SA with ${nameOf(KeyExchangeMethod, groups.at(-1) ?? 0)}`;
  cx.emit({ kind: 'ikeRekeyFailed', sa: sa.name, reason: failureOf(new PeerRefused(notify, what)) });
  if (notify === NotifyType.NO_ADDITIONAL_SAS) cx.afterwards(() => sa.upkeep.notRekeyed());
  return undefined;
}

interface Fresh {
  readonly role: Role;
  readonly suite: IkeSuite;
  readonly secret: Uint8Array;
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  readonly local: bigint;
  readonly remote: bigint;
}

/** SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr) with the old SA's PRF, the rest with the new one's. §2.18. */
function succeed(sa: IkeSa, phase: Established, fresh: Fresh, cx: Context): IkeSa {
  const { role, suite, secret, ni, nr, local, remote } = fresh;
  const seed = phase.suite.prf.compute(phase.keys.d.octets, concat(secret, ni, nr));
  secret.fill(0);
  const [spiI, spiR] = role === 'initiator' ? [local, remote] : [remote, local];
  const keys = ikeKeys(suite, seed, ni, nr, spiI, spiR);
  const protection = new Protection(cx.crypto, cx.random, suite, keys, role);
  const heir = sa.heirOf(role, { local, remote }, { ...phase, suite, keys, protection });
  if (cx.keyLog) {
    const { cipher, keyBits, integ, prf } = suite;
    const { ei, er, ai, ar, pi, pr } = keys;
    cx.emit({
      kind: 'keys',
      sa: heir.name,
      keys: { encr: cipher.id, keyBits, integ: integ?.id, prf: prf.id, ei, er, ai, ar, pi, pr },
    });
  }
  return heir;
}

function established(sa: IkeSa): Established {
  if (sa.phase.name !== 'established') throw new Bug(`CREATE_CHILD_SA while ${sa.phase.name}`);
  return sa.phase;
}

function entryOf(sa: IkeSa) {
  if (sa.entry === undefined) throw new Bug('an established SA without a connection');
  return sa.entry;
}

function spiOctets(spi: bigint): Uint8Array {
  const octets = new Uint8Array(spiLength);
  new DataView(octets.buffer).setBigUint64(0, spi);
  return octets;
}

function readSpi(octets: Uint8Array | undefined): bigint | undefined {
  if (octets?.length !== spiLength) return undefined;
  const spi = new DataView(octets.slice().buffer).getBigUint64(0);
  return spi === 0n ? undefined : spi;
}
