/** A real engine against a recorded peer: what the engine would draw and agree on is what was recorded. */
import type { Crypto, KeyExchange, Random } from '../../src/crypto/index.ts';
import type { Action, Answer, Ask, Command, EngineEvent, Input, Path } from '../../src/ike/actions.ts';
import { IkeEngine } from '../../src/ike/engine.ts';
import type { KernelCommand } from '../../src/kernel/port.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { addMarker, stripMarker, toHex } from '../../src/wire/index.ts';

/** One end of a recorded key exchange: what it sent, and what came of the peer's value. */
export interface Agreed {
  readonly group: number;
  readonly value: Uint8Array;
  /** Absent when the peer refused the group. */
  readonly outcome?: { readonly peer: Uint8Array; readonly shared: Uint8Array };
}

/** The provider, but its key exchanges are the recorded ones, and refuse any value but the recorded peer's. */
export function agreeing(crypto: Crypto, recorded: readonly Agreed[]): Crypto {
  const groups = new Set(recorded.map(({ group }) => group));
  const keyExchanges = new Map(
    [...groups].map((group) => [group, keyExchange(recorded.filter((each) => each.group === group))]),
  );
  return { ...crypto, keyExchanges };
}

/** All of one group: whose peer it is tells which of them it is. */
function keyExchange(recorded: readonly Agreed[]): KeyExchange {
  const { group, value } = recorded[0] ?? { group: 0, value: new Uint8Array() };
  const agreedWith = (peer: Uint8Array) => {
    const found = recorded.find(({ outcome }) => outcome && toHex(peer) === toHex(outcome.peer));
    if (found?.outcome === undefined) throw new Error('another public value');
    return { value: found.value.slice(), secret: found.outcome.shared.slice() };
  };
  const derive = (peer: Uint8Array): Uint8Array => agreedWith(peer).secret;
  return {
    id: group,
    name: `recorded ${group}`,
    initiatorLength: value.length,
    responderLength: value.length,
    generate: () => ({ publicValue: value.slice(), derive, destroy: () => {} }),
    respond: (_random, peer) => agreedWith(peer),
  };
}

/** Each draw takes the first of `recorded` that has its length; what nobody recorded is counted up. */
export function drawing(recorded: readonly Uint8Array[]): Random {
  const left = [...recorded];
  let count = 0;
  return (length) => {
    const at = left.findIndex((octets) => octets.length === length);
    const [found] = at < 0 ? [] : left.splice(at, 1);
    return found?.slice() ?? new Uint8Array(length).fill(++count);
  };
}

export interface Sent {
  readonly path: Path;
  /** Without the marker. */
  readonly octets: Uint8Array;
}

export interface StageOptions {
  readonly policy: Policy;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly keyLog?: boolean;
  /** Seconds of the wall clock; 0 unless given. */
  readonly unixTime?: number;
  /** To what is asked; yes unless given. */
  readonly answer?: (ask: Ask) => Answer;
}

/** Feeds an engine, says yes to what it asks, and keeps what it does. */
export class Stage {
  readonly engine: IkeEngine;
  readonly sent: Sent[] = [];
  readonly events: EngineEvent[] = [];
  readonly commands: KernelCommand[] = [];
  now = 0;

  readonly #answer: (ask: Ask) => Answer;

  constructor(options: StageOptions) {
    const { answer = () => ({ ok: true }), ...others } = options;
    this.#answer = answer;
    this.engine = new IkeEngine({ now: 0, unixTime: 0, ...others });
  }

  command(command: Command): void {
    this.#handle({ type: 'command', command });
  }

  /** A message without marker. */
  receive(octets: Uint8Array, path: Path): void {
    const datagram = path.socket === 'nat' ? addMarker(octets) : octets;
    this.#handle({ type: 'datagram', ...path, octets: datagram });
  }

  /** The answer to what was sent last, from where that went. */
  answer(octets: Uint8Array): void {
    const last = this.sent.at(-1);
    if (last === undefined) throw new Error('nothing was sent');
    this.receive(octets, last.path);
  }

  /** Lets time pass, in silence, from timer to timer until none is left. */
  runOut(): void {
    for (let at = this.engine.wakeAt; at !== undefined; at = this.engine.wakeAt) {
      this.now = at;
      this.#handle({ type: 'wake' });
    }
  }

  event<K extends EngineEvent['kind']>(kind: K): Extract<EngineEvent, { kind: K }> | undefined {
    return this.events.find((event): event is Extract<EngineEvent, { kind: K }> => event.kind === kind);
  }

  #handle(input: Input): void {
    for (const action of this.engine.handle(this.now, input)) this.#perform(action);
  }

  #perform(action: Action): void {
    switch (action.type) {
      case 'transmit': {
        const { socket, local, remote } = action;
        const octets = socket === 'nat' ? stripMarker(action.octets) : action.octets;
        if (octets === undefined) throw new Error('sent on the NAT socket without a marker');
        this.sent.push({ path: { socket, local, remote }, octets });
        return;
      }
      case 'kernel':
        this.commands.push(action.command);
        return;
      case 'event':
        if (action.event.kind === 'bug') throw new Error(action.event.stack);
        this.events.push(action.event);
        return;
      case 'ask':
        if (action.ask.kind === 'install') this.commands.push(action.ask.command);
        this.#handle({ type: 'answer', id: action.id, answer: this.#answer(action.ask) });
    }
  }
}
