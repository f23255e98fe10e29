/** Actions on the IKE header and on what else stands outside of payloads. RFC 7296 §3.1, RFC 7383 §2.5. */
import { ExchangeType } from '../../wire/numbers.ts';
import { type DraftHeader, headerFlag } from './draft.ts';
import { FaultError, type Fields, wholeNumber } from './fields.ts';
import type { Step } from './job.ts';
import { readOctets } from './octets.ts';

const u32 = 0xffff_ffff;

type Change = (value: number) => number;

/** A number, or `{"add": n}`; wraps around at `most`. */
export function readNumberChange(fields: Fields, name: string, most: number): Change | undefined {
  const raw = fields.raw(name);
  if (raw === undefined) return undefined;
  if (typeof raw === 'number') {
    const to = wholeNumber(raw, fields.at(name), 0, most);
    return () => to;
  }
  const inner = fields.object(name);
  const add = inner?.needed('add', inner.number('add', -most, most)) ?? 0;
  inner?.done();
  return (value) => (((value + add) % (most + 1)) + most + 1) % (most + 1);
}

export const headerActions: Readonly<Record<string, (fields: Fields) => Step>> = {
  header(fields) {
    const changes = [
      readSpi(fields, 'initiatorSpi'),
      readSpi(fields, 'responderSpi'),
      readVersion(fields),
      readFlag(fields, 'initiator'),
      readFlag(fields, 'response'),
      readFlag(fields, 'higherVersion'),
      readBits(fields),
      readExchange(fields),
      readMessageId(fields),
      readLength(fields),
      readNext(fields),
    ].filter((change) => change !== undefined);
    if (changes.length === 0) throw new FaultError(fields.where, 'says no field of the header');
    return (job) => {
      const { draft } = job;
      const length = (): number => job.octets.length - (draft.marked ? 4 : 0);
      for (const change of changes) change(draft.header, length);
      return true;
    };
  },
  fragment(fields) {
    const number = readNumberChange(fields, 'number', 0xffff);
    const total = readNumberChange(fields, 'total', 0xffff);
    const first = fields.number('first', 0, 255);
    return (job) => {
      const { sealed } = job.draft;
      if (sealed?.fragment === undefined) return false;
      const before = sealed.fragment;
      sealed.fragment = {
        number: number?.(before.number) ?? before.number,
        total: total?.(before.total) ?? before.total,
        first: first ?? before.first,
      };
      return true;
    };
  },
  marker(fields) {
    const present = fields.needed('present', fields.boolean('present'));
    return (job) => {
      job.draft.marked = present;
      return true;
    };
  },
};

type HeaderChange = (header: DraftHeader, length: () => number) => void;

function readSpi(fields: Fields, name: 'initiatorSpi' | 'responderSpi'): HeaderChange | undefined {
  if (!fields.has(name)) return undefined;
  const octets = readOctets(fields.raw(name), fields.at(name));
  const spi = (): Uint8Array => octets((length) => new Uint8Array(length).fill(0x5a));
  if (spi().length !== 8) fields.fail(name, `expected 8 octets, found ${spi().length}`);
  return (header) => {
    header[name] = new DataView(spi().slice().buffer).getBigUint64(0);
  };
}

function readVersion(fields: Fields): HeaderChange | undefined {
  const major = readNumberChange(fields, 'majorVersion', 15);
  const minor = readNumberChange(fields, 'minorVersion', 15);
  if (major === undefined && minor === undefined) return undefined;
  return (header) => {
    const [high, low] = [header.version >> 4, header.version & 0x0f];
    header.version = ((major?.(high) ?? high) << 4) | (minor?.(low) ?? low);
  };
}

function readFlag(fields: Fields, name: keyof typeof headerFlag): HeaderChange | undefined {
  const raw = fields.raw(name);
  if (raw === undefined) return undefined;
  const to = raw === 'toggle' ? raw : fields.boolean(name);
  const bit = headerFlag[name];
  return (header) => {
    if (to === 'toggle') header.flags ^= bit;
    else header.flags = to ? header.flags | bit : header.flags & ~bit;
  };
}

function readBits(fields: Fields): HeaderChange | undefined {
  const bits = fields.number('flags', 0, 255);
  if (bits === undefined) return undefined;
  return (header) => {
    header.flags |= bits;
  };
}

function readExchange(fields: Fields): HeaderChange | undefined {
  const exchange = fields.named('exchange', ExchangeType);
  if (exchange === undefined) return undefined;
  return (header) => {
    header.exchange = exchange;
  };
}

function readMessageId(fields: Fields): HeaderChange | undefined {
  const change = readNumberChange(fields, 'messageId', u32);
  if (change === undefined) return undefined;
  return (header) => {
    header.messageId = change(header.messageId);
  };
}

function readLength(fields: Fields): HeaderChange | undefined {
  const change = readNumberChange(fields, 'length', u32);
  if (change === undefined) return undefined;
  return (header, length) => {
    header.length = change(length());
  };
}

function readNext(fields: Fields): HeaderChange | undefined {
  const next = fields.number('nextPayload', 0, 255);
  if (next === undefined) return undefined;
  return (header) => {
    header.nextPayload = next;
  };
}
