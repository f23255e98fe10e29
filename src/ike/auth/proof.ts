/** Proving who we are: the AUTH payload of each end, and what goes with it. RFC 7296 §2.15. */
import type { Secret } from '../../crypto/secret.ts';
import { formatIdentity, type Identity, nobody, type SentIdentity } from '../../policy/identity.ts';
import {
  type AuthPolicy,
  type Credential,
  type PadEntry,
  type PreSharedKey,
  waysAs,
} from '../../policy/policy.ts';
import { pskFor } from '../../policy/secrets.ts';
import { AuthMethod, NotifyType } from '../../wire/numbers.ts';
import type { Authentication } from '../../wire/payloads/auth.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import type { Answer, Ask, Role } from '../actions.ts';
import type { Context } from '../context.ts';
import { LocalFailure, NotifyError } from '../errors.ts';
import type { Steps } from '../exchange.ts';
import type { AnnouncedMethod } from '../extensions/auth-methods.ts';
import { offerCertificates } from '../extensions/certificates.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { Authenticating } from '../phase.ts';
import { nullAuth, nullAuthNotify } from './null.ts';
import { pskAuth } from './psk.ts';
import { chooseScheme, type Scheme, signatureAuth } from './signature.ts';
import { signedOctets } from './signed-octets.ts';

/** What we show. `psk` is the key it was made with, which the peer's must be too. */
export interface Proof {
  readonly kind: AuthPolicy['kind'];
  /** Who we say to be: with NULL nobody, whatever we are called (RFC 7619 §2.2). */
  readonly identity: Identity;
  /** CERT payloads, to stand before AUTH. */
  readonly certificates: readonly Payload[];
  /** AUTH, and Libreswan's notify beside it; empty when EAP is to be spoken. */
  readonly auth: readonly Payload[];
  readonly psk?: Secret;
}

/** The octets the AUTH of `signer` covers. */
export function covered(
  sa: IkeSa,
  { suite, keys, ni, nr }: Authenticating,
  signer: Role,
  id: SentIdentity,
): Uint8Array {
  const { request, response } = sa.opening;
  return signer === 'initiator'
    ? signedOctets(suite.prf, keys.pi, request, nr, id)
    : signedOctets(suite.prf, keys.pr, response, ni, id);
}

/** AUTH by a shared key; also by the key of an EAP method (§2.16). */
export function sharedKeyAuth(
  sa: IkeSa,
  phase: Authenticating,
  signer: Role,
  key: Secret,
  id: SentIdentity,
): Authentication {
  const data = pskAuth(phase.suite.prf, key, covered(sa, phase, signer, id));
  return { kind: 'auth', method: AuthMethod.SHARED_KEY_MESSAGE_INTEGRITY_CODE, data };
}

/** To whom we prove ourselves. */
export interface Audience {
  /** As far as it is known. */
  readonly identity: Identity | undefined;
  /** It wants an X.509 certificate. */
  readonly asksForCertificate: boolean;
  /** An initiator that takes an EAP method's key as a responder's proof. RFC 5998. */
  readonly eapOnly?: boolean;
  /** What it says to take; empty when it does not say. RFC 9593. */
  readonly authMethods: readonly AnnouncedMethod[];
}

/** Makes the first proof of the entry's that can be made. Throws when none can; a responder tells its peer. */
export function prove(
  sa: IkeSa,
  phase: Authenticating,
  entry: PadEntry,
  audience: Audience,
  cx: Context,
): Steps<Proof> {
  let why = '';
  for (const way of waysAs(sa.role, entry.local.auth)) {
    const made = attempt(sa, phase, entry, way, audience, cx);
    if (typeof made !== 'string') return made;
    why ||= made;
  }
  throw unprovable(sa, why);
}

/** The proof, or why it cannot be made. */
function attempt(
  sa: IkeSa,
  phase: Authenticating,
  entry: PadEntry,
  way: AuthPolicy,
  audience: Audience,
  cx: Context,
): Steps<Proof> | string {
  const { identity, credential } = entry.local;
  switch (way.kind) {
    case 'psk': {
      const key = keyFor(sa, entry, audience.identity, cx);
      if (key === undefined) return noSharedKey(entry, audience.identity);
      const auth = sharedKeyAuth(sa, phase, sa.role, key.secret, identity);
      return { kind: 'psk', identity, certificates: [], auth: [auth], psk: key.secret };
    }
    case 'null': {
      const data = nullAuth(phase.suite, phase.keys, sa.role, covered(sa, phase, sa.role, nobody));
      const auth = { kind: 'auth', method: AuthMethod.NULL, data } as const;
      return { kind: 'null', identity: nobody, certificates: [], auth: [auth] };
    }
    case 'eap':
      if (sa.role === 'responder' && !audience.eapOnly)
        return `${entry.name}: the peer does not take EAP alone (RFC 5998)`;
      return { kind: 'eap', identity, certificates: [], auth: [] };
    case 'signature': {
      if (credential === undefined) return `${entry.name} has no key of ours to sign with`;
      const key = cx.crypto.publicKey(credential.spki);
      const scheme =
        key && chooseScheme(way.algorithms, key, { ...phase.support, authMethods: audience.authMethods });
      if (scheme === undefined)
        return `${entry.name}: nothing that our key can make, our policy allows and the peer announced to verify`;
      return sign(sa, phase, entry, credential, scheme, audience.asksForCertificate);
    }
  }
}

function* sign(
  sa: IkeSa,
  phase: Authenticating,
  entry: PadEntry,
  credential: Credential,
  scheme: Scheme,
  asked: boolean,
): Generator<Ask, Proof, Answer> {
  const { auth, identity } = entry.local;
  const octets = covered(sa, phase, sa.role, identity);
  const beside =
    sa.role === 'initiator' && auth.some(({ kind }) => kind === 'null')
      ? [nullAuthNotify(nullAuth(phase.suite, phase.keys, 'initiator', octets))]
      : [];
  const answer = yield { kind: 'sign', key: credential.key, algorithm: scheme.algorithm, octets };
  if (!answer.ok || answer.signature === undefined)
    throw unprovable(
      sa,
      `${entry.name}: our private key ${credential.key} did not sign: ${answer.ok ? 'no signature' : answer.errno}`,
    );
  return {
    kind: 'signature',
    identity,
    certificates: offerCertificates(credential, asked),
    auth: [signatureAuth(scheme, answer.signature), ...beside],
  };
}

function unprovable({ role }: IkeSa, why: string): Error {
  return role === 'responder'
    ? new NotifyError(NotifyType.AUTHENTICATION_FAILED, why)
    : new LocalFailure(why);
}

/** The shared key for this entry and peer, by the addresses the IKE SA is between. */
export function keyFor(
  sa: IkeSa,
  entry: PadEntry,
  remoteId: Identity | undefined,
  cx: Context,
): PreSharedKey | undefined {
  const { local, remote } = sa.path;
  return pskFor(cx.policy.preSharedKeys, entry.local.identity, remoteId, local.address, remote.address);
}

export const noSharedKey = (entry: PadEntry, remote: Identity | undefined): string =>
  `no shared key for ${entry.name}: ${formatIdentity(entry.local.identity)} and ${remote ? formatIdentity(remote) : '%any'}`;
