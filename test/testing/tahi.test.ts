/** Cases of the IPv6 Ready conformance tests that no scene has, by fault scripts; docs/tahi.md names them all. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Host,
  misbehave,
  type Pair,
  type PairOptions,
  pair,
  verdicts,
} from '../../src/testing/index.ts';
import { find } from '../../src/wire/message.ts';
import { ExchangeType, NotifyType, TransformType } from '../../src/wire/numbers.ts';
import { expectUp } from '../scenes/expect-up.ts';

const psk = 'somesharedkey';
const out = { direction: 'out' } as const;
/** What changes IKE_SA_INIT must sign anew. */
const resign = { on: { ...out, exchange: 'IKE_AUTH', payload: 'AUTH' }, do: { action: 'sign', psk } };

type End = 'initiator' | 'responder';

/** The tester's end misbehaves; ours is the other. */
function tested(
  tester: End,
  rules: readonly unknown[],
  options: PairOptions = {},
): Pair & { readonly ours: Host } {
  const both = pair(options);
  misbehave(both.network, both[tester], { rules });
  return { ...both, up: both.up, ours: both[tester === 'initiator' ? 'responder' : 'initiator'] };
}

/** The tester's IKE_SA_INIT or IKE_AUTH message, changed; all is well. */
const ends: readonly End[] = ['initiator', 'responder'];
const own = (tester: End, exchange: string) => ({
  ...out,
  exchange,
  message: tester === 'initiator' ? 'request' : 'response',
});

describe.each(ends)('sent by the %s', (tester) => {
  it('I/R.1.1.4.1: unknown payloads of type 1, 32, 49 and 255, not critical, are ignored', () => {
    for (const payload of [1, 32, 49, 255])
      for (const exchange of ['IKE_SA_INIT', 'IKE_AUTH']) {
        const add = { action: 'add', payload: { payload, body: '00000000' } };
        expectUp(tested(tester, [{ on: own(tester, exchange), do: add }, resign]).up());
      }
  });

  it('I/R.1.1.11.1-2: RESERVED fields that are not zero, in IKE_SA_INIT and in IKE_AUTH', () => {
    const all = { action: 'reserved', payload: 'all', bits: 0x7f, octets: 0xff };
    expectUp(
      tested(tester, [
        { on: own(tester, 'IKE_SA_INIT'), do: [all, { action: 'header', flags: 0xc7 }] },
        resign,
      ]).up(),
    );
    const rules = [{ on: own(tester, 'IKE_AUTH'), do: [all, { action: 'sign', psk }] }];
    expectUp(tested(tester, rules).up());
  });

  it('I/R.1.1.11.3: the V bit', () => {
    const rules = [{ on: out, do: { action: 'header', higherVersion: true } }, resign];
    expectUp(tested(tester, rules).up());
  });

  it('R.1.1.4.1: a higher minor version', () => {
    const rules = [{ on: out, do: { action: 'header', minorVersion: 1 } }, resign];
    expectUp(tested(tester, rules).up());
  });

  it('R.1.1.4.5: payloads in another order are accepted (RFC 7296 §2.5)', () => {
    const rules = [{ on: out, do: { action: 'order', payloads: 'reverse' } }, resign];
    expectUp(tested(tester, rules).up());
  });

  it('I/R.1.1.11.4-5: notifies of status 65535 nobody knows', () => {
    const rules = [{ on: out, do: { action: 'add', payload: { payload: 'N(65535)' } } }, resign];
    expectUp(tested(tester, rules).up());
  });

  it('I/R.1.3.3: RESERVED fields and unknown notifies in INFORMATIONAL', () => {
    const both = tested(tester, [
      {
        on: { ...out, exchange: 'INFORMATIONAL' },
        do: [
          { action: 'add', payload: { payload: 'N(65535)' } },
          { action: 'reserved', payload: 'all', bits: 0x7f, octets: 0xff },
          { action: 'header', flags: 0xc7 },
        ],
      },
    ]).up();
    both[tester].command({ kind: 'liveness', name: 'pair' });
    both.network.settle();
    verdicts(both.network).diagram(
      `...\n${tester === 'initiator' ? 'INFORMATIONAL request { } -->\n<-- INFORMATIONAL response { }' : '<-- INFORMATIONAL request { }\nINFORMATIONAL response { } -->'}`,
    );
    expectUp(both);
  });
});

describe('the responder under test', () => {
  it('R.1.1.11.5: a request with an error notify nobody knows is answered', () => {
    const rules = [
      { on: own('initiator', 'IKE_SA_INIT'), do: { action: 'add', payload: { payload: 'N(16383)' } } },
      resign,
    ];
    expectUp(tested('initiator', rules).up());
  });

  it('R.1.2.8.1: AUTHENTICATION_FAILED to a wrong AUTH and to another method', () => {
    for (const action of [
      { action: 'octets', payload: 'AUTH', at: -1, xor: '01' },
      { action: 'set', payload: 'AUTH', field: 'method', to: 'RSA_DIGITAL_SIGNATURE' },
    ]) {
      const both = tested('initiator', [{ on: own('initiator', 'IKE_AUTH'), do: action }]);
      both.initiator.up('pair');
      both.network.settle();
      verdicts(both.network).diagram('...\n<-- IKE_AUTH { N(AUTHENTICATION_FAILED) }');
    }
  });

  it('R.1.1.3.4, R.1.3.2.1: an empty request is answered, a retransmitted one with the same octets', () => {
    const both = tested('initiator', [
      { on: { ...out, exchange: 'INFORMATIONAL' }, do: { action: 'copy', apart: 500 } },
    ]).up();
    both.initiator.command({ kind: 'liveness', name: 'pair' });
    both.network.advance(2000);
    const answers = both.network.flights.filter(({ header }) => header?.response && header.messageId === 2);
    expect(answers).toHaveLength(2);
    expect(answers[1]?.octets).toEqual(answers[0]?.octets);
  });
});

describe('the initiator under test', () => {
  it('I.1.1.3.8: unprotected messages are no sign of life', () => {
    const both = tested(
      'responder',
      [
        {
          on: { direction: 'in', exchange: 'INFORMATIONAL' },
          do: [
            'drop',
            {
              action: 'inject',
              toward: 'sender',
              encrypted: false,
              payloads: [{ payload: 'N(INVALID_IKE_SPI)' }],
            },
          ],
        },
      ],
      { initiator: { entry: { dpdDelay: 5000 } } },
    ).up();
    both.network.advance(120_000);
    expect(both.initiator.established).toEqual([]);
    expect(both.initiator.failures.map(({ code }) => code)).toEqual(['TIMEOUT']);
  });

  it('I.1.1.6.11 B: INVALID_KE_PAYLOAD with a responder SPI that is not zero', () => {
    const rules = [
      {
        on: { ...out, exchange: 'IKE_SA_INIT', payload: 'N(INVALID_KE_PAYLOAD)' },
        do: { action: 'header', responderSpi: '0102030405060708' },
      },
    ];
    const ike = { initiator: { ike: 'aes128-sha1-ecp384+ecp256' }, responder: { ike: 'aes128-sha1-ecp256' } };
    expectUp(tested('responder', rules, ike).up());
  });
});

/** The tester names a cipher that was not offered. */
const inconsistent = {
  action: 'set',
  payload: 'SA',
  field: 'proposals.*.transforms[type=ENCR].id',
  to: 1023,
};

describe('proposals', () => {
  it('I.1.1.6.9: a response with a proposal that was not offered for the IKE SA is not gone on with', () => {
    const both = tested('responder', [{ on: own('responder', 'IKE_SA_INIT'), do: inconsistent }]);
    both.ours.up('pair');
    both.network.advance(120_000);
    expect(both.network.flights.map(({ header }) => header?.exchange)).not.toContain(ExchangeType.IKE_AUTH);
    expect(both.ours.failures.map(({ code }) => code)).toEqual(['BAD_MESSAGE']);
  });

  it('I.1.1.6.10: nor for the Child SA: there is none then, at either end', () => {
    const both = tested('responder', [{ on: own('responder', 'IKE_AUTH'), do: inconsistent }]).up();
    verdicts(both.network).sas(both.initiator, { ike: 1, children: 0 });
    verdicts(both.network).sas(both.responder, { ike: 1, children: 0 });
  });

  it('I.1.1.6.12: NO_PROPOSAL_CHOSEN to the Child SA: the IKE SA stands and is answered on', () => {
    const both = tested('responder', [], {
      initiator: { esp: 'aes128gcm16' },
      responder: { esp: 'aes256gcm16' },
    }).up();
    verdicts(both.network).diagram('...\n<-- IKE_AUTH response { IDr AUTH N(NO_PROPOSAL_CHOSEN) ... }');
    both.responder.command({ kind: 'liveness', name: 'pair' });
    both.network.settle();
    verdicts(both.network).diagram('...\n<-- INFORMATIONAL request { }\nINFORMATIONAL response { } -->');
    verdicts(both.network).sas(both.initiator, { ike: 1, children: 0 });
  });

  it('R.1.2.4.1: NO_PROPOSAL_CHOSEN to CREATE_CHILD_SA; what is up stays', () => {
    const rules = [{ on: own('initiator', 'CREATE_CHILD_SA'), do: inconsistent }];
    for (const what of ['children', 'ike'] as const) {
      const both = tested('initiator', rules).up();
      both.initiator.command({ kind: 'rekey', name: 'pair', what });
      both.network.settle();
      verdicts(both.network).diagram('...\n<-- CREATE_CHILD_SA { N(NO_PROPOSAL_CHOSEN) }');
      expectUp(both);
    }
  });

  it('I.1.2.4.4-5: several transforms and proposals in the rekey of the IKE SA, of which the tester takes the last', () => {
    const ike = 'aes128gcm16-prfsha256-x25519,aes128+aes256-sha2_256+sha2_512-x25519';
    const both = tested('responder', [], { initiator: { ike } }).up();
    both.responder.setPolicy(both.change('responder', { ike: 'aes256-sha2_512-x25519' }));
    both.network.settle();
    both.initiator.up('pair');
    both.network.settle();
    both.initiator.command({ kind: 'rekey', name: 'pair', what: 'ike' });
    both.network.settle();
    const request = both.network.flights.findLast(
      ({ header }) => header?.exchange === ExchangeType.CREATE_CHILD_SA && !header.response,
    );
    const offered = find(request?.payloads ?? [], 'sa')?.proposals ?? [];
    expect(offered).toHaveLength(2);
    expect(offered[1]?.transforms.filter(({ type }) => type === TransformType.ENCR)).toHaveLength(2);
    expect(both.initiator.told('ikeRekeyed')).toHaveLength(1);
    expectUp(both);
  });
});

describe('CREATE_CHILD_SA', () => {
  it.each(['children', 'ike'] as const)(
    'I/R.1.2.2.1: is sent again and answered again, each the same octets (%s)',
    (what) => {
      const lost = [
        { on: { ...out, exchange: 'CREATE_CHILD_SA', nth: 1 }, do: 'drop' },
        { on: { direction: 'in', exchange: 'CREATE_CHILD_SA', nth: 1 }, do: 'drop' },
      ];
      const both = tested('responder', lost).up();
      both.initiator.command({ kind: 'rekey', name: 'pair', what });
      both.network.advance(20_000);
      for (const response of [false, true]) {
        const sent = both.network.flights.filter(
          ({ header }) => header?.exchange === ExchangeType.CREATE_CHILD_SA && header.response === response,
        );
        expect(sent.length).toBeGreaterThan(1);
        for (const { octets } of sent) expect(octets).toEqual(sent[0]?.octets);
      }
      expectUp(both);
    },
  );
});

describe('I.1.1.11.4: an error nobody knows in a response: the request has failed, whatever else is said', () => {
  const add = { action: 'add', payload: { payload: 'N(16383)' } };

  it('in IKE_SA_INIT: it is not gone on with', () => {
    const both = tested('responder', [{ on: own('responder', 'IKE_SA_INIT'), do: add }]);
    both.ours.up('pair');
    both.network.advance(120_000);
    expect(both.network.flights.map(({ header }) => header?.exchange)).not.toContain(ExchangeType.IKE_AUTH);
    expect(both.ours.failures.map(({ notify }) => notify)).toEqual([16_383]);
  });

  it('in IKE_AUTH and CREATE_CHILD_SA: the child is deleted at the peer', () => {
    for (const exchange of ['IKE_AUTH', 'CREATE_CHILD_SA']) {
      const both = tested('responder', [{ on: own('responder', exchange), do: add }]).up();
      const children = exchange === 'IKE_AUTH' ? 0 : 1;
      if (children > 0) both.initiator.command({ kind: 'rekey', name: 'pair', what: 'children' });
      both.network.advance(20_000);
      expect(both.initiator.told('childFailed').map(({ reason }) => reason.notify)).toEqual([16_383]);
      verdicts(both.network).sas(both.initiator, { ike: 1, children });
      verdicts(both.network).mirrored(both.initiator, both.responder);
    }
  });
});

describe('SPIs of no SA', () => {
  it.each(['initiatorSpi', 'responderSpi'])(
    'I.1.1.8.1: a response with another %s is not answered',
    (field) => {
      const strange = { action: 'header', [field]: '0102030405060708' };
      const both = tested('responder', [
        { on: { ...own('responder', 'CREATE_CHILD_SA'), nth: 1 }, do: strange },
      ]).up();
      both.initiator.command({ kind: 'rekey', name: 'pair', what: 'children' });
      both.network.advance(20_000);
      const exchanges = both.network.flights
        .filter(({ source, header }) => source.address === '10.0.0.1' && header?.response)
        .map(({ header }) => header?.exchange);
      expect(exchanges).toEqual([]);
      expectUp(both);
    },
  );

  it.each(['initiatorSpi', 'responderSpi'])(
    'R.1.1.8.1: nor a request with another %s, but for INVALID_IKE_SPI in clear',
    (field) => {
      const strange = { action: 'header', [field]: '0102030405060708' };
      const both = tested('initiator', [
        { on: { ...own('initiator', 'CREATE_CHILD_SA'), nth: 1 }, do: strange },
      ]).up();
      both.initiator.command({ kind: 'rekey', name: 'pair', what: 'children' });
      both.network.advance(20);
      for (const { payloads = [] } of both.network.flights.filter(({ header }) => header?.response).slice(2))
        expect(payloads).toMatchObject([{ kind: 'notify', type: NotifyType.INVALID_IKE_SPI }]);
      both.network.advance(20_000);
      expectUp(both);
    },
  );
});

describe('docs/tahi.md', () => {
  const text = readFileSync(new URL('../../docs/tahi.md', import.meta.url), 'utf8');

  it('names only tests that are there', () => {
    const files = [...text.matchAll(/`((?:scenes|testing|ike|policy|wire|kernel|crypto)\/[^`]+\.ts)`/g)].map(
      ([, file = '']) => file,
    );
    expect(files.length).toBeGreaterThan(50);
    const missing = files.filter((file) => !existsSync(new URL(`../${file}`, import.meta.url)));
    expect(missing).toEqual([]);
  });

  it('has a row of every number from 1.1.1.1 to 2.1.1.2, each once', () => {
    const numbers = [...text.matchAll(/^\| ([IR]{1,2}(?:\/R)?)\.(\d+\.\d+\.\d+\.\d+)/gm)].map(
      ([, role, number]) => `${role} ${number}`,
    );
    expect(numbers.length).toBeGreaterThan(60);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers[0]).toMatch(/1\.1\.1\.1$/);
    expect(numbers.at(-1)).toMatch(/2\.1\.1\.2$/);
  });
});
