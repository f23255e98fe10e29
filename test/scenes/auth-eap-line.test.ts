/**
 * EAP over a bad line, and with a back end that takes its time.
 *
 *   initiator                                  responder
 *   IKE_AUTH 2 { EAP }                          -> X
 *   IKE_AUTH 2 { EAP }, once more               ->
 *                                                  ask('eap')
 *   IKE_AUTH 2 { EAP }, once more               ->   dropped: we wait
 *                                              <-  { EAP }: one answer, remembered
 */
import { describe, expect, it } from 'vitest';
import type { Answer, Question } from '../../src/ike/actions.ts';
import {
  copy,
  delay,
  drop,
  type Fate,
  lossy,
  on,
  type Pair,
  pair,
  reorder,
} from '../../src/testing/index.ts';
import { encodeMessage } from '../../src/wire/message.ts';
import { ExchangeType, NotifyType, ProtocolId } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';
import { eapEnds, methodsOf, passwords } from './auth-eap-ends.ts';
import { reasonAt } from './auth-ends.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

const messages = pair(eapEnds()).up().network.flights.length;
const every = Array.from({ length: messages }, (_, at) => at + 1);

const fates: readonly (readonly [name: string, fate: Fate])[] = [
  ['lost', drop],
  ['doubled', copy()],
  ['tripled, long after', copy(2, 700)],
  ['late', delay(1200)],
  ['behind the next', reorder()],
];

function comesUp(both: Pair): void {
  both.initiator.up('pair');
  both.network.until(() => both.initiator.established.length > 0 && both.responder.established.length > 0);
  both.network.settle();
  expectUp(both);
  both.initiator.down('pair');
  expectNothing(both);
}

/** How often each EAP message reached the method. */
function counted(answer: (question: Question) => Answer | undefined) {
  const asked: string[] = [];
  return {
    asked,
    answer: (question: Question) => {
      if (question.kind === 'eap') asked.push(`${question.packet?.code} ${question.packet?.identifier}`);
      return answer(question);
    },
  };
}

describe.each(fates)('a message is %s', (_name, fate) => {
  it.each(every)('message %i', (nth) => {
    const ours = counted(methodsOf({ alice: 'wonderland' }));
    const theirs = counted(methodsOf(passwords));
    const both = pair(eapEnds({ initiator: { answer: ours.answer }, responder: { answer: theirs.answer } }));
    both.network.fate((flight) => (flight.number === nth ? fate(flight) : undefined));
    comesUp(both);
    // No method hears a message twice.
    for (const { asked } of [ours, theirs]) expect(new Set(asked).size).toBe(asked.length);
  });
});

it.each(Array.from({ length: 20 }, (_, at) => at))(
  'a line that loses, copies and delays a third, seed %i',
  (seed) => {
    const both = pair({ ...eapEnds(), seed });
    both.network.fate(
      lossy(both.network.seeded.fork('line'), { drop: 0.2, copy: 0.2, delay: 0.3, latest: 900 }),
    );
    both.initiator.up('pair');
    both.network.until(() => both.initiator.established.length > 0 && both.responder.established.length > 0);
    expect(both.initiator.established).toHaveLength(1);
    both.network.advance(5000);
    expect(both.responder.established).toHaveLength(1);
  },
);

/** Answers as `answer` does, the nth EAP question late. */
function slow(
  answer: (question: Question) => Answer | undefined,
  nth: number,
  after: number | 'never',
): (question: Question) => Answer | { after: number | 'never'; answer: Answer } | undefined {
  let seen = 0;
  return (question) => {
    const made = answer(question);
    if (made === undefined || question.kind !== 'eap' || ++seen !== nth) return made;
    return { after, answer: made };
  };
}

describe('the back end takes its time', () => {
  const turns = [1, 2, 3];

  it.each(turns)('turn %i of the responder: retransmissions are passed over, one answer goes out', (nth) => {
    const both = pair(eapEnds({ responder: { answer: slow(methodsOf(passwords), nth, 3000) } }));
    both.up();
    expectUp(both);
    expect(both.responder.told('drop').map(({ reason }) => reason)).toContain('waiting');
    const answers = both.network.flights.filter(({ source }) => source.address === '10.0.0.2').length;
    expect(answers).toBe(messages / 2);
  });

  it.each(turns)('turn %i of the initiator: a second response meanwhile is passed over', (nth) => {
    const both = pair(
      eapEnds({ initiator: { answer: slow(methodsOf({ alice: 'wonderland' }), nth, 3000) } }),
    );
    both.network.fate(on({ from: '10.0.0.2', exchange: ExchangeType.IKE_AUTH }, copy(1, 500)));
    both.up();
    both.network.settle();
    expectUp(both);
  });

  it.each(turns)('turn %i of the responder never comes: it fails after ten seconds', (nth) => {
    const both = pair(eapEnds({ responder: { answer: slow(methodsOf(passwords), nth, 'never') } }));
    both.initiator.up('pair');
    both.network.advance(12_000);
    expect(reasonAt(both.responder)).toMatchObject({ code: 'AUTHENTICATION_FAILED' });
    expect(reasonAt(both.responder).text).toMatch(/EAP: ETIMEDOUT/);
    expect(reasonAt(both.initiator).notify).toBe(24);
    expectNothing(both);
  });

  it.each(turns)('turn %i of the initiator never comes', (nth) => {
    const both = pair(
      eapEnds({ initiator: { answer: slow(methodsOf({ alice: 'wonderland' }), nth, 'never') } }),
    );
    both.initiator.up('pair');
    both.network.advance(12_000);
    expect(reasonAt(both.initiator).text).toMatch(/EAP: ETIMEDOUT/);
    expectNothing(both);
  });

  it.each(turns)('the responder shuts down in turn %i: the answer is to nobody, nothing is left', (nth) => {
    const both = pair(eapEnds({ responder: { answer: slow(methodsOf(passwords), nth, 5000) } }));
    both.initiator.up('pair');
    both.network.advance(1000);
    both.responder.command({ kind: 'shutdown' });
    both.network.advance(60_000);
    expect(both.responder.established).toEqual([]);
    expectNothing(both);
  });

  it.each(turns)('the initiator takes its connection down in turn %i', (nth) => {
    const both = pair(
      eapEnds({ initiator: { answer: slow(methodsOf({ alice: 'wonderland' }), nth, 5000) } }),
    );
    both.initiator.up('pair');
    both.network.advance(1000);
    both.initiator.down('pair');
    both.network.advance(60_000);
    expect(both.initiator.established).toEqual([]);
    expect(both.responder.established).toEqual([]);
    expectNothing(both);
  });

  it('the back end says no such thing: it fails at both', () => {
    const none = (question: Question) =>
      question.kind === 'eap' ? ({ ok: false, errno: 'ENOENT' } as const) : undefined;
    const both = pair(eapEnds({ responder: { answer: none } })).up();
    expect(reasonAt(both.responder).text).toMatch(/EAP: ENOENT/);
    expect(reasonAt(both.initiator).notify).toBe(24);
    expectNothing(both);
  });
});

describe('before the end of EAP', () => {
  const child: readonly Payload[] = [
    {
      kind: 'sa',
      proposals: [
        {
          number: 1,
          protocol: ProtocolId.ESP,
          spi: Uint8Array.of(0, 0, 9, 9),
          transforms: [{ type: 1, id: 20, keyLength: 128 }],
        },
      ],
    },
    { kind: 'nonce', data: new Uint8Array(32) },
  ];
  const early: readonly (readonly [name: string, exchange: number, payloads: readonly Payload[]])[] = [
    ['CREATE_CHILD_SA', ExchangeType.CREATE_CHILD_SA, child],
    ['INFORMATIONAL, empty', ExchangeType.INFORMATIONAL, []],
    ['a Delete', ExchangeType.INFORMATIONAL, [{ kind: 'delete', protocol: ProtocolId.IKE, spis: [] }]],
    ['IKE_AUTH with neither EAP nor AUTH', ExchangeType.IKE_AUTH, []],
    [
      'a second IDi, of another',
      ExchangeType.IKE_AUTH,
      [{ kind: 'idi', idType: 2, data: new TextEncoder().encode('bob') }, ...child],
    ],
  ];

  it.each(early)('%s is dropped, and EAP goes on', (_what, exchange, payloads) => {
    const both = pair(eapEnds());
    const hold = both.network.fate(({ number }) => (number === 5 ? [] : undefined));
    both.initiator.up('pair');
    both.network.advance(100);
    hold();
    const response = both.network.flights[1]?.header;
    if (response === undefined) throw new Error('no IKE_SA_INIT response');
    const before = both.network.flights.length;
    const fields = { ...response, initiator: true, response: false, exchange, messageId: 2 };
    both.network.send(
      { address: '10.0.0.1', port: 500 },
      { address: '10.0.0.2', port: 500 },
      both.network.keys.seal(fields, payloads),
    );
    both.network.advance(50);
    expect(both.network.flights).toHaveLength(before + 1);
    expect(only(both.responder.told('drop')).reason).toBe('unexpected');
    expect(only(both.responder.ikeSas).phase).toBe('authenticating');
    expect(both.responder.memory.sas).toEqual([]);
    both.network.until(() => both.initiator.established.length > 0);
    both.network.settle();
    expectUp(both);
    expect(only(both.responder.established).remoteId).toBe('@alice');
  });

  it('AUTHENTICATION_FAILED of the initiator ends it', () => {
    const both = pair(eapEnds());
    both.network.fate(({ number }) => (number >= 5 && number < 7 ? [] : undefined));
    both.initiator.up('pair');
    both.network.advance(100);
    const response = both.network.flights[1]?.header;
    if (response === undefined) throw new Error('no IKE_SA_INIT response');
    const fields = {
      ...response,
      initiator: true,
      response: false,
      exchange: ExchangeType.INFORMATIONAL,
      messageId: 2,
    };
    const word: Payload = {
      kind: 'notify',
      protocol: 0,
      spi: new Uint8Array(0),
      type: NotifyType.AUTHENTICATION_FAILED,
      data: new Uint8Array(0),
    };
    const sealed = both.network.keys.seal(fields, [word]);
    both.network.fates.length = 0;
    both.network.send({ address: '10.0.0.1', port: 500 }, { address: '10.0.0.2', port: 500 }, sealed);
    both.network.advance(50);
    expect(reasonAt(both.responder).code).toBe('AUTHENTICATION_FAILED');
  });

  it('the peer goes silent: half a minute, and nothing is left', () => {
    const both = pair(eapEnds());
    both.network.fate(({ number }) => (number >= 5 ? [] : undefined));
    both.initiator.up('pair');
    both.network.advance(40_000);
    expect(reasonAt(both.responder)).toMatchObject({ code: 'TIMEOUT' });
    expectNothing(both);
  });

  it('a second answer to IKE_SA_INIT does not stir it', () => {
    const both = pair(eapEnds());
    both.network.fate(
      on({ from: '10.0.0.1', exchange: ExchangeType.IKE_AUTH, nth: 2 }, ({ source, destination }) => {
        const [first, second] = both.network.flights;
        if (!first?.header || !second?.header) return undefined;
        const payloads = (second.payloads ?? []).map((each) =>
          each.kind === 'nonce' ? { ...each, data: new Uint8Array(32).fill(7) } : each,
        );
        const forged = encodeMessage({ ...second.header, responderSpi: 0x6666n }, payloads);
        both.network.send(destination, source, forged);
        return [{ after: 50 }];
      }),
    );
    comesUp(both);
  });
});
