/** The model fails when it should: each of these breaks two ends in one way, which must be found, shrunk and told. */
import { describe, expect, it } from 'vitest';
import type { ChildSa } from '../../src/ike/child-sa.ts';
import { Children } from '../../src/ike/children.ts';
import type { IkeSa } from '../../src/ike/ike-sa.ts';
import type { KernelCommand } from '../../src/kernel/port.ts';
import { type Change, type Flight, tamper } from '../../src/testing/index.ts';
import { ExchangeType, ProtocolId } from '../../src/wire/numbers.ts';
import { Census } from './census.ts';
import { explore, type Options } from './model.ts';
import type { Fault, World } from './world.ts';

/** Steps left of a program when it is shrunk. */
const shortest = 6;
/** Long enough for each of the faults below, and soon shrunk. */
const brief = { runs: 60, most: 24 };

const neverPerformed =
  (kind: KernelCommand['kind']): Fault =>
  ({ both }) => {
    both.initiator.kernelFates.push((word) =>
      'command' in word && word.command.kind === kind ? { kind: 'ignore' } : undefined,
    );
  };

/** Every protected message that matches is followed by another one of its sender, as if that had sent it. */
const followedBy =
  (matches: (flight: Flight) => boolean, change: Change): Fault =>
  ({ network }) => {
    let isOurs = false;
    network.fates.push((flight) => {
      if (isOurs || flight.header?.exchange !== ExchangeType.CREATE_CHILD_SA || !matches(flight)) return;
      isOurs = true;
      network.send(flight.source, flight.destination, tamper(network.keys, flight.octets, change));
      isOurs = false;
    });
  };

const withMore: Change = ({ payloads }) => [...payloads, { kind: 'vendorId', data: new Uint8Array(4) }];

const childDeletesAreLost: Fault = ({ network }) => {
  network.fates.push(({ header, payloads, octets }) => {
    if (header?.exchange !== ExchangeType.INFORMATIONAL || header.response) return undefined;
    const isDelete = payloads?.some((each) => each.kind === 'delete' && each.protocol === ProtocolId.ESP);
    return isDelete ? [{ octets: tamper(network.keys, octets, () => []) }] : undefined;
  });
};

const packetsComeTwice: Fault = ({ kernels: { initiator } }) => {
  const send = initiator.send.bind(initiator);
  initiator.send = (packet) => send(packet) && send(packet);
};

const packetsOfOneEndAreLost: Fault = ({ network, both }: World) => {
  network.fates.push(({ header, source, octets }) =>
    header === undefined && octets.length > 1 && source.address === both.responder.address ? [] : undefined,
  );
};

const faults: readonly (readonly [name: string, told: RegExp, options: Options])[] = [
  ['an SA stays', /inbound SAs|mirrored SAs|left over/, { fault: neverPerformed('deleteSa') }],
  ['a policy stays', /policies|left over|packets sent/, { fault: neverPerformed('deletePolicy') }],
  ["a child's Delete is lost", /mirrored SAs/, { fault: childDeletesAreLost }],
  [
    'two requests are outstanding',
    /at most one request outstanding: request \d+ of [0-9a-f]{16} is sent while request/,
    {
      fault: followedBy(
        ({ header }) => header?.response === false,
        ({ header, payloads }) => ({ messageId: header.messageId + 1, payloads }),
      ),
    },
  ],
  [
    'a retransmission is another request',
    /is sent again as other octets/,
    { fault: followedBy(({ header }) => header?.response === false, withMore) },
  ],
  [
    'a request is answered in two ways',
    /is answered in two ways/,
    { fault: followedBy(({ header }) => header?.response === true, withMore) },
  ],
  ['packets come twice', /arrived, times: 2/, { fault: packetsComeTwice }],
  ['packets of one end are lost', /responder: packets lost/, { fault: packetsOfOneEndAreLost }],
];

describe('the model notices', () => {
  it.each(faults)('%s', (_name, told, options) => {
    const message = failure(() => explore(1, { ...brief, ...options }));
    expect(message).toMatch(told);
    expect(message).toContain('model seed 1 (path ');
    expect(message).toMatch(/^ {2,}\d+ ms .* IKE_SA_INIT request 0 \{/m);
    const steps = message.split('\n').filter((line) => line.startsWith('  {"do":'));
    expect(steps.length).toBeGreaterThan(0);
    expect(steps.length, message).toBeLessThanOrEqual(shortest);
  });

  it('nothing, where nothing is wrong', () => explore(1, brief));

  it('SAs that somebody holds on to', async () => {
    const census = new Census();
    const add = Children.prototype.add;
    const held: { sas: IkeSa[]; children: ChildSa[] } = { sas: [], children: [] };
    Children.prototype.add = function (child) {
      held.sas.push(this.owner);
      held.children.push(child);
      add.call(this, child);
    };
    try {
      explore(1, { runs: 10, most: 24 });
      const { ikeSas, children } = await census.take();
      expect(children).toBe(held.children.length);
      expect(ikeSas).toBeGreaterThanOrEqual(new Set(held.sas).size);
      held.sas = [];
      expect((await census.take()).ikeSas).toBe(0);
      held.children = [];
      expect(await census.take()).toMatchObject({ ikeSas: 0, children: 0 });
    } finally {
      census.close();
    }
  });
});

function failure(work: () => void): string {
  try {
    work();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return '';
}
