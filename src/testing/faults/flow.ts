/** Actions on the datagram as a whole: whether, when, how often and where it arrives. */
import { parseAddress } from '../../wire/address.ts';
import type { Flight } from '../flight.ts';
import type { Fields } from './fields.ts';
import type { Job, Step } from './job.ts';
import { readEdit, readOctets } from './octets.ts';
import { partName, partText, readSelectors } from './parts.ts';

const most = 3_600_000;

export const flowActions: Readonly<Record<string, (fields: Fields) => Step>> = {
  pass: () => (job) => {
    job.isDone = true;
    return true;
  },
  drop: () => (job) => {
    job.arrivals = [];
    return true;
  },
  delay(fields) {
    const after = fields.needed('by', fields.number('by', 0, most));
    return acted((job) => job.arrive({ after }));
  },
  copy(fields) {
    const times = fields.number('times', 1, 10_000) ?? 1;
    const apart = fields.number('apart', 0, most) ?? 1;
    return acted((job) => {
      job.arrivals = job.arrivals.flatMap((arrival) =>
        Array.from({ length: times + 1 }, (_, i) => ({
          ...arrival,
          after: (arrival.after ?? 0) + i * apart,
        })),
      );
    });
  },
  reorder(fields) {
    const behind = fields.number('behind', 1, 1000) ?? 1;
    return acted((job) => job.arrive({ behind }));
  },
  replay(fields) {
    const after = fields.number('after', 0, most) ?? 1;
    const pick = readWhich(fields);
    return (job) => {
      const chosen = pick(job.world.seen.earlier(job.flight));
      for (const [i, earlier] of chosen.entries()) job.send(earlier.octets, after + i, earlier);
      return chosen.length > 0;
    };
  },
  reflect(fields) {
    const after = fields.number('after', 0, most) ?? 0;
    return acted((job) => {
      const { source, destination } = job.flight;
      job.send(job.octets, after, { source: destination, destination: source });
    });
  },
  readdress(fields) {
    const [source, destination] = [readEndpoint(fields, 'source'), readEndpoint(fields, 'destination')];
    if (source === undefined && destination === undefined)
      fields.fail('source', 'missing, and destination too');
    return acted((job) => {
      job.arrive({
        ...(source && { source: { ...job.flight.source, ...source } }),
        ...(destination && { destination: { ...job.flight.destination, ...destination } }),
      });
    });
  },
  datagram(fields) {
    const edit = readEdit(fields);
    return acted((job) => {
      job.octets = edit(job.octets, job.world.random);
    });
  },
  emit(fields) {
    const octets = readOctets(fields.needed('octets', fields.raw('octets')), fields.at('octets'));
    const toward = fields.word('toward', ['receiver', 'sender']) ?? 'receiver';
    const after = fields.number('after', 0, most) ?? 1;
    return acted((job) => {
      const { source, destination } = job.flight;
      const ends = toward === 'receiver' ? job.flight : { source: destination, destination: source };
      job.send(octets(job.world.random), after, ends);
    });
  },
  log(fields) {
    const text = fields.text('text') ?? '';
    const list = fields.list('payload');
    const selectors = list && readSelectors(list, fields.at('payload'));
    if (selectors === undefined) return acted((job) => job.world.log(text));
    return (job) => {
      const parts = job.parts.filter((part) => selectors.some((meant) => meant(part)));
      for (const part of parts) job.world.log(`${text}${text && ' '}${partName(part)} ${partText(part)}`);
      return parts.length > 0;
    };
  },
};

/** A step that always finds something to do. */
const acted =
  (work: (job: Job) => void): Step =>
  (job) => {
    work(job);
    return true;
  };

function readWhich(fields: Fields): (earlier: readonly Flight[]) => readonly Flight[] {
  const raw = fields.raw('which');
  if (typeof raw === 'number') {
    const nth = fields.needed('which', fields.number('which', 1));
    return (earlier) => earlier.slice(nth - 1, nth);
  }
  switch (fields.word('which', ['first', 'previous', 'forward', 'backward'])) {
    case 'first':
      return (earlier) => earlier.slice(0, 1);
    case 'forward':
      return (earlier) => earlier;
    case 'backward':
      return (earlier) => earlier.toReversed();
    default:
      return (earlier) => earlier.slice(-1);
  }
}

function readEndpoint(fields: Fields, name: string): { address?: string; port?: number } | undefined {
  const end = fields.object(name);
  if (end === undefined) return undefined;
  const address = end.text('address');
  if (address !== undefined && parseAddress(address) === undefined)
    end.fail('address', `expected an address, found '${address}'`);
  const port = end.number('port', 1, 65_535);
  end.done();
  return { ...(address !== undefined && { address }), ...(port !== undefined && { port }) };
}
