/** One end of a TLS connection whose octets go in and come out by hand: Node's TLS over a stream that leads nowhere. */
import { constants } from 'node:crypto';
import { Duplex } from 'node:stream';
import { setImmediate as nextRound } from 'node:timers/promises';
import {
  type ConnectionOptions,
  connect,
  createServer,
  type PeerCertificate,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import { Secret } from '../crypto/secret.ts';

/** What a completed handshake gave. */
export interface TlsSession {
  /** `TLSv1.2`, `TLSv1.3`. */
  readonly protocol: string;
  /** Why the peer's certificate is not trusted; undefined: it is. */
  readonly untrusted: string | undefined;
  /** The peer's, DER, its own first; empty when it showed none. */
  readonly certificates: readonly Uint8Array[];
  /** The MSK of EAP-TLS, 64 octets. */
  readonly msk: Secret;
}

export type TlsState =
  | { readonly name: 'handshake' }
  | { readonly name: 'established'; readonly session: TlsSession }
  /** `reason`: OpenSSL's words, on one line. */
  | { readonly name: 'failed'; readonly reason: string };

/** Rounds of the event loop without an octet or an event after which TLS waits for the other end. One is enough in Node 20. */
const quietRounds = 3;
/** Octets of application data that are kept: EAP-TLS has one. */
const dataKept = 16;
const longestPath = 16;
/** Nothing is resumed: a session without its certificates proves nobody to `certificates`. */
const noTickets = constants.SSL_OP_NO_TICKET;
/** strongSwan's TLS does not speak of secure renegotiation (RFC 5746); there is none here. */
const oldServers = constants.SSL_OP_LEGACY_SERVER_CONNECT;

export class TlsEnd {
  readonly #pipe = new Pipe(() => this.#stir());
  #state: TlsState = { name: 'handshake' };
  #socket: TLSSocket | undefined;
  #stirred = false;
  #closed = false;
  #data: Uint8Array = new Uint8Array(0);

  /** Throws what `tls.createSecureContext` throws on keys and certificates it cannot use. */
  constructor(role: 'client' | 'server', options: SecureContextOptions) {
    const secureOptions = (options.secureOptions ?? 0) | noTickets | oldServers;
    const context = { ...options, secureOptions };
    if (role === 'client') this.#connect(context);
    else this.#accept(context);
  }

  get state(): TlsState {
    return this.#state;
  }

  /** Application data that came, its beginning. */
  get data(): Uint8Array {
    return this.#data;
  }

  /** Takes what the other end sent; answers with all that TLS then wants to send. Never throws on what came. */
  async receive(octets: Uint8Array): Promise<Uint8Array> {
    if (octets.length > 0 && !this.#pipe.destroyed) this.#pipe.push(octets);
    return this.#settled();
  }

  /** Sends application data; answers with the records. */
  async send(data: Uint8Array): Promise<Uint8Array> {
    this.#socket?.write(data);
    return this.#settled();
  }

  /** What `state` holds stays as it is. */
  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
    this.#pipe.destroy();
  }

  /** OpenSSL works at once and in this thread, but its octets may pass through rounds of the event loop. */
  async #settled(): Promise<Uint8Array> {
    for (let quiet = 0; quiet < quietRounds; quiet++) {
      this.#stirred = false;
      await nextRound();
      if (this.#stirred) quiet = -1;
    }
    return this.#pipe.drain();
  }

  // Both ends take any certificate: whether it is trusted is read afterwards, and whose it is the caller asks.

  #connect(context: SecureContextOptions): void {
    const options: ConnectionOptions = {
      ...context,
      socket: this.#pipe as Duplex,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    };
    const socket = connect(options);
    socket.once('secureConnect', () => this.#establish(socket));
    socket.on('error', (error) => this.#fail(error));
  }

  #accept(context: SecureContextOptions): void {
    // It listens nowhere: connections may be handed to it (node:tls, event 'connection').
    const server = createServer({ ...context, requestCert: true, rejectUnauthorized: false });
    server.once('secureConnection', (socket) => {
      socket.on('error', (error) => this.#fail(error));
      this.#establish(socket);
    });
    server.on('tlsClientError', (error) => this.#fail(error));
    server.emit('connection', this.#pipe);
  }

  #establish(socket: TLSSocket): void {
    this.#stir();
    this.#socket = socket;
    socket.disableRenegotiation();
    socket.on('data', (chunk: Buffer) => {
      this.#stir();
      const more = chunk.subarray(0, dataKept - this.#data.length);
      this.#data = Uint8Array.from([...this.#data, ...more]);
    });
    try {
      this.#state = { name: 'established', session: sessionOf(socket) };
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #fail(error: Error): void {
    this.#stir();
    if (this.#closed) return;
    if (this.#state.name === 'established') this.#state.session.msk.destroy();
    if (this.#state.name !== 'failed') this.#state = { name: 'failed', reason: reasonOf(error) };
  }

  #stir(): void {
    this.#stirred = true;
  }
}

class Pipe extends Duplex {
  readonly #stir: () => void;
  #written: Buffer[] = [];

  constructor(stir: () => void) {
    super();
    this.#stir = stir;
  }

  /** What was written since the last time. */
  drain(): Uint8Array {
    const all = Uint8Array.from(Buffer.concat(this.#written));
    this.#written = [];
    return all;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#written.push(Buffer.from(chunk));
    this.#stir();
    done();
  }
}

function sessionOf(socket: TLSSocket): TlsSession {
  const protocol = socket.getProtocol() ?? '';
  const certificates = pathOf(socket.getPeerCertificate(true));
  const untrusted =
    certificates.length === 0
      ? 'no certificate'
      : socket.authorized
        ? undefined
        : String(socket.authorizationError ?? 'not trusted');
  return { protocol, untrusted, certificates, msk: mskOf(socket, protocol) };
}

/** RFC 5216 §2.3; of TLS 1.3, where the context is the EAP Type: RFC 9190 §2.3. */
function mskOf(socket: TLSSocket, protocol: string): Secret {
  const exporting = socket as unknown as {
    exportKeyingMaterial(length: number, label: string, context?: Uint8Array): Buffer;
  };
  const material =
    protocol === 'TLSv1.3'
      ? exporting.exportKeyingMaterial(128, 'EXPORTER_EAP_TLS_Key_Material', Buffer.of(0x0d))
      : exporting.exportKeyingMaterial(128, 'client EAP encryption');
  const msk = new Secret(Uint8Array.from(material.subarray(0, 64)));
  material.fill(0);
  return msk;
}

function pathOf(leaf: PeerCertificate | undefined): Uint8Array[] {
  const path: Uint8Array[] = [];
  const seen = new Set<string>();
  let at: Partial<ReturnType<TLSSocket['getPeerCertificate']>> & { issuerCertificate?: unknown } = leaf ?? {};
  while (at.raw !== undefined && !seen.has(at.fingerprint256 ?? '') && path.length < longestPath) {
    path.push(Uint8Array.from(at.raw));
    seen.add(at.fingerprint256 ?? '');
    at = (at.issuerCertificate ?? {}) as typeof at;
  }
  return path;
}

/** `806C6FAEF97F0000:error:0A000438:SSL routines:ssl3_read_bytes:tlsv1 alert internal error:../deps/...` → what it means. */
function reasonOf(error: Error): string {
  const [line = ''] = error.message.split('\n');
  return line.split(':error:')[1]?.split(':')[3] ?? line;
}
