/**
 *   one                                             other
 *   CREATE_CHILD_SA { N(REKEY_SA) SA Ni TSi }     ->          no TSr: it fits no exchange
 *                                                 <-  CREATE_CHILD_SA { N(INVALID_SYNTAX) }
 *
 * The error is the end of the IKE SA at both ends, without a Delete (RFC 7296 §2.21.3). An unknown exchange type, or one
 * whose time is over, is answered so as well: some type was out of range (§3.10.1).
 */
import { describe, expect, it } from 'vitest';
import { type FaultAction, misbehave, type Pair, pair } from '../../src/testing/index.ts';
import { NotifyType } from '../../src/wire/numbers.ts';
import { bothEnds, command } from './collisions/orders.ts';
import { expectNothing, expectUp, only } from './expect-up.ts';

type End = 'initiator' | 'responder';
type Message = 'request' | 'response';

function broken(
  end: End,
  begin: (end: End) => (both: Pair) => void,
  message: Message,
  act: FaultAction | FaultAction[],
): Pair {
  const both = pair().up();
  misbehave(both.network, both[end], {
    rules: [
      {
        on: { direction: 'out', exchange: ['CREATE_CHILD_SA', 'INFORMATIONAL'], message, nth: 1 },
        do: act,
      },
    ],
  });
  begin(message === 'request' ? end : end === 'initiator' ? 'responder' : 'initiator')(both);
  both.network.settle();
  return both;
}

/** The end at both, with nothing more said. */
function expectEnd(both: Pair, asker: End): void {
  const { network } = both;
  expect(only(both[asker].told('ikeDeleted')).reason).toMatchObject({
    code: 'PEER_REFUSED',
    notify: NotifyType.INVALID_SYNTAX,
  });
  const said = network.flights.length;
  expect([both.initiator.established, both.responder.established]).toEqual([[], []]);
  expectNothing(both);
  expect(network.flights).toHaveLength(said);
  both.up();
  expectUp(both);
}

describe.each(bothEnds)('%s asks, %s answers', (one, other) => {
  it.each<[string, (end: End) => (both: Pair) => void, FaultAction]>([
    ['a rekey of the child without TSr', command.rekeyChildren, { action: 'remove', payload: 'TSr' }],
    ['a rekey of the IKE SA without KE', command.rekeyIke, { action: 'remove', payload: 'KE' }],
    ['a nonce of 8 octets', command.rekeyIke, { action: 'octets', payload: 'Ni', truncate: 8 }],
  ])('%s', (_what, begin, act) => {
    expectEnd(broken(one, begin, 'request', act), one);
  });

  it.each(['IKE_AUTH', 99])('a request of exchange type %s', (exchange) => {
    const both = pair().up();
    const rules = (message: Message, type: string | number) => ({
      rules: [
        {
          on: { direction: 'out', message, nth: 1 },
          do: { action: 'header', exchange: type },
        },
      ],
    });
    misbehave(both.network, both[one], rules('request', exchange));
    // As one would be answered that had asked so.
    misbehave(both.network, both[other], rules('response', 'INFORMATIONAL'));
    command.liveness(one)(both);
    both.network.settle();
    expectEnd(both, one);
  });

  it('a Delete of the IKE SA that names an SPI', () => {
    const act: FaultAction = {
      action: 'add',
      payload: { payload: 'D', protocol: 'IKE', spis: ['0102030405060708'] },
    };
    expectEnd(broken(one, command.liveness, 'request', act), one);
  });

  const refusal: FaultAction[] = [
    { action: 'keep', payload: [] },
    { action: 'add', payload: { payload: 'N(INVALID_SYNTAX)' } },
  ];

  it('an answer to a liveness check', () => {
    const both = broken(other, command.liveness, 'response', refusal);
    expect(only(both[one].told('ikeDeleted')).reason.notify).toBe(NotifyType.INVALID_SYNTAX);
    expect(both[one].ikeSas).toEqual([]);
  });

  it('an answer to our Delete: it is over as it was meant to be', () => {
    const both = broken(other, command.down, 'response', refusal);
    expect(only(both[one].told('ikeDeleted')).reason.code).toBe('DELETED_BY_US');
    expectNothing(both);
  });
});
