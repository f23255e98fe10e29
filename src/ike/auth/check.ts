/** Whether the peer's AUTH proves what it says to be, and whether our policy takes that as proof. RFC 7296 §2.15. */
import { sameOctets } from '../../crypto/octets.ts';
import type { PublicKey, SignatureAlgorithm } from '../../crypto/provider.ts';
import type { Secret } from '../../crypto/secret.ts';
import { type Acceptance, type Certificate, identityMatches } from '../../pki/index.ts';
import { formatIdentity, type Identity, type SentIdentity } from '../../policy/identity.ts';
import { type AuthKind, type AuthPolicy, type PadEntry, type PeerKeys, waysAs } from '../../policy/policy.ts';
import { find } from '../../wire/message.ts';
import { AuthMethod, IdType, NotifyType, nameOf } from '../../wire/numbers.ts';
import type { Authentication } from '../../wire/payloads/auth.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import type { Answer, Ask, Role } from '../actions.ts';
import type { Context } from '../context.ts';
import { NotifyError } from '../errors.ts';
import { readCertificates } from '../extensions/certificates.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { Authenticating } from '../phase.ts';
import { nullAuth, nullAuthIn } from './null.ts';
import { covered, sharedKeyAuth } from './proof.ts';
import { fetchesStatus, revocationAsk, wantsStatus } from './revocation.ts';
import { describeAlgorithm, isSignature, readSignature, sameAlgorithm } from './signature.ts';
import { type Chain, type Fetched, nothingFetched, type Trust } from './trust.ts';

export const refused = (why: string): NotifyError => new NotifyError(NotifyType.AUTHENTICATION_FAILED, why);

/** The peer, as it wants to be taken. */
export interface Claim {
  readonly signer: Role;
  readonly identity: SentIdentity;
  /** All of its IKE_AUTH message. */
  readonly payloads: readonly Payload[];
}

type SignaturePolicy = Extract<AuthPolicy, { kind: 'signature' }>;

/** The ways a message tries to prove its sender by; none: it wants EAP. */
export function waysIn(payloads: readonly Payload[]): readonly AuthKind[] {
  const method = find(payloads, 'auth')?.method;
  if (method === undefined) return ['eap'];
  if (method === AuthMethod.SHARED_KEY_MESSAGE_INTEGRITY_CODE) return ['psk'];
  if (method === AuthMethod.NULL) return ['null'];
  if (!isSignature(method)) return [];
  return nullAuthIn(payloads) ? ['signature', 'null'] : ['signature'];
}

/**
 * How the peer has proven who it is. `psk`: the shared key it must have. Throws AUTHENTICATION_FAILED.
 * A peer that may be nobody is nobody, whatever identity it names.
 */
export function* check(
  sa: IkeSa,
  phase: Authenticating,
  entry: PadEntry,
  claim: Claim,
  psk: Secret | undefined,
  cx: Context,
): Generator<Ask, AuthKind, Answer> {
  const auth = find(claim.payloads, 'auth');
  const shown = waysIn(claim.payloads);
  const taken = waysAs(claim.signer, entry.remote.auth);
  const way = taken.find(({ kind }) => shown.includes(kind));
  if (auth === undefined || way === undefined) throw refused(unwanted(entry.name, taken, auth));
  switch (way.kind) {
    case 'psk':
      if (psk === undefined) throw refused(`no shared key for ${formatIdentity(claim.identity)}`);
      checkSharedKey(sa, phase, claim, psk, auth, cx);
      break;
    case 'null':
      checkNull(sa, phase, claim, auth, cx);
      break;
    case 'signature':
      yield* checkSignature(sa, phase, entry, claim, way, auth, cx);
      break;
  }
  return way.kind;
}

/** Throws unless AUTH is made with this key: a shared one, or an EAP method's. */
export function checkSharedKey(
  sa: IkeSa,
  phase: Authenticating,
  { signer, identity }: Pick<Claim, 'signer' | 'identity'>,
  key: Secret,
  auth: Authentication,
  cx: Context,
): void {
  if (auth.method !== AuthMethod.SHARED_KEY_MESSAGE_INTEGRITY_CODE)
    throw refused(`AUTH by ${nameOf(AuthMethod, auth.method)}, wanted by a shared key`);
  const expected = sharedKeyAuth(sa, phase, signer, key, identity).data;
  if (!cx.crypto.equal(expected, auth.data))
    throw refused(`AUTH of ${formatIdentity(identity)} does not hold: another shared key?`);
}

function checkNull(
  sa: IkeSa,
  phase: Authenticating,
  { signer, identity, payloads }: Claim,
  auth: Authentication,
  cx: Context,
): void {
  const data = auth.method === AuthMethod.NULL ? auth.data : nullAuthIn(payloads);
  const expected = nullAuth(phase.suite, phase.keys, signer, covered(sa, phase, signer, identity));
  if (data === undefined || !cx.crypto.equal(expected, data)) throw refused('NULL AUTH does not hold');
}

function* checkSignature(
  sa: IkeSa,
  phase: Authenticating,
  entry: PadEntry,
  claim: Claim,
  way: SignaturePolicy,
  auth: Authentication,
  cx: Context,
): Generator<Ask, void, Answer> {
  const who = formatIdentity(claim.identity);
  const read = readSignature(auth);
  if (typeof read === 'string') throw refused(`AUTH of ${who}: ${read}`);
  const { algorithm, signature, curve } = read;
  if (!way.algorithms.some((each) => sameAlgorithm(each, algorithm)))
    throw refused(`AUTH of ${who} is by ${describeAlgorithm(algorithm)}, which our policy does not take`);
  const octets = covered(sa, phase, claim.signer, claim.identity);
  const holds = (key: PublicKey | undefined): boolean =>
    key !== undefined &&
    (curve === undefined || key.curve === curve) &&
    key.verify(algorithm as SignatureAlgorithm, octets, signature);
  const keys = entry.remote.keys;
  if (keys !== undefined && keys.raw.length > 0) {
    if (keys.raw.some((spki) => holds(cx.crypto.publicKey(spki)))) return;
    throw refused(`AUTH of ${who} does not hold with the key known of it`);
  }
  const chain = chainOf(claim, keys, cx.trust);
  const path = trusted(chain, keys, cx, nothingFetched, who);
  const key = cx.crypto.publicKey(chain[0].spki);
  if (key === undefined) throw refused(`the certificate of ${who} has a key that is not taken`);
  if (!holds(key))
    throw refused(`AUTH of ${who} does not hold: signed with another key than its certificate's`);
  matchIdentity(chain[0], claim.identity, keys);
  yield* checkRevocation(chain, path, claim, keys, cx, who);
}

/** The end certificate first. */
function chainOf({ payloads, identity }: Claim, keys: PeerKeys | undefined, trust: Trust): Chain {
  const who = formatIdentity(identity);
  const sent = readCertificates(payloads);
  const [first, ...rest] = sent.certificates.map((der) => trust.parse(der));
  if (sent.certificates.length > 0 && first === undefined)
    throw refused(`the certificate of ${who} is malformed`);
  const pinned = keys?.certificate && trust.parse(keys.certificate);
  const leaf = first ?? pinned ?? trust.known.find((each) => identityMatches(each, identity));
  if (leaf === undefined)
    throw refused(
      sent.refused
        ? `${who} sent ${sent.refused}, which is not taken`
        : `${who} sent no certificate, and none is known of it`,
    );
  if (pinned && !sameOctets(pinned.der, leaf.der))
    throw refused(`${who} sent another certificate than the one known of it`);
  return [leaf, ...rest.filter((each) => each !== undefined)];
}

/** Throws unless the chain leads to an anchor. */
function trusted(
  chain: Chain,
  keys: PeerKeys | undefined,
  cx: Context,
  fetched: Fetched,
  who: string,
): Acceptance {
  const verdict = cx.trust.judge(chain, keys, cx.unixTime, fetched);
  if (verdict.ok) return verdict;
  const [leaf] = chain;
  if (verdict.code === 'UNTRUSTED' && isPinned(leaf, keys) && isCurrent(leaf, cx.unixTime))
    return { ok: true, path: chain, until: leaf.notAfter, revocation: 'unknown', needed: [], policies: [] };
  throw refused(`the certificate of ${who} is not trusted: ${verdict.text}`);
}

/** What the operator named needs nobody else's word. */
const isPinned = ({ der }: Certificate, keys: PeerKeys | undefined): boolean =>
  keys?.certificate !== undefined && sameOctets(keys.certificate, der);

const isCurrent = ({ notBefore, notAfter }: Certificate, at: number): boolean =>
  notBefore <= at && at <= notAfter;

/** The identity must be in the certificate; a name need not where the connection says so. */
function matchIdentity(certificate: Certificate, identity: Identity, keys: PeerKeys | undefined): void {
  const must = identity.type === IdType.DER_ASN1_DN || (keys?.identityInCertificate ?? true);
  if (must && !identityMatches(certificate, identity))
    throw refused(
      `the certificate is not for ${formatIdentity(identity)}: neither subject nor alternative name`,
    );
}

/** Asks for what is not known of the path's revocation, now that it is trusted. */
function* checkRevocation(
  chain: Chain,
  verdict: Acceptance,
  { payloads }: Claim,
  keys: PeerKeys | undefined,
  cx: Context,
  who: string,
): Generator<Ask, void, Answer> {
  const policy = cx.trust.revocation;
  if (policy === undefined || verdict.needed.length === 0) return;
  const inBand = cx.trust.read([], readCertificates(payloads).ocspResponses);
  const known = inBand.ocspResponses.length > 0 ? trusted(chain, keys, cx, inBand, who) : verdict;
  let { needed } = known;
  if (needed.length > 0 && fetchesStatus(policy)) {
    const answer = yield revocationAsk(known, policy);
    const got = answer.ok ? cx.trust.read(answer.crls ?? [], answer.ocspResponses ?? []) : nothingFetched;
    const fetched = { crls: got.crls, ocspResponses: [...inBand.ocspResponses, ...got.ocspResponses] };
    ({ needed } = trusted(chain, keys, cx, fetched, who));
  }
  if (wantsStatus(policy) && needed.length > 0)
    throw refused(`the certificate of ${who}: whether it is revoked is not known, and must be`);
}

function unwanted(name: string, taken: readonly AuthPolicy[], auth: Authentication | undefined): string {
  const wanted = taken.map(({ kind }) => words[kind]).join(' or ');
  if (auth === undefined) return `no AUTH payload: the peer wants EAP, ${name} wants ${wanted}`;
  return `the peer proves itself by ${nameOf(AuthMethod, auth.method)}, our policy wants ${wanted}`;
}

const words: Readonly<Record<AuthKind, string>> = {
  psk: 'a shared key',
  null: 'NULL',
  signature: 'a signature',
  eap: 'EAP',
};
