/** EAP-TLS, both roles, over TLS 1.2 (RFC 5216) and TLS 1.3 (RFC 9190). */
import { createPrivateKey } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Secret } from '../crypto/secret.ts';
import {
  type AuthenticatorMethod,
  type AuthenticatorOffer,
  type AuthenticatorStep,
  type MethodEnd,
  type PeerMethod,
  type PeerOffer,
  type PeerStep,
  TlsFragments,
  tlsStart,
} from '../eap/index.ts';
import { octetsOf, shown } from '../eap/text.ts';
import { EapType } from '../wire/numbers.ts';
import { TlsEnd, type TlsSession } from './eap-tls-end.ts';

export interface EapTlsOptions {
  /** X.509, DER: ours, then those that lead towards its root. */
  readonly certificates: readonly Uint8Array[];
  /** PKCS#8, DER. */
  readonly privateKey: Secret;
  /** Whom to trust, X.509, DER. Not empty: Node would trust the authorities of the web. */
  readonly anchors: readonly Uint8Array[];
  /** DER. With any, every authority of a path needs one. */
  readonly crls?: readonly Uint8Array[];
  readonly versions?: readonly [least: 'TLSv1.2' | 'TLSv1.3', most: 'TLSv1.2' | 'TLSv1.3'];
  /** Octets of TLS in one EAP packet. */
  readonly fragment?: number;
  /** Whether a trusted peer is the right one: undefined, or why not; what it throws is a refusal too. DER, the peer's own first. */
  checkPeer(certificates: readonly Uint8Array[]): string | undefined;
}

const messageLimit = 65_536;
const defaultFragment = 1024;
/** Protected success indication: the authenticator sends no more handshake messages. RFC 9190 §2.1.1. */
const commitment = Uint8Array.of(0);

/** Throws RangeError, or what node:tls throws, on keys and certificates it cannot use. */
export function tlsPeer(options: EapTlsOptions): PeerOffer {
  const context = contextOf(options);
  return { type: EapType.TLS, start: () => new Peer(context, options) };
}

/** Throws RangeError, or what node:tls throws, on keys and certificates it cannot use. */
export function tlsAuthenticator(options: EapTlsOptions): AuthenticatorOffer {
  const context = contextOf(options);
  return { type: EapType.TLS, start: () => new Authenticator(context, options) };
}

class Peer implements PeerMethod {
  readonly #context: SecureContextOptions;
  readonly #options: EapTlsOptions;
  readonly #fragments: TlsFragments;
  #tls: TlsEnd | undefined;
  /** Set once: the peer's certificates pass or they do not. */
  #verdict: { readonly refused: string | undefined } | undefined;
  #ended: MethodEnd | undefined;

  constructor(context: SecureContextOptions, options: EapTlsOptions) {
    this.#context = context;
    this.#options = options;
    this.#fragments = fragmentsOf(options);
  }

  async request(data: Uint8Array): Promise<PeerStep> {
    const received = this.#fragments.receive(data);
    if (received === 'start') return this.#start();
    const tls = this.#tls;
    if (tls === undefined) return { refused: 'EAP-TLS without a start' };
    if (received === 'next') return this.#reply();
    if (received instanceof Uint8Array) return this.#advance(tls, await tls.receive(received));
    if (received === 'acknowledged') return { refused: 'the authenticator has nothing to say in EAP-TLS' };
    return { refused: `EAP-TLS: ${received.wrong}` };
  }

  close(): void {
    if (this.#tls?.state.name === 'established' && this.#ended === undefined)
      this.#tls.state.session.msk.destroy();
    this.#tls?.close();
  }

  async #start(): Promise<PeerStep> {
    if (this.#tls !== undefined) return { refused: 'EAP-TLS starts twice' };
    this.#tls = new TlsEnd('client', this.#context);
    return this.#advance(this.#tls, await this.#tls.receive(new Uint8Array(0)));
  }

  #advance(tls: TlsEnd, output: Uint8Array): PeerStep {
    const { state } = tls;
    if (state.name === 'established') {
      this.#verdict ??= { refused: judge(state.session, this.#options) };
      // It is too late for an alert; what is left unsaid is our certificate.
      if (this.#verdict.refused !== undefined) return { refused: this.#verdict.refused };
      if (tls.data.length > 0 && !isCommitment(tls.data)) return { refused: 'EAP-TLS with application data' };
      if (state.session.protocol !== 'TLSv1.3' || isCommitment(tls.data))
        this.#ended = { ok: true, msk: state.session.msk };
    }
    if (state.name === 'failed') this.#ended = { ok: false, reason: `TLS: ${state.reason}` };
    this.#fragments.queue(output);
    return this.#reply();
  }

  #reply(): PeerStep {
    const ended = this.#ended;
    return { reply: this.#fragments.next(), ...(ended && { ended }) };
  }
}

class Authenticator implements AuthenticatorMethod {
  readonly #options: EapTlsOptions;
  readonly #fragments: TlsFragments;
  readonly #tls: TlsEnd;
  /** How it ends when all of ours has arrived. */
  #ending: MethodEnd | undefined;
  #handedOut = false;

  constructor(context: SecureContextOptions, options: EapTlsOptions) {
    this.#options = options;
    this.#fragments = fragmentsOf(options);
    this.#tls = new TlsEnd('server', context);
  }

  begin(): Uint8Array {
    return tlsStart;
  }

  async response(data: Uint8Array): Promise<AuthenticatorStep> {
    const received = this.#fragments.receive(data);
    if (received === 'next') return { request: this.#fragments.next() };
    if (received instanceof Uint8Array) return this.#advance(await this.#tls.receive(received));
    if (received === 'acknowledged' && this.#ending !== undefined) return this.#end(this.#ending);
    if (received === 'acknowledged') return this.#failed('the peer stopped in the TLS handshake');
    return this.#failed(received === 'start' ? 'the peer starts EAP-TLS' : `EAP-TLS: ${received.wrong}`);
  }

  close(): void {
    if (this.#tls.state.name === 'established' && !this.#handedOut) this.#tls.state.session.msk.destroy();
    this.#tls.close();
  }

  async #advance(output: Uint8Array): Promise<AuthenticatorStep> {
    const { state } = this.#tls;
    if (state.name === 'failed') {
      const end: MethodEnd = { ok: false, reason: `TLS: ${state.reason}` };
      // An alert of ours goes first, and is acknowledged. RFC 5216 §2.1.3.
      if (output.length === 0 || this.#ending?.ok) return this.#end(end);
      this.#ending = end;
    } else if (this.#ending !== undefined) return this.#failed('the peer goes on after the TLS handshake');
    const committed = state.name === 'established' ? await this.#conclude(state.session) : new Uint8Array(0);
    if (this.#ending?.ok === false && state.name === 'established') return this.#end(this.#ending);
    this.#fragments.queue(Uint8Array.from([...output, ...committed]));
    const failing = this.#ending?.ok === false ? this.#ending.reason : undefined;
    return { request: this.#fragments.next(), ...(failing !== undefined && { failing }) };
  }

  /** The handshake is through: is it the right peer? Answers with what there is to add. */
  async #conclude(session: TlsSession): Promise<Uint8Array> {
    const refused = judge(session, this.#options);
    this.#ending = refused === undefined ? { ok: true, msk: session.msk } : { ok: false, reason: refused };
    return refused === undefined && session.protocol === 'TLSv1.3'
      ? this.#tls.send(commitment)
      : new Uint8Array(0);
  }

  #failed(reason: string): AuthenticatorStep {
    return this.#end({ ok: false, reason });
  }

  #end(ended: MethodEnd): AuthenticatorStep {
    this.#handedOut = ended.ok;
    return { ended };
  }
}

function judge({ untrusted, certificates }: TlsSession, options: EapTlsOptions): string | undefined {
  if (untrusted !== undefined) return `the peer's certificate: ${untrusted}`;
  try {
    return options.checkPeer(certificates);
  } catch (error) {
    // OpenSSL reads more than a strict reader of certificates does.
    return `the peer's certificate: ${shown(octetsOf(error instanceof Error ? error.message : String(error)))}`;
  }
}

const isCommitment = (data: Uint8Array): boolean => data.length === 1 && data[0] === commitment[0];

const fragmentsOf = ({ fragment = defaultFragment }: EapTlsOptions): TlsFragments =>
  new TlsFragments({ fragment, message: messageLimit });

function contextOf(options: EapTlsOptions): SecureContextOptions {
  const { certificates, privateKey, anchors, crls = [], versions = ['TLSv1.2', 'TLSv1.3'] } = options;
  if (certificates.length === 0) throw new RangeError('EAP-TLS needs a certificate of ours');
  if (anchors.length === 0) throw new RangeError('EAP-TLS needs an authority to trust');
  const key = createPrivateKey({ key: Buffer.from(privateKey.octets), format: 'der', type: 'pkcs8' });
  const context: SecureContextOptions = {
    cert: certificates.map((each) => pem('CERTIFICATE', each)).join(''),
    key: key.export({ format: 'pem', type: 'pkcs8' }),
    ca: anchors.map((each) => pem('CERTIFICATE', each)),
    ...(crls.length > 0 && { crl: crls.map((each) => pem('X509 CRL', each)) }),
    minVersion: versions[0],
    maxVersion: versions[1],
  };
  // What is wrong with these is found now, not in a conversation.
  createSecureContext(context);
  return context;
}

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
