/** Deletions, none of which is lost: what the kernel had no room to hear of is said again. */
import type { XfrmError } from './errors.ts';
import type { XfrmMessage } from './messages.ts';
import type { XfrmSocket } from './socket.ts';

/** The request or its answer had no room. */
const noRoom: ReadonlySet<string> = new Set(['ENOBUFS', 'ENOMEM', 'ENODATA', 'EAGAIN', 'EINTR']);
const mostTries = 3;

export class Deletions {
  readonly #socket: XfrmSocket;
  #owed: readonly XfrmMessage[] = [];

  constructor(socket: XfrmSocket) {
    this.#socket = socket;
  }

  /** What is to be said again. */
  get owed(): readonly XfrmMessage[] {
    return this.#owed;
  }

  /**
   * In order, with what takes the place of the deleted among them. What is not there is as good as deleted. Throws
   * XfrmError when the kernel refuses one for any other reason than room.
   */
  do(messages: readonly XfrmMessage[]): void {
    let left = messages;
    let refused: XfrmError | undefined;
    for (let tries = 0; tries < mostTries && left.length > 0; tries++) {
      const outcomes = this.#socket.doAll(left);
      refused ??= outcomes.find((each) => each && !isGone(each) && !noRoom.has(each.errno));
      left = left.filter((_, i) => noRoom.has(outcomes[i]?.errno ?? ''));
    }
    this.#owed = [...this.#owed, ...left];
    if (refused) throw refused;
  }

  /** Of what may be there: whether the kernel made it, its answer would have told. */
  owe(error: XfrmError, message: XfrmMessage): void {
    if (noRoom.has(error.errno)) this.#owed = [...this.#owed, message];
  }

  retry(): void {
    if (this.#owed.length === 0) return;
    const owed = this.#owed;
    this.#owed = [];
    this.do(owed);
  }
}

const isGone = ({ errno }: XfrmError): boolean => errno === 'ESRCH' || errno === 'ENOENT';
