/** The control socket: a unix socket for its owner only, a JSON object a line. Protocol: docs/control.md. */
import { chmodSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import {
  type ControlAnswer,
  ControlError,
  type ControlRequest,
  type LineDetail,
  longestRequest,
  parseRequest,
  requestId,
} from './control-protocol.ts';
import { escapeText } from './lines.ts';

/** One request under way. */
export interface ControlCall {
  line(text: string, detail?: LineDetail): void;
  /** Aborted when the client went away. */
  readonly signal: AbortSignal;
}

/** Its value is the result; a ControlError is told to the client, any other is a bug. */
export type ControlVerbs = (request: ControlRequest, call: ControlCall) => Promise<unknown>;

/** A client that reads nothing loses its connection at this many unread octets. */
const mostUnread = 4 * 1024 * 1024;

export class ControlServer {
  readonly #verbs: ControlVerbs;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();

  constructor(verbs: ControlVerbs) {
    this.#verbs = verbs;
    this.#server = createServer((client) => this.#serve(client));
    this.#server.maxConnections = 256;
  }

  /** Makes `path`, mode 0600, in place of what a dead daemon left. Throws ControlError LISTEN. */
  async listen(path: string): Promise<void> {
    if (await answers(path)) {
      throw new ControlError(
        'LISTEN',
        `another daemon answers at ${path}: stop it with 'ikev2 stop --control ${path}', or choose another --control`,
      );
    }
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      removeDeadSocket(path);
      await this.#bind(path);
    } catch (error) {
      throw new ControlError('LISTEN', `cannot make the control socket ${path}: ${advice(error)}`);
    }
  }

  /** Answers no more; the socket's file goes too. */
  async close(): Promise<void> {
    const closed = new Promise<void>((done) => this.#server.close(() => done()));
    for (const client of this.#clients) client.end();
    for (const client of this.#clients) client.destroySoon();
    await closed;
  }

  #bind(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      const umask = isMainThread ? process.umask(0o177) : undefined;
      try {
        this.#server.listen(path, () => {
          this.#server.off('error', reject);
          resolve();
        });
        chmodSync(path, 0o600);
      } finally {
        if (umask !== undefined) process.umask(umask);
      }
    });
  }

  #serve(client: Socket): void {
    const open = new Set<AbortController>();
    this.#clients.add(client);
    client.on('error', () => client.destroy());
    client.on('close', () => {
      this.#clients.delete(client);
      for (const call of open) call.abort();
    });
    let unread = '';
    client.setEncoding('utf8');
    client.on('data', (text: string) => {
      const lines = (unread + text).split('\n');
      unread = lines.pop() ?? '';
      for (const line of lines) {
        if (Buffer.byteLength(line) > longestRequest) return client.destroy();
        if (line.trim() !== '') void this.#answer(client, line, open);
      }
      if (Buffer.byteLength(unread) > longestRequest) client.destroy();
    });
  }

  async #answer(client: Socket, line: string, open: Set<AbortController>): Promise<void> {
    let id = 0;
    // One for each request: what listens to it goes with the request, not with the connection.
    const gone = new AbortController();
    open.add(gone);
    try {
      const value = parseJson(line);
      id = requestId(value) ?? 0;
      const call: ControlCall = {
        signal: gone.signal,
        line: (text, detail) => send(client, { id, type: 'line', text, ...detail }),
      };
      send(client, { id, type: 'done', result: (await this.#verbs(parseRequest(value), call)) ?? {} });
    } catch (error) {
      const code = error instanceof ControlError ? error.code : 'BUG';
      const lines = (error instanceof Error ? error.message : String(error)).split('\n');
      send(client, { id, type: 'failed', code, text: lines.map(escapeText).join('\n') });
    } finally {
      open.delete(gone);
    }
  }
}

function send(client: Socket, answer: ControlAnswer): void {
  if (client.destroyed) return;
  client.write(`${JSON.stringify(answer)}\n`);
  if (client.writableLength > mostUnread) client.destroy();
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new ControlError('BAD_REQUEST', 'not a JSON object on one line');
  }
}

/** Whether somebody listens there. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.on('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
}

/** Throws when a file of another kind is there: nobody means to lose it. */
function removeDeadSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error('another file is there; remove it, or choose another --control');
  unlinkSync(path);
}

function advice(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM')
    return `no right to write there (${code}); choose another --control`;
  if (code === 'EINVAL' || code === 'ENAMETOOLONG')
    return 'the path is too long for a unix socket; choose a shorter --control';
  return message;
}
