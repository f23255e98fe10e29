/** Verdicts hold when they should and say why when they do not. */
import { describe, expect, it } from 'vitest';
import {
  DiagramError,
  drop,
  ladder,
  misbehave,
  on,
  pair,
  VerdictError,
  verdicts,
} from '../../src/testing/index.ts';
import { ExchangeType } from '../../src/wire/numbers.ts';

/** What the verdict says, ladder and all. */
function failure(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof VerdictError) return error.message;
    throw error;
  }
  throw new Error('the verdict holds');
}

describe('events', () => {
  it('come within virtual time', () => {
    const both = pair();
    both.initiator.up('pair');
    const verdict = verdicts(both.network);
    const event = verdict.event(both.responder, 'childEstablished', { within: 1000 });
    expect(event.child.connection).toBe('pair');
    expect(both.network.now).toBeLessThan(100);
  });

  it('that do not come are told with what was there, and the ladder with payloads decrypted', () => {
    const both = pair({ responder: { psk: 'another' } });
    both.initiator.up('pair');
    const said = failure(() =>
      verdicts(both.network).event(both.responder, 'ikeEstablished', { within: 5000 }),
    );
    expect(said).toMatch(/^responder told of no ikeEstablished within 5000 ms; it told message, .*ikeFailed/);
    expect(said).toMatch(/20 ms {2}10\.0\.0\.1:500 -> 10\.0\.0\.2:500 {2}IKE_AUTH request 1 \{ IDi IDr AUTH/);
    expect(said).toMatch(/IDi 10\.0\.0\.1\n/);
    expect(said).toMatch(/AUTH SHARED_KEY_MESSAGE_INTEGRITY_CODE, 32 octets [0-9a-f]{32}…/);
    expect(said).toMatch(/N\(AUTHENTICATION_FAILED\) no data/);
    expect(both.network.now).toBeLessThanOrEqual(70_000);
  });

  it('of the past do not count, and a condition picks', () => {
    const both = pair().up();
    const verdict = verdicts(both.network);
    failure(() => verdict.event(both.responder, 'ikeEstablished', { within: 10 }));
    both.initiator.command({ kind: 'rekey', name: 'pair', what: 'children' });
    const event = verdict.event(both.responder, 'childEstablished', {
      where: ({ replaces }) => replaces !== undefined,
    });
    expect(event.replaces?.connection).toBe('pair');
  });

  it('that must not come', () => {
    const both = pair({ responder: { psk: 'another' } });
    both.initiator.up('pair');
    const verdict = verdicts(both.network);
    expect(failure(() => verdict.never(both.initiator, 'ikeFailed', { within: 1000 }))).toMatch(
      /^initiator told of ikeFailed: \{"kind":"ikeFailed"/,
    );
    verdict.never(both.initiator, 'ikeEstablished');
  });
});

describe('SAs', () => {
  it('are counted', () => {
    const both = pair().up();
    const verdict = verdicts(both.network);
    verdict.sas(both.initiator, { ike: 1, children: 1 });
    verdict.sas(both.responder, { children: 1 });
    expect(failure(() => verdict.sas(both.responder, { ike: 2 }))).toMatch(
      /^responder has 1 IKE SAs and 1 children, not 2 IKE SAs\n/,
    );
  });

  it('are each other’s mirror', () => {
    const both = pair().up();
    const verdict = verdicts(both.network);
    verdict.mirrored(both.initiator, both.responder);
    both.initiator.crash();
    expect(failure(() => verdict.mirrored(both.initiator, both.responder))).toMatch(
      /^IKE SAs of initiator and of responder are not the same: none and [0-9a-f]{16} [0-9a-f]{16}\n/,
    );
  });

  it('are not where the data plane has other keys, and no key is shown', () => {
    const both = pair().up();
    const [sa] = both.responder.memory.sas.filter(({ direction }) => direction === 'in');
    if (sa === undefined) throw new Error('no SA');
    both.responder.memory.apply({ kind: 'deleteSa', id: sa.id });
    const key = new Uint8Array(sa.encryption.key.length).fill(0x77);
    both.responder.memory.apply({ kind: 'addSa', sa: { ...sa, encryption: { ...sa.encryption, key } } });
    const said = failure(() => verdicts(both.network).mirrored(both.initiator, both.responder));
    expect(said).toMatch(/^the SA [0-9a-f]{8} out of initiator is not as responder has it/);
    expect(said).not.toContain('7777');
  });

  it('leave nothing', () => {
    const both = pair().up();
    both.initiator.down('pair');
    const verdict = verdicts(both.network);
    verdict.nothing(both.initiator, both.responder);
    both.up();
    expect(failure(() => verdict.nothing(both.responder))).toMatch(
      /^left at responder: IKE SA [0-9a-f]{16} established/,
    );
  });
});

describe('diagrams', () => {
  const handshake = `
    initiator                                          responder
      | IKE_SA_INIT request 0 { SA KE Ni ... }             --> |
      | <--             IKE_SA_INIT response { SA KE Nr ... }  |
      | IKE_AUTH { IDi IDr? AUTH ... SA TSi TSr ... }      --> |
      | <--                      IKE_AUTH { IDr AUTH SA ... }  |`;

  it('show the run', () => {
    const both = pair().up();
    verdicts(both.network).diagram(handshake);
  });

  it('show what got lost, what is not drawn, and the end', () => {
    const both = pair();
    both.network.fate(on({ exchange: ExchangeType.IKE_AUTH, response: false, nth: 1 }, drop));
    both.initiator.up('pair');
    both.network.advance(2000);
    verdicts(both.network).diagram(`
      ...
      IKE_AUTH request { ... } --x       the first is lost
      IKE_AUTH request 1 -->
      <-- IKE_AUTH response 1
    `);
  });

  it('begin where they are told to', () => {
    const both = pair().up();
    const from = both.network.flights.length + 1;
    both.initiator.down('pair');
    both.network.run();
    verdicts(both.network).diagram('INFORMATIONAL 2 { D(IKE) } -->\n<-- INFORMATIONAL { }', { from });
    verdicts(both.network).diagram('INFORMATIONAL 2 { D } -->\n<-- * 2 {}', { from });
  });

  it('take the names of either end for the left one', () => {
    const both = pair().up();
    verdicts(both.network).diagram(`
      responder        initiator
        <-- IKE_SA_INIT request
        IKE_SA_INIT response -->
        ...`);
  });

  const wrong: [why: string, diagram: string, said: RegExp][] = [
    [
      'other payloads',
      'IKE_SA_INIT { SA KE Nr } -->\n...',
      /drawn {2}IKE_SA_INIT \{ SA KE Nr \} -->\n {2}found {2}1\. IKE_SA_INIT request 0 \{ SA KE Ni/,
    ],
    ['the other way', '<-- IKE_SA_INIT\n...', /found {2}1\. IKE_SA_INIT/],
    [
      'another exchange',
      'IKE_SA_INIT -->\n<-- IKE_SA_INIT\nINFORMATIONAL -->\n...',
      /drawn {2}INFORMATIONAL -->\n {2}found {2}3\. IKE_AUTH/,
    ],
    ['less than there was', 'IKE_SA_INIT -->', /drawn {2}nothing more\n {2}found {2}2\./],
    [
      'more than there was',
      `${handshake}\n IKE_AUTH -->`,
      /drawn {2}IKE_AUTH -->\n {2}found {2}nothing more was sent/,
    ],
    ['loss that was none', 'IKE_SA_INIT --x\n...', /found {2}1\. /],
    ['another message ID', 'IKE_SA_INIT 7 -->\n...', /found {2}1\. /],
  ];
  it.each(wrong)('do not hold: %s', (_why, diagram, said) => {
    const both = pair().up();
    const text = failure(() => verdicts(both.network).diagram(diagram));
    expect(text).toMatch(said);
    expect(text).toMatch(/ENCR=AES_GCM_16-128/);
  });

  it('must be diagrams', () => {
    const { network } = pair();
    expect(() => verdicts(network).diagram('nothing')).toThrow(DiagramError);
    expect(() => verdicts(network).diagram('--> { SA }')).toThrow(
      /line 1: no exchange: .*, in '--> \{ SA \}'/,
    );
  });

  const mistakes: [why: string, row: string, said: RegExp][] = [
    [
      'a brace that is not closed',
      'IKE_SA_INIT { SA -->',
      /line 4: expected payloads between one \{ and one \}/,
    ],
    ['a brace that is not opened', 'IKE_SA_INIT SA } -->', /line 4: expected payloads between/],
    [
      'a word nobody knows',
      'IKE_SA_INIT requst 0 { ... } -->',
      /line 4: expected request or response.*'requst'/,
    ],
    ['a word twice', 'IKE_SA_INIT request response -->', /line 4: .*found 'response'/],
    ['an exchange nobody knows', 'IKE_SA_INTI { SA ... } -->', /line 4: there is no exchange 'IKE_SA_INTI'/],
    [
      'an optional payload nobody knows',
      'IKE_SA_INIT { IDrr? ... } -->',
      /line 4: there is no payload 'IDrr\?'/,
    ],
    ['a notify nobody knows', 'IKE_SA_INIT { ... N(COKIE)? } -->', /line 4: there is no notify 'COKIE'/],
    ['a notify not closed', 'IKE_SA_INIT { N(COOKIE -->', /line 4: /],
    ['an arrow that is none', 'IKE_SA_INIT { SA ... } ->>', /line 4: expected a message with an arrow/],
    ['a message without an arrow', 'IKE_SA_INIT { SA ... }', /line 4: expected a message with an arrow/],
    ['two arrows', '<-- IKE_SA_INIT -->', /line 4: expected one arrow, found 2/],
    ['a remark that is not marked', 'here all begins', /line 4: expected a message with an arrow/],
  ];
  it.each(mistakes)('are refused: %s', (_why, row, said) => {
    const both = pair().up();
    const draw = () => verdicts(both.network).diagram(`\n initiator  responder\n ...\n | ${row} |\n ...`);
    expect(draw).toThrow(DiagramError);
    expect(draw).toThrow(said);
  });

  it('name their ends one blank apart too, and not for nobody', () => {
    const both = pair().up();
    verdicts(both.network).diagram('responder initiator\n<-- IKE_SA_INIT request # a remark\n...');
    expect(() => verdicts(both.network).diagram('\nresponer  initator\nIKE_SA_INIT -->\n...')).toThrow(
      "line 2: no host is called 'responer' or 'initator'; hosts are initiator, responder",
    );
    expect(() => verdicts(both.network).diagram('all that goes on\nIKE_SA_INIT -->\n...')).toThrow(
      /line 1: expected the names of the two ends/,
    );
  });

  it('with many gaps are told apart in no time', () => {
    const both = pair().up();
    for (let i = 0; i < 60; i++) {
      both.initiator.command({ kind: 'liveness', name: 'pair' });
      both.network.settle();
    }
    const gaps = Array.from({ length: 12 }, () => '...\nINFORMATIONAL -->').join('\n');
    const began = performance.now();
    expect(failure(() => verdicts(both.network).diagram(`${gaps}\n...\nIKE_SA_INIT -->`))).toMatch(
      /IKE_SA_INIT -->/,
    );
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

describe('the ladder', () => {
  it('tells the fate of each message, and what arrived in its place', () => {
    const both = pair();
    misbehave(both.network, both.initiator, {
      rules: [
        { on: { exchange: 'IKE_SA_INIT', message: 'request', nth: 1 }, do: 'drop' },
        { on: { exchange: 'IKE_SA_INIT', message: 'response' }, do: [{ action: 'delay', by: 50 }] },
        { on: { exchange: 'IKE_AUTH', message: 'request' }, do: { action: 'remove', payload: 'IDr' } },
        { on: { exchange: 'IKE_AUTH', message: 'response' }, do: 'copy' },
      ],
    });
    both.initiator.up('pair');
    both.network.advance(5000);
    const lines = ladder(both.network);
    expect(lines[0]).toMatch(/ LOST$/);
    expect(lines[2]).toMatch(/ 50 ms LATE$/);
    expect(lines[3]).toMatch(/IKE_AUTH request 1 \{ IDi IDr AUTH/);
    expect(lines[4]).toMatch(/=> ARRIVES .*IKE_AUTH request 1 \{ IDi AUTH/);
    expect(lines[5]).toMatch(/ ARRIVES 2 TIMES$/);
  });
});
