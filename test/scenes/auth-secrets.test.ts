/**
 * No private key, shared key, password or key of a method is in an event, a log line at any level, the status, or a recording
 * without secrets; and a key of a method is zero once it is used, or its SA is dead.
 */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { defaultCrypto, type Secret } from '../../src/crypto/index.ts';
import { logEvent, makeLog } from '../../src/daemon/log.ts';
import { connectionStatus } from '../../src/daemon/status.ts';
import type { Answer, Question } from '../../src/ike/actions.ts';
import { record, recordedLines } from '../../src/ike/recording.ts';
import {
  type Host,
  type HostOptions,
  on,
  type Pair,
  type PairOptions,
  pair,
  tampered,
} from '../../src/testing/index.ts';
import { fromHex, toHex } from '../../src/wire/hex.ts';
import { ExchangeType } from '../../src/wire/numbers.ts';
import { keyFrom } from '../pki/issue.ts';
import { eapEnds, eapOnly, methodsOf } from './auth-eap-ends.ts';
import { nobodys, psk, signing } from './auth-ends.ts';
import { bearer, east, west } from './auth-pki.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const sharedKey = 'correct horse battery staple';
const password = 'Through the looking-glass!';
const passwords = { alice: password, bob: 'The hunting of the snark' };

/** The numbers of a private key of `vectors/certificates` that nobody else knows. */
function numbersOf(name: string): Uint8Array[] {
  const pem = readFileSync(new URL(`../../vectors/certificates/${name}.key.pem`, import.meta.url));
  const { d = '', p = '', q = '' } = createPrivateKey(pem).export({ format: 'jwk' });
  return [d, p, q]
    .filter((each) => each !== '')
    .map((each) => new Uint8Array(Buffer.from(each, 'base64url')));
}

/** The beginning of a secret, in each spelling somebody may print it in. */
function spellings(secret: Uint8Array): string[] {
  const begin = Buffer.from(secret.subarray(0, 12));
  return [
    begin.toString('hex'),
    begin.toString('base64').slice(0, 16),
    begin.toString('base64url'),
    [...begin].join(','),
    begin.toString('latin1'),
    Buffer.from(begin.toString('latin1'), 'utf16le').toString('hex'),
  ]
    .map((each) => each.replace(/\s/g, '').toLowerCase())
    .filter(({ length }) => length >= 8);
}

function expectHidden(text: string, secrets: readonly Uint8Array[]): void {
  const plain = text.replace(/\s|"\d+":/g, '').toLowerCase();
  for (const spelling of secrets.flatMap(spellings)) expect(plain.includes(spelling)).toBe(false);
}

const printed = (value: unknown): string =>
  [
    inspect(value, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null }),
    JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? `${each}` : each)),
  ].join('\n');

/** Keeps what the methods made, and the keys as they were. */
function watched(answer: (question: Question) => Answer | undefined) {
  const kept: { readonly secret: Secret; readonly octets: Uint8Array }[] = [];
  return {
    kept,
    answer: (question: Question) => {
      const made = answer(question);
      const outcome = made?.ok ? made.eap?.outcome : undefined;
      if (outcome?.ok && outcome.msk) kept.push({ secret: outcome.msk, octets: outcome.msk.octets.slice() });
      return made;
    },
  };
}

/** All that a host lets anybody see. */
function seen({ events, ikeSas }: Host, policy: Pair['policies']['initiator']): string {
  const lines: string[] = [];
  for (const level of ['trace', 'info'] as const)
    for (const format of ['text', 'json'] as const) {
      const log = makeLog({ level, format, write: (line) => lines.push(line) });
      for (const event of events) logEvent(log, event);
    }
  const status = policy.pad.map((entry) => connectionStatus(entry, ikeSas));
  return [printed(events), ...lines, printed(ikeSas), printed(status)].join('\n');
}

/** The run again, recorded without secrets. */
function withheld({ recording }: Host): string {
  let drawn: string[] = [];
  const lines: string[] = [];
  let engine: ReturnType<typeof record> | undefined;
  const random = (length: number): Uint8Array => {
    const octets = fromHex(drawn.shift() ?? '');
    expect(octets).toHaveLength(length);
    return octets;
  };
  for (const line of recordedLines(recording)) {
    drawn = [...(line.drawn ?? [])];
    if (line.start !== undefined)
      engine = record({ ...line.start, crypto: defaultCrypto, random }, (text) => lines.push(text), {
        secrets: false,
      });
    else if (line.input !== undefined) engine?.handle(line.now, line.input);
  }
  return lines.join('\n');
}

const psks = (key: string): PairOptions => ({ psk: key });
const spoil = (both: Pair): void => {
  both.network.fate(
    on(
      { exchange: ExchangeType.IKE_AUTH, response: true },
      tampered(both.network.keys, ({ payloads }) =>
        payloads.map((each) =>
          each.kind === 'auth' ? { ...each, data: each.data.map((octet) => octet ^ 1) } : each,
        ),
      ),
    ),
  );
};

type Run = readonly [name: string, options: () => PairOptions, more?: (both: Pair) => void];
const answering = (known: Record<string, string>): HostOptions['answer'] => methodsOf(known);
const eapAnswers = (known: Record<string, string> = { alice: password }) => ({
  initiator: { answer: answering(known) as never },
  responder: { answer: answering(passwords) as never },
});

const runs: readonly Run[] = [
  ['a shared key', () => psks(sharedKey)],
  [
    'shared keys that differ',
    () => ({ initiator: psks(sharedKey), responder: psks('The hunting of the snark') }),
  ],
  ['signatures by RSA and P-256', () => ({ initiator: signing('east'), responder: signing('west') })],
  ['signatures by Ed448 and P-521', () => ({ initiator: signing('ed448'), responder: signing('p521') })],
  ['signatures that fail', () => ({ initiator: signing('p384'), responder: signing('brainpool') }), spoil],
  ['certificates by Ed25519', () => ({ initiator: bearer(east), responder: bearer(west) })],
  [
    'a shared key and a signature',
    () => ({
      psk: sharedKey,
      initiator: signing('east', { auth: { local: [psk] } }),
      responder: signing('west', { auth: { remote: [psk] } }),
    }),
  ],
  ['NULL', () => ({ identity: '%null', auth: { local: [nobodys], remote: [nobodys] } })],
  ['MSCHAPv2', () => eapEnds(eapAnswers())],
  ['MSCHAPv2 alone', () => eapOnly(eapAnswers())],
  ['MSCHAPv2 with another password', () => eapEnds(eapAnswers({ alice: 'The hunting of the snark' }))],
  ['MSCHAPv2, AUTH that fails', () => eapEnds(eapAnswers()), spoil],
  ['MD5', () => eapEnds({ methods: ['md5'], ...eapAnswers() })],
];

const fixed: readonly Uint8Array[] = [
  utf8(sharedKey),
  ...Object.values(passwords).map(utf8),
  ...['east', 'west', 'p384', 'p521', 'ed448'].flatMap(numbersOf),
  ...[11, 12].map((seed) => new Uint8Array(32).fill(seed)),
];

/** Runs it, up and down again, and looks at all that it tells of. */
function hides(given: PairOptions, more: Run[2]): void {
  const keys: Uint8Array[] = [];
  const both = pair({
    ...given,
    record: true,
    ...Object.fromEntries(
      (['initiator', 'responder'] as const).map((end) => {
        const { answer, ...rest } = given[end] ?? {};
        if (answer === undefined) return [end, rest];
        const watching = (question: Question) => {
          const made = answer(question);
          const outcome = made && 'ok' in made && made.ok ? made.eap?.outcome : undefined;
          if (outcome?.ok && outcome.msk) keys.push(outcome.msk.octets.slice());
          return made;
        };
        return [end, { ...rest, answer: watching }];
      }),
    ),
  });
  more?.(both);
  const texts: string[] = [];
  both.up();
  texts.push(seen(both.initiator, both.policies.initiator), seen(both.responder, both.policies.responder));
  both.initiator.down('pair');
  expect(both.network.run()).toBe(true);
  texts.push(seen(both.initiator, both.policies.initiator), seen(both.responder, both.policies.responder));
  for (const host of [both.initiator, both.responder]) {
    expect(host.events.length).toBeGreaterThan(2);
    texts.push(withheld(host));
  }
  for (const text of texts) expectHidden(text, [...fixed, ...keys]);
}

describe('nothing secret is told of', () => {
  for (const [name, options, more] of runs) it(name, () => hides(options(), more));

  it('and the test sees what is', () => {
    const secret = utf8(password);
    const prints = [
      toHex(secret),
      Buffer.from(secret).toString('base64'),
      password,
      printed({ deep: [{ secret }] }),
      printed(Buffer.from(secret)),
      `log: ${password.toUpperCase()}`,
    ];
    for (const text of prints) expect(() => expectHidden(text, [secret])).toThrow();
    expect(numbersOf('east')).toHaveLength(3);
    expect(numbersOf('ed448')).toHaveLength(1);
    expect(toHex(keyFrom(11).spki)).not.toContain(toHex(new Uint8Array(32).fill(11)));
  });

  it('a recording with secrets does hold the shared key, for it runs again', () => {
    const both = pair({ ...psks(sharedKey), record: true }).up();
    expect(() => expectHidden(both.initiator.recording.join('\n'), [utf8(sharedKey)])).toThrow();
  });
});

describe('the key of a method is zero', () => {
  const run = () => {
    const ours = watched(methodsOf({ alice: password }));
    const theirs = watched(methodsOf(passwords));
    const both = pair(eapEnds({ initiator: { answer: ours.answer }, responder: { answer: theirs.answer } }));
    return { both, kept: () => [...ours.kept, ...theirs.kept] };
  };
  const expectZero = (kept: ReturnType<typeof watched>['kept'], count: number): void => {
    expect(kept).toHaveLength(count);
    for (const { secret, octets } of kept) {
      expect(octets.some((octet) => octet !== 0)).toBe(true);
      expect(secret.octets.every((octet) => octet === 0)).toBe(true);
    }
  };

  it('once both AUTHs are made with it', () => {
    const { both, kept } = run();
    both.up();
    expect(both.initiator.established).toHaveLength(1);
    expectZero(kept(), 2);
  });

  it('when an AUTH does not hold', () => {
    const { both, kept } = run();
    spoil(both);
    both.up();
    both.network.run();
    expect(both.initiator.established).toEqual([]);
    expectZero(kept(), kept().length);
  });

  it('when the peer never sends its AUTH', () => {
    const { both, kept } = run();
    const messages = pair(eapEnds()).up().network.flights.length;
    both.network.fate(({ number }) => (number > messages - 2 ? [] : undefined));
    both.initiator.up('pair');
    expect(both.network.run()).toBe(true);
    expect(both.responder.leftovers).toEqual([]);
    expectZero(kept(), 2);
  });

  it('when the host shuts down between', () => {
    const { both, kept } = run();
    const messages = pair(eapEnds()).up().network.flights.length;
    both.network.fate(({ number }) => (number > messages - 2 ? [] : undefined));
    both.initiator.up('pair');
    both.network.advance(300);
    both.initiator.command({ kind: 'shutdown' });
    both.responder.command({ kind: 'shutdown' });
    both.network.advance(120_000);
    expectZero(kept(), 2);
  });
});
