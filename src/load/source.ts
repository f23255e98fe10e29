/** One initiator: an engine on its own pair of sockets, for as many IKE SAs as it has slots. */
import { randomBytes } from 'node:crypto';
import type { Crypto } from '../crypto/provider.ts';
import type { Action, Answer, Ask, Command, EngineEvent, Input, Millis } from '../ike/actions.ts';
import { IkeEngine } from '../ike/engine.ts';
import type { PrivateKeys } from '../ike/private-keys.ts';
import type { Policy } from '../policy/policy.ts';
import type { SourceSockets } from './sockets.ts';
import type { Tally } from './tally.ts';

export interface SourceOptions {
  readonly sockets: SourceSockets;
  /** A connection for each slot. */
  readonly policy: Policy;
  readonly crypto: Crypto;
  readonly privateKeys: PrivateKeys;
  readonly tally: Tally;
  /** What the engine tells, but messages and keys. */
  readonly event: (event: EngineEvent) => void;
}

/** Random octets drawn ahead: a call for each few of them costs more than they do. */
const reserve = 4096;

export class Source {
  readonly #sockets: SourceSockets;
  readonly #engine: IkeEngine;
  readonly #privateKeys: PrivateKeys;
  readonly #event: (event: EngineEvent) => void;
  readonly #inputs: Input[] = [];
  #tally: Tally;
  #turning = false;
  #closed = false;
  #alarm: { readonly at: Millis; readonly timer: NodeJS.Timeout } | undefined;

  constructor({ sockets, policy, crypto, privateKeys, tally, event }: SourceOptions) {
    this.#sockets = sockets;
    this.#privateKeys = privateKeys;
    this.#event = event;
    this.#tally = tally;
    this.#engine = new IkeEngine({
      now: now(),
      unixTime: Date.now() / 1000,
      policy,
      crypto,
      random,
      ports: sockets.ports,
      messages: false,
    });
    const paths = { ike: sockets.path('ike'), nat: sockets.path('nat') };
    sockets.receive((socket, octets) => this.#feed({ type: 'datagram', ...paths[socket], octets }));
  }

  command(command: Command): void {
    this.#feed({ type: 'command', command });
  }

  countIn(tally: Tally): void {
    this.#tally = tally;
    this.#sockets.countIn(tally);
  }

  /** Closes the sockets; the target is told nothing. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#alarm?.timer);
    await this.#sockets.close();
  }

  #feed(input: Input): void {
    this.#inputs.push(input);
    if (this.#turning || this.#closed) return;
    this.#turning = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      // Nothing else is sent again by a timer: liveness checks and keepalives are off.
      const isWake = next.type === 'wake';
      for (const action of this.#engine.handle(now(), next)) this.#perform(action, isWake);
    }
    this.#turning = false;
    this.#setAlarm();
  }

  #perform(action: Action, isWake: boolean): void {
    switch (action.type) {
      case 'transmit':
        if (isWake) this.#tally.retransmits++;
        return this.#sockets.send(action.socket, action.octets);
      case 'event':
        return this.#event(action.event);
      case 'ask':
        return this.#feed({ type: 'answer', id: action.id, answer: this.#answer(action.ask) });
      case 'kernel':
        // There is no data plane: SAs are negotiated, not used.
        return;
    }
  }

  #answer(ask: Ask): Answer {
    switch (ask.kind) {
      case 'install':
        return { ok: true };
      case 'lastUse':
        return { ok: true, lastUse: now() };
      default:
        return this.#privateKeys.answer(ask) ?? { ok: false, errno: 'ENOSYS' };
    }
  }

  /** An alarm that is early is set again; one for each of thousands of timers would cost more. */
  #setAlarm(): void {
    const at = this.#engine.wakeAt;
    if (at === undefined || this.#closed || (this.#alarm && this.#alarm.at <= at)) return;
    clearTimeout(this.#alarm?.timer);
    const wake = (): void => {
      this.#alarm = undefined;
      this.#feed({ type: 'wake' });
    };
    this.#alarm = { at, timer: setTimeout(wake, Math.max(0, at - now())) };
  }
}

const now = (): Millis => Math.floor(performance.now());

let drawn = new Uint8Array(0);

export function random(length: number): Uint8Array {
  if (length > drawn.length) drawn = new Uint8Array(randomBytes(Math.max(length, reserve)));
  const octets = drawn.slice(0, length);
  drawn.fill(0, 0, length);
  drawn = drawn.subarray(length);
  return octets;
}
