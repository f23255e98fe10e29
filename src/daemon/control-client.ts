/** Speaks to a running daemon over its control socket. Protocol: docs/control.md. */
import { connect, type Socket } from 'node:net';
import {
  type ControlAnswer,
  ControlError,
  type ControlErrorCode,
  type ControlLine,
  type ControlRequest,
} from './control-protocol.ts';

interface Waiting {
  readonly line: (line: ControlLine) => void;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: ControlError) => void;
}

export class ControlClient {
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #unread = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#read(text));
    socket.on('error', () => socket.destroy());
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#lost();
        resolve();
      });
    });
  }

  /** Throws ControlError NO_DAEMON or NO_RIGHT, saying what to do. */
  static connect(path: string): Promise<ControlClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once('connect', () => {
        socket.off('error', refused);
        resolve(new ControlClient(socket));
      });
      const refused = (error: NodeJS.ErrnoException): void => reject(unreachable(path, error.code ?? ''));
      socket.once('error', refused);
    });
  }

  /** The result. `line` hears progress meanwhile. Throws the daemon's ControlError, or CONNECTION_LOST. */
  request<Result = unknown>(
    request: ControlRequest,
    line: (line: ControlLine) => void = () => {},
  ): Promise<Result> {
    const id = ++this.#lastId;
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.set(id, { line, resolve: (result) => resolve(result as Result), reject });
      this.#socket.write(`${JSON.stringify({ id, ...request })}\n`);
      if (this.#socket.destroyed) this.#lost();
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    const lines = (this.#unread + text).split('\n');
    this.#unread = lines.pop() ?? '';
    for (const line of lines) if (line !== '') this.#take(JSON.parse(line) as ControlAnswer);
  }

  #take(answer: ControlAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    if (answer.type === 'line') {
      waiting?.line(answer);
      return;
    }
    this.#waiting.delete(answer.id);
    if (answer.type === 'done') waiting?.resolve(answer.result);
    else waiting?.reject(new ControlError(answer.code, answer.text));
  }

  #lost(): void {
    const error = new ControlError('CONNECTION_LOST', 'the daemon closed the control connection');
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function unreachable(path: string, errno: string): ControlError {
  const [code, text]: [ControlErrorCode, string] =
    errno === 'EACCES' || errno === 'EPERM'
      ? [
          'NO_RIGHT',
          `no right to speak with the daemon at ${path}: run this as the daemon's user, or as root`,
        ]
      : [
          'NO_DAEMON',
          `no daemon answers at ${path} (${errno}): start one with 'ikev2 daemon', or name its socket with --control`,
        ];
  return new ControlError(code, text);
}
