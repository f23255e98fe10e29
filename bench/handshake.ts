/**
 * Whole handshakes, IKE_SA_INIT and IKE_AUTH with one child, both ends in one thread through the engine, no sockets:
 * a JSON line for each suite and provider, with the median of the rounds. An argument narrows to the suites whose name holds it.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  type Crypto,
  nobleCrypto,
  noblePrivateKey,
  nodeCrypto,
  nodePrivateKey,
} from '../src/crypto/index.ts';
import type { Action, Input, Path } from '../src/ike/actions.ts';
import { IkeEngine } from '../src/ike/engine.ts';
import { PrivateKeys } from '../src/ike/private-keys.ts';
import type { Policy } from '../src/policy/policy.ts';
import { type Certified, certified } from '../src/testing/certified.ts';
import { connection } from '../src/testing/connection.ts';

const fast = ['aes128gcm16-prfsha256-x25519', 'aes128gcm16'] as const;
const suites = [
  fast,
  ['aes128gcm16-prfsha256-ecp256', 'aes128gcm16'],
  ['aes256gcm16-prfsha384-ecp384', 'aes256gcm16'],
  ['chacha20poly1305-prfsha256-x25519', 'chacha20poly1305'],
  ['aes128-sha256-modp2048', 'aes128-sha256'],
] as const;
const rounds = 7;
const roundMillis = 300;
const [only = ''] = process.argv.slice(2);

const [initiator, responder] = ['192.0.2.1', '192.0.2.2'] as const;

/** Both ends have the same certificate; its issuer is the anchor. noble has no RSA. */
const certificates = [
  { name: 'ECDSA P-256', end: 'deep', issuer: 'middle', providers: ['node', 'noble'] },
  { name: 'RSA 2048', end: 'east', issuer: 'ca', providers: ['node'] },
] as const;

const pem = (name: string): string => readFileSync(`vectors/certificates/${name}.pem`, 'latin1');

function proofOf({ end, issuer }: (typeof certificates)[number], crypto: Crypto): Certified {
  const privateKey = crypto === nodeCrypto ? nodePrivateKey : noblePrivateKey;
  return certified({
    pem: [pem(end), pem(`${end}.key`)],
    authorities: [pem(issuer)],
    rsa: { privateKey, crypto },
  });
}

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

/** What both ends of a handshake have in common. */
interface Setting {
  readonly ike: string;
  readonly esp: string;
  readonly proof?: Certified & { readonly identity: string };
}

const policy = (address: string, peer: string, setting: Setting): Policy => {
  const { proof, ...suite } = setting;
  return connection({ name: 'bench', address, ...suite, ...proof, peer: { address: peer, ...proof } });
};

/** Performs the actions of one end until both are quiet; installs are granted, signatures made, kernel commands believed. */
function settle(ends: ReadonlyMap<string, IkeEngine>, at: string, first: Input, keys: PrivateKeys): void {
  const queue: { at: string; input: Input }[] = [{ at, input: first }];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const action of ends.get(next.at)?.handle(0, next.input) ?? []) {
      const follow = inputOf(action, next.at, keys);
      if (follow) queue.push(follow);
    }
  }
}

function inputOf(action: Action, at: string, keys: PrivateKeys): { at: string; input: Input } | undefined {
  if (action.type === 'ask') {
    const { id, ask } = action;
    const answer = ask.kind === 'sign' ? keys.answer(ask) : undefined;
    return { at, input: { type: 'answer', id, answer: answer ?? { ok: true } } };
  }
  if (action.type !== 'transmit') return undefined;
  const path: Path = { socket: action.socket, local: action.remote, remote: action.local };
  return { at: action.remote.address, input: { type: 'datagram', ...path, octets: action.octets } };
}

function handshake(crypto: Crypto, setting: Setting, answering: IkeEngine, keys: PrivateKeys): void {
  const starting = engine(crypto, policy(initiator, responder, setting));
  const ends = new Map([
    [initiator as string, starting],
    [responder as string, answering],
  ]);
  settle(ends, initiator, { type: 'command', command: { kind: 'up', name: 'bench' } }, keys);
  if (starting.status().ikeSas[0]?.children.length !== 1) throw new Error(`${setting.ike}: no child`);
}

/** Seconds since 1970 at which the certificates are valid. */
const unixTime = 1_700_000_000;

const engine = (crypto: Crypto, of: Policy): IkeEngine =>
  new IkeEngine({ now: 0, unixTime, policy: of, crypto, random, messages: false });

function microsecondsEach(crypto: Crypto, setting: Setting): number {
  const answering = engine(crypto, policy(responder, initiator, setting));
  const keys = new PrivateKeys(setting.proof?.privateKeys ?? [], crypto, random);
  const started = performance.now();
  let done = 0;
  while (performance.now() - started < roundMillis) {
    handshake(crypto, setting, answering, keys);
    done++;
  }
  return ((performance.now() - started) * 1000) / done;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function measure(name: string, providers: readonly Crypto[], settingFor: (crypto: Crypto) => Setting): void {
  if (!name.includes(only)) return;
  const us: Record<string, number> = {};
  for (const crypto of providers) {
    const setting = settingFor(crypto);
    microsecondsEach(crypto, setting);
    us[crypto.name] = Math.round(
      median(Array.from({ length: rounds }, () => microsecondsEach(crypto, setting))),
    );
  }
  process.stdout.write(`${JSON.stringify({ bench: 'handshake', name, us })}\n`);
}

const both = [nodeCrypto, nobleCrypto];
for (const [ike, esp] of suites) measure(ike, both, () => ({ ike, esp }));
for (const each of certificates) {
  const [ike, esp] = fast;
  const providers = both.filter(({ name }) => each.providers.some((provider) => provider === name));
  const proofFor = (crypto: Crypto) => ({ ...proofOf(each, crypto), identity: `@${each.end}.test` });
  measure(`${ike}, certificates ${each.name}`, providers, (crypto) => ({
    ike,
    esp,
    proof: proofFor(crypto),
  }));
}
