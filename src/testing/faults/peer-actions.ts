/** What the misbehaving peer does of itself: commands to its engine, and messages nobody would send. */
import { ExchangeType } from '../../wire/numbers.ts';
import { Draft, headerFlag, type Sealed } from './draft.ts';
import type { Fields } from './fields.ts';
import { readNumberChange } from './header-actions.ts';
import type { Job, Step, World } from './job.ts';
import { readPayload } from './payload-spec.ts';
import type { PeerCommand } from './script.ts';

export const peerCommands: readonly PeerCommand[] = [
  'initiate',
  'rekey_ike',
  'rekey_child',
  'liveness',
  'close_ike',
  'close_child',
  'restart',
  'reset_seq',
];

/** A command; also of rules that wait for no datagram. */
export function readCommand(fields: Fields): (world: World) => void {
  const command = fields.needed('command', fields.word('command', peerCommands));
  const connection = fields.text('connection');
  const after = fields.number('after', 0, 3_600_000) ?? 0;
  return (world) => world.command(command, connection, after);
}

export const peerActions: Readonly<Record<string, (fields: Fields) => Step>> = {
  command(fields) {
    const command = readCommand(fields);
    return (job) => {
      command(job.world);
      return true;
    };
  },
  inject(fields) {
    const exchange = fields.named('exchange', ExchangeType);
    const message = fields.word('message', ['request', 'response']);
    const messageId = readNumberChange(fields, 'messageId', 0xffff_ffff);
    const encrypted = fields.boolean('encrypted');
    const toward = fields.word('toward', ['receiver', 'sender']) ?? 'receiver';
    const after = fields.number('after', 0, 3_600_000) ?? 1;
    const payloads = (fields.list('payloads') ?? []).map((each, i) =>
      readPayload(each, `${fields.at('payloads')}[${i}]`),
    );
    return (job) => {
      const { draft, flight, world } = job;
      const back = toward === 'sender';
      let flags = back ? draft.header.flags ^ headerFlag.initiator : draft.header.flags;
      const response = message === undefined ? draft.isResponse !== back : message === 'response';
      flags = response ? flags | headerFlag.response : flags & ~headerFlag.response;
      const header = {
        ...draft.header,
        flags,
        exchange: exchange ?? draft.header.exchange,
        messageId: messageId?.(draft.header.messageId) ?? draft.header.messageId,
      };
      const parts = payloads.map((make) => make(world.random));
      const sealed = (encrypted ?? draft.sealed !== undefined) ? sealedBy(job, back) : undefined;
      if (sealed) sealed.inner = parts;
      const made = new Draft(header, sealed ? [] : parts, sealed, draft.marked);
      const { source, destination } = flight;
      const ends = back ? { source: destination, destination: source } : { source, destination };
      job.send(made.octets(world.random), after, ends);
      return true;
    };
  },
};

/** With the keys of the datagram's SA, those of its sender or of its receiver. */
function sealedBy(job: Job, back: boolean): Sealed {
  const { draft, world } = job;
  const keys = world.keys.keysOf(draft.header);
  if (keys === undefined) return job.fail('the keys of this IKE SA are not known');
  const fromInitiator = (draft.header.flags & headerFlag.initiator) !== 0;
  return { keys, byInitiator: fromInitiator !== back, iv: undefined, inner: [], flags: 0 };
}
