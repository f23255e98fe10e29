/**
 * Whole handshakes, IKE_SA_INIT and IKE_AUTH with one child, both ends in one thread through the engine, no sockets:
 * a JSON line for each suite and provider, with the median of the rounds. An argument narrows to the suites whose name holds it.
 */
import { randomBytes } from 'node:crypto';
import { type Crypto, nobleCrypto, nodeCrypto } from '../src/crypto/index.ts';
import type { Action, Input, Path } from '../src/ike/actions.ts';
import { IkeEngine } from '../src/ike/engine.ts';
import type { Policy } from '../src/policy/policy.ts';
import { connection } from '../src/testing/connection.ts';

const suites = [
  ['aes128gcm16-prfsha256-x25519', 'aes128gcm16'],
  ['aes128gcm16-prfsha256-ecp256', 'aes128gcm16'],
  ['aes256gcm16-prfsha384-ecp384', 'aes256gcm16'],
  ['chacha20poly1305-prfsha256-x25519', 'chacha20poly1305'],
  ['aes128-sha256-modp2048', 'aes128-sha256'],
] as const;
const rounds = 7;
const roundMillis = 300;
const [only = ''] = process.argv.slice(2);

const [initiator, responder] = ['192.0.2.1', '192.0.2.2'] as const;

const policy = (address: string, peer: string, ike: string, esp: string): Policy =>
  connection({ name: 'bench', address, ike, esp, peer: { address: peer } });

/** Performs the actions of one end until both are quiet; asks are granted, kernel commands believed. */
function settle(ends: ReadonlyMap<string, IkeEngine>, at: string, first: Input): void {
  const queue: { at: string; input: Input }[] = [{ at, input: first }];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const action of ends.get(next.at)?.handle(0, next.input) ?? []) {
      const follow = inputOf(action, next.at);
      if (follow) queue.push(follow);
    }
  }
}

function inputOf(action: Action, at: string): { at: string; input: Input } | undefined {
  if (action.type === 'ask') return { at, input: { type: 'answer', id: action.id, answer: { ok: true } } };
  if (action.type !== 'transmit') return undefined;
  const path: Path = { socket: action.socket, local: action.remote, remote: action.local };
  return { at: action.remote.address, input: { type: 'datagram', ...path, octets: action.octets } };
}

function handshake(crypto: Crypto, ike: string, esp: string, answering: IkeEngine): void {
  const starting = engine(crypto, policy(initiator, responder, ike, esp));
  const ends = new Map([
    [initiator as string, starting],
    [responder as string, answering],
  ]);
  settle(ends, initiator, { type: 'command', command: { kind: 'up', name: 'bench' } });
  if (starting.status().ikeSas[0]?.children.length !== 1) throw new Error(`${ike}: no child`);
}

function engine(crypto: Crypto, of: Policy): IkeEngine {
  const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
  return new IkeEngine({ now: 0, unixTime: 0, policy: of, crypto, random, messages: false });
}

function microsecondsEach(crypto: Crypto, ike: string, esp: string): number {
  const answering = engine(crypto, policy(responder, initiator, ike, esp));
  const started = performance.now();
  let done = 0;
  while (performance.now() - started < roundMillis) {
    handshake(crypto, ike, esp, answering);
    done++;
  }
  return ((performance.now() - started) * 1000) / done;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

for (const [name, esp] of suites.filter(([ike]) => ike.includes(only))) {
  const us: Record<string, number> = {};
  for (const crypto of [nodeCrypto, nobleCrypto]) {
    microsecondsEach(crypto, name, esp);
    us[crypto.name] = Math.round(
      median(Array.from({ length: rounds }, () => microsecondsEach(crypto, name, esp))),
    );
  }
  process.stdout.write(`${JSON.stringify({ bench: 'handshake', name, us })}\n`);
}
