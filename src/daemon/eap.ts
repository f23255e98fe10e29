/** EAP conversations for the engine: one session each, closed when the IKE SA is made or given up. RFC 7296 §2.16. */
import type { Crypto, Random } from '../crypto/provider.ts';
import type { Secret } from '../crypto/secret.ts';
import {
  type AuthenticatorOffer,
  type EapPasswords,
  type EapSession,
  eapAuthenticator,
  eapPeer,
  md5Authenticator,
  md5Peer,
  mschapv2Authenticator,
  mschapv2Peer,
  type PeerOffer,
  type Turn as SessionTurn,
} from '../eap/index.ts';
import type { Answer, EngineEvent, Question, SaName } from '../ike/actions.ts';
import type { RevocationAsk } from '../ike/auth/revocation.ts';
import { Trust } from '../ike/auth/trust.ts';
import { formatIdentity, type Identity } from '../policy/identity.ts';
import type { EapMethod, PadEntry, Policy } from '../policy/policy.ts';
import { EapCode, EapType, IdType } from '../wire/numbers.ts';
import type { Clock } from './clock.ts';
import { PeerCheck } from './eap-peer.ts';
import { type EapTlsOptions, tlsAuthenticator, tlsPeer } from './eap-tls.ts';

type Turn = Extract<Question, { kind: 'eap' }>;

export interface EapOptions {
  readonly crypto: Crypto;
  readonly random: Random;
  readonly clock: Clock;
  /** As of now: the configuration may be read again. */
  readonly policy: () => Policy;
  readonly passwords: () => EapPasswords;
  /** The private key (PKCS#8) of a credential. */
  readonly privateKey: (ckaid: string) => Secret | undefined;
  /** Has CRLs and OCSP responses fetched. */
  readonly revocation: (question: RevocationAsk) => Answer | Promise<Answer>;
}

/** Conversations at a time, and how long one may take. */
const mostSessions = 1000;
const longestMillis = 120_000;

interface Open {
  readonly session: EapSession;
  /** Of EAP-TLS, in case it is the method. */
  readonly peer: PeerCheck | undefined;
  readonly since: number;
}

export class EapSessions {
  readonly #options: EapOptions;
  /** By role and session; the oldest first. */
  readonly #open = new Map<string, Open>();
  #trust: Trust;

  constructor(options: EapOptions) {
    this.#options = options;
    this.#trust = new Trust(undefined, options.crypto);
  }

  get size(): number {
    return this.#open.size;
  }

  async answer(question: Turn): Promise<Answer> {
    const key = keyOf(question.session, question.role);
    this.#sweep();
    let open = this.#open.get(key);
    if (open === undefined) {
      const begun = this.#begin(question);
      if (typeof begun === 'string') return refusal(begun);
      open = { ...begun, since: this.#options.clock.now() };
      this.#open.set(key, open);
    }
    const turn = await this.#turn(open.session, question);
    const { packet, outcome, failing } = await this.#confirmed(turn, open, key);
    if (outcome !== undefined) this.#close(key);
    if (outcome?.ok !== true)
      return {
        ok: true,
        eap: {
          ...(packet && { packet }),
          ...(outcome && { outcome }),
          ...(failing !== undefined && { failing }),
        },
      };
    const { msk, method, identity } = outcome;
    // What EAP-TLS proves is the certificate, which was held against IDi; its Identity is a mere word.
    const named = identity !== undefined && method !== EapType.TLS;
    return {
      ok: true,
      eap: {
        ...(packet && { packet }),
        outcome: { ok: true, ...(msk && { msk }), ...(named && { identity }) },
      },
    };
  }

  /** An IKE SA is up or gone: nothing is left to say. */
  event(event: EngineEvent): void {
    if (event.kind === 'ikeEstablished' || event.kind === 'ikeFailed' || event.kind === 'ikeDeleted')
      this.#ended(event.sa);
  }

  close(): void {
    for (const key of [...this.#open.keys()]) this.#close(key);
  }

  #ended({ spiI, spiR, role }: SaName): void {
    this.#close(keyOf(`${spiI}${spiR}`, role === 'initiator' ? 'peer' : 'authenticator'));
  }

  /** What a method of ours lacks ends the conversation as any other failure. */
  async #turn(session: EapSession, { packet }: Turn): Promise<SessionTurn> {
    try {
      return await session.turn(packet);
    } catch (error) {
      return { outcome: { ok: false, reason: error instanceof Error ? error.message : String(error) } };
    }
  }

  /** EAP-TLS that is through, once whether its certificate is revoked was asked. The MSK of another is destroyed. */
  async #confirmed(turn: SessionTurn, open: Open, key: string): Promise<SessionTurn> {
    const { packet, outcome } = turn;
    if (outcome?.ok !== true || outcome.method !== EapType.TLS) return turn;
    let reason: string | undefined;
    try {
      reason = open.peer === undefined ? 'EAP-TLS was not offered' : await open.peer.revoked();
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    // Given up while we asked.
    if (this.#open.get(key) !== open) reason ??= 'the EAP conversation is over';
    if (reason === undefined) return turn;
    outcome.msk?.destroy();
    return {
      ...(packet && { packet: { ...packet, code: EapCode.FAILURE } }),
      outcome: { ok: false, reason },
    };
  }

  #begin(question: Turn): Omit<Open, 'since'> | string {
    const entry = this.#options.policy().pad.find(({ name }) => name === question.connection);
    if (entry === undefined) return `no connection ${question.connection}`;
    const { identity, role, methods, claimed } = question;
    try {
      const peer = methods.includes('tls') ? this.#peerCheck(entry, claimed) : undefined;
      const session =
        role === 'peer'
          ? eapPeer({ identity, methods: this.#peerOffers(entry, question, peer) })
          : eapAuthenticator({
              ...(isNamed(entry, question) && { identity }),
              methods: (user) => this.#authenticatorOffers(entry, question, user, peer),
              identifier: this.#options.random(1)[0] ?? 0,
            });
      return { session, peer };
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  #peerOffers(entry: PadEntry, { methods, identity: name }: Turn, peer: PeerCheck | undefined): PeerOffer[] {
    const { crypto, random } = this.#options;
    return methods.flatMap((method) => {
      if (method === 'tls') return [tlsPeer({ ...this.#tls(entry, peer), versions: offered(entry) })];
      const password = this.#options.passwords().get(name);
      if (password === undefined) return [];
      if (method === 'md5') return [md5Peer({ name, password })];
      return [mschapv2Peer({ name, password, random, crypto })];
    });
  }

  #authenticatorOffers(
    entry: PadEntry,
    { methods }: Turn,
    user: string,
    peer: PeerCheck | undefined,
  ): AuthenticatorOffer[] {
    const { crypto, random } = this.#options;
    const name = formatIdentity(entry.local.identity).replace(/^@/, '');
    const passwordOf = (of: string): Secret | undefined => this.#options.passwords().get(of);
    const offers: Record<EapMethod, () => AuthenticatorOffer> = {
      tls: () => tlsAuthenticator(this.#tls(entry, peer)),
      md5: () => md5Authenticator({ name, password: passwordOf(user), random, crypto }),
      mschapv2: () => mschapv2Authenticator({ name, password: passwordOf, random, crypto }),
    };
    return methods.map((method) => offers[method]());
  }

  /** Undefined without a policy of whom to trust. */
  #peerCheck({ remote }: PadEntry, claimed: Identity): PeerCheck | undefined {
    const { clock, policy, revocation: ask } = this.#options;
    const { pki } = policy();
    if (pki === undefined || pki.anchors.length === 0) return undefined;
    this.#trust = this.#trust.under(pki);
    return new PeerCheck({
      trust: this.#trust,
      keys: remote.keys,
      claimed,
      revocation: pki.revocation,
      at: () => Math.floor(clock.unixTime() / 1000),
      ask,
    });
  }

  /** Throws RangeError when the connection has nothing to show, or trusts nobody. */
  #tls(entry: PadEntry, peer: PeerCheck | undefined): EapTlsOptions {
    const { credential } = entry.local;
    const privateKey = credential && this.#options.privateKey(credential.key);
    if (!credential || credential.certificates.length === 0 || privateKey === undefined)
      throw new RangeError(`${entry.name}: EAP-TLS needs a certificate and its key`);
    const { pki } = this.#options.policy();
    if (pki === undefined || peer === undefined)
      throw new RangeError(`${entry.name}: EAP-TLS needs an authority to trust`);
    return {
      certificates: credential.certificates,
      privateKey,
      anchors: pki.anchors,
      checkPeer: (certificates) => peer.unfit(certificates),
    };
  }

  #close(key: string): void {
    this.#open.get(key)?.session.close();
    this.#open.delete(key);
  }

  #sweep(): void {
    const now = this.#options.clock.now();
    for (const [key, { since }] of this.#open) {
      if (now - since < longestMillis && this.#open.size < mostSessions) return;
      this.#close(key);
    }
  }
}

const keyOf = (session: string, role: Turn['role']): string => `${role} ${session}`;

const refusal = (reason: string): Answer => ({ ok: true, eap: { outcome: { ok: false, reason } } });

/**
 * Whether IDi says whose proof is wanted (RFC 7296 §2.16). Where passwords of any user are taken it is the name of a
 * device often, and the user's is asked for.
 */
const offered = ({ local }: PadEntry): NonNullable<EapTlsOptions['versions']> => [
  'TLSv1.2',
  local.auth.some((way) => way.kind === 'eap' && way.tls13) ? 'TLSv1.3' : 'TLSv1.2',
];

const isNamed = ({ remote }: PadEntry, { claimed, methods }: Turn): boolean =>
  namesOne(claimed) && (remote.identity !== undefined || methods.every((method) => method === 'tls'));

/** Clients that have an address only as IDi are asked who they are. */
const namesOne = ({ type }: Identity): boolean =>
  type === IdType.FQDN ||
  type === IdType.RFC822_ADDR ||
  type === IdType.DER_ASN1_DN ||
  type === IdType.KEY_ID;
