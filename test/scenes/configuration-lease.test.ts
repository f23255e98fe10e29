/**
 * Whose lease it is and how long: kept for who comes again, back when the IKE SA ends or never came to be, and what a
 * client hears when there is none.
 *
 *   client                                            gateway
 *     | IKE_AUTH { IDi AUTH CP(CFG_REQUEST) SA TSi TSr } -->|  no address left
 *     |<-- IKE_AUTH { IDr AUTH N(INTERNAL_ADDRESS_FAILURE) }|  the IKE SA stands
 */
import { describe, expect, it } from 'vitest';
import { drop, on, type Pair, replay, tampered, toJson } from '../../src/testing/index.ts';
import { CfgAttribute, CfgType, ExchangeType, find, NotifyType, type Payload } from '../../src/wire/index.ts';
import {
  another,
  client,
  down,
  gateway,
  given,
  octets,
  poolOf,
  type RoadOptions,
  road,
  traffic,
} from './configuration-pair.ts';
import { expectNothing, only } from './expect-up.ts';

const one = poolOf('10.3.0.1');
const four = poolOf('10.3.0.1-10.3.0.4');

/** The client goes, another comes, the client comes again: the address it has then. */
function comesAgain(both: Pair): string | undefined {
  both.up();
  expect(given(both.initiator)?.addresses).toEqual(['10.3.0.1/32']);
  down(both);
  expect(both.responder.held.leases).toBe(0);
  another(both);
  both.up();
  return given(both.initiator)?.addresses[0];
}

describe('a lease', () => {
  it.each(['@client.example', 'client@example', '@[a client]'])(
    'of %s is kept while it is away',
    (identity) => {
      expect(comesAgain(road({ gateway: gateway([four]), identity }))).toBe('10.3.0.1/32');
    },
  );

  const others: readonly (readonly [string, Omit<RoadOptions, 'gateway'> & { server?: object }])[] = [
    ['an address', { identity: '10.0.0.1' }],
    ['a name that anybody with the key could use', { personal: false }],
    ['a name that several use at a time', { responder: { entry: { unique: false } } }],
    ['a name, where leases are not kept', { server: { keepLeases: false } }],
  ];
  it.each(others)('of %s is not kept', (_who, { server = {}, ...options }) => {
    const both = road({ gateway: gateway([four], server), ...options });
    expect(comesAgain(both)).toBe('10.3.0.2/32');
  });

  it('is the same again after the client lost its memory', () => {
    const both = road({ gateway: gateway([one]) }).up();
    both.initiator.crash();
    both.up();
    expect(given(both.initiator)?.addresses).toEqual(['10.3.0.1/32']);
    expect(both.responder.held.leases).toBe(1);
    down(both);
    expectNothing(both);
  });

  it('is the same again after the gateway says that it goes', () => {
    const both = road({ gateway: gateway([one]) }).up();
    both.responder.down(both.name);
    both.network.settle();
    expect(both.responder.held.leases).toBe(0);
    both.up();
    expect(traffic(both.initiator)).toEqual(['10.3.0.1/32 === 10.2.0.0/16']);
  });

  it('is back when the client is silent for too long', () => {
    const both = road({ gateway: gateway([one]), responder: { entry: { dpdDelay: 10_000 } } }).up();
    both.network.fate(drop);
    both.network.advance(200_000);
    expect(both.responder.held.leases).toBe(0);
  });

  it('is what the client wishes for, if that is free', () => {
    const both = road({ gateway: gateway([four]) });
    const wishing = ({ payloads }: { payloads: readonly Payload[] }) =>
      payloads.map((payload) =>
        payload.kind === 'configuration'
          ? {
              ...payload,
              attributes: [{ type: CfgAttribute.INTERNAL_IP4_ADDRESS, value: octets('10.3.0.3') }],
            }
          : payload,
      );
    both.network.fate(
      on({ exchange: ExchangeType.IKE_AUTH, response: false }, tampered(both.network.keys, wishing)),
    );
    both.up();
    expect(given(both.initiator)?.addresses).toEqual(['10.3.0.3/32']);
    expect(given(another(both))?.addresses).toEqual(['10.3.0.1/32']);
  });
});

describe('a lease that comes to nothing', () => {
  it('is back when the SA dies while the data plane is still asked', () => {
    const both = road({ gateway: gateway([one]), responder: { installing: 'never' } }).up();
    expect(both.responder.held.leases).toBe(1);
    expect(both.responder.told('leased')).toEqual([]);
    both.responder.command({ kind: 'shutdown' });
    both.network.run();
    expect(both.responder.held.leases).toBe(0);
  });

  it('is back when a later step throws what nobody expects', () => {
    const both = road({
      gateway: gateway([one]),
      responder: {
        tolerateBugs: true,
        random: (random) => (length) => {
          if (length === 4) throw new Error('no SPI to be had');
          return random(length);
        },
      },
    }).up();
    expect(both.responder.told('bug')).toHaveLength(1);
    expect(both.responder.told('leased')).toEqual([]);
    expect(both.responder.held.leases).toBe(0);
    both.network.run();
    expect(both.responder.leftovers).toEqual([]);
  });

  it('stays with the IKE SA when only the child is refused', () => {
    const both = road({ gateway: gateway([one]), responder: { esp: 'aes256-sha2_512' } }).up();
    expect(only(both.initiator.established).children).toEqual([]);
    expect(given(both.initiator)?.addresses).toEqual(['10.3.0.1/32']);
    expect(both.responder.held.leases).toBe(1);
    down(both);
    expectNothing(both);
  });
});

describe('a gateway', () => {
  it('without an address left refuses the child, keeps the IKE SA, and has one again later', () => {
    const both = road({ gateway: gateway([one]) }).up();
    const second = another(both);
    expect(only(second.established).children).toEqual([]);
    expect(second.failures).toMatchObject([
      { code: 'PEER_REFUSED', notify: NotifyType.INTERNAL_ADDRESS_FAILURE },
    ]);
    expect(both.responder.failures).toMatchObject([{ notify: NotifyType.INTERNAL_ADDRESS_FAILURE }]);
    down(both);
    second.down(both.name);
    both.network.settle();
    second.up(both.name);
    both.network.settle();
    expect(given(second)?.addresses).toEqual(['10.3.0.1/32']);
  });

  it('refuses a child to who does not ask (FAILED_CP_REQUIRED), and keeps the IKE SA', () => {
    const both = road({ gateway: gateway([four]), client: null }).up();
    expect(only(both.initiator.established).children).toEqual([]);
    expect(both.initiator.failures).toMatchObject([
      { code: 'PEER_REFUSED', notify: NotifyType.FAILED_CP_REQUIRED },
    ]);
    expect(both.responder.held.leases).toBe(0);
  });

  it('lets who does not ask have its own address where none is required', () => {
    const both = road({ gateway: gateway([four], { required: false }), client: null }).up();
    expect(traffic(both.initiator)).toEqual(['10.0.0.1/32 === 10.2.0.0/16']);
    expect(both.responder.held.leases).toBe(0);
  });

  it('gives no child beyond the leased address', () => {
    const both = road({ gateway: gateway([four]) });
    both.up();
    both.initiator.setPolicy(both.change('initiator', { subnet: '10.9.0.0/16', entry: {} }));
    both.network.settle();
    both.up();
    expect(both.initiator.failures.at(-1)).toMatchObject({ notify: NotifyType.FAILED_CP_REQUIRED });
  });

  it('with a pool of millions of addresses gives the next one', () => {
    const both = road({ gateway: gateway([poolOf('100.64.0.1-100.127.255.254')]) }).up();
    expect(given(both.initiator)?.addresses).toEqual(['100.64.0.1/32']);
    expect(given(another(both))?.addresses).toEqual(['100.64.0.2/32']);
  });

  it('whose pools change lets everybody begin anew', () => {
    const both = road({ gateway: gateway([four]) }).up();
    const changed = { configuration: gateway([poolOf('10.4.0.1-10.4.0.9')]) };
    both.responder.setPolicy(both.change('responder', { entry: changed }));
    both.network.settle();
    expect(both.responder.ikeSas).toEqual([]);
    both.up();
    expect(given(both.initiator)?.addresses).toEqual(['10.4.0.1/32']);
  });

  it('answers a CFG_REQUEST in an INFORMATIONAL exchange, and says what it supports', () => {
    const both = road({ gateway: gateway([four], { dns: [octets('10.2.0.53')] }) }).up();
    const asking: Payload = {
      kind: 'configuration',
      type: CfgType.REQUEST,
      attributes: [
        CfgAttribute.INTERNAL_IP4_ADDRESS,
        CfgAttribute.SUPPORTED_ATTRIBUTES,
        CfgAttribute.APPLICATION_VERSION,
      ].map((type) => ({ type, value: new Uint8Array(0) })),
    };
    both.network.fate(
      on(
        { exchange: ExchangeType.INFORMATIONAL, response: false },
        tampered(both.network.keys, () => [asking]),
      ),
    );
    both.initiator.command({ kind: 'liveness', name: both.name });
    both.network.settle();
    const answer = both.network.flights.at(-1)?.payloads ?? [];
    const { type, attributes = [] } = find(answer, 'configuration') ?? {};
    expect(type).toBe(CfgType.REPLY);
    expect(attributes.map((each) => each.type)).toEqual([
      CfgAttribute.INTERNAL_IP4_ADDRESS,
      CfgAttribute.INTERNAL_IP4_DNS,
      CfgAttribute.SUPPORTED_ATTRIBUTES,
      CfgAttribute.APPLICATION_VERSION,
    ]);
    expect(attributes[0]?.value).toEqual(octets('10.3.0.1'));
    expect(both.responder.held.leases).toBe(1);
  });

  it('that is itself a client answers no CFG_REQUEST', () => {
    const both = road({ gateway: gateway([four]), responder: { entry: { configuration: client() } } }).up();
    const answers = both.network.flights.flatMap(({ payloads }) => payloads ?? []);
    expect(
      answers.some((payload) => payload.kind === 'configuration' && payload.type === CfgType.REPLY),
    ).toBe(false);
  });

  it('gives the same again when its run is replayed', () => {
    const both = road({ gateway: gateway([four]), responder: { record: true } }).up();
    another(both);
    down(both);
    both.up();
    const { recording, answers, crypto } = both.responder;
    // Written at once: keys are wiped as the run goes on.
    const again: string[] = [];
    for (const actions of replay(recording, crypto)) again.push(toJson(actions));
    expect(again).toEqual(answers.slice(1));
    expect(both.responder.told('leased')).toHaveLength(3);
  });
});
