/** Which datagrams a rule is for. */
import { ExchangeType } from '../../wire/numbers.ts';
import { isKeepalive } from '../../wire/udp-encap.ts';
import type { Flight } from '../flight.ts';
import type { KeyRing } from '../key-ring.ts';
import { takeApart } from './draft.ts';
import { FaultError, type Fields, namedNumber, wholeNumber } from './fields.ts';
import { readSelectors, type Selector } from './parts.ts';
import type { Seen } from './seen.ts';

/** True for a datagram the rule is for; it counts what it is asked. */
export type Matcher = (flight: Flight, seen: Seen) => boolean;

type Test = (flight: Flight, seen: Seen) => boolean;

/** Reads a rule's `on`; without one every IKE datagram is meant. */
export function readMatch(fields: Fields | undefined, keys: KeyRing): Matcher {
  if (fields === undefined) return isIke;
  const esp = fields.boolean('esp') ?? false;
  const tests: (Test | undefined)[] = [
    esp ? isEsp : isIke,
    readDirection(fields),
    readText(fields, 'from', ({ source }) => source.address),
    readText(fields, 'to', ({ destination }) => destination.address),
    readSender(fields),
    readExchanges(fields),
    readMessage(fields),
    readNumber(fields, 'messageId', ({ header }) => header?.messageId),
    readPayloads(fields, 'payload', keys),
    readPayloads(fields, 'without', keys),
    readNumber(fields, 'fragment', ({ fragment }) => fragment?.number),
    readRetransmission(fields),
    readNumber(fields, 'sa', (flight, seen) => seen.saNumber(flight)),
  ];
  const counted = readCount(fields);
  fields.done();
  const wanted = tests.filter((test) => test !== undefined);
  return (flight, seen) => wanted.every((test) => test(flight, seen)) && counted(flight, seen);
}

const isIke: Test = ({ octets, header }) =>
  header !== undefined || !(isKeepalive(octets) || isEspLike(octets));
const isEsp: Test = ({ octets, header }) => header === undefined && isEspLike(octets);

/** An SPI that is not zero, and a sequence number. RFC 4303 §2. */
const isEspLike = (octets: Uint8Array): boolean =>
  octets.length >= 8 && octets.subarray(0, 4).some((octet) => octet !== 0);

function readDirection(fields: Fields): Test | undefined {
  const direction = fields.word('direction', ['in', 'out']);
  return direction && ((flight, seen) => seen.direction(flight) === direction);
}

function readSender(fields: Fields): Test | undefined {
  const sender = fields.word('sender', ['initiator', 'responder']);
  return sender && (({ header }) => header?.initiator === (sender === 'initiator'));
}

function readMessage(fields: Fields): Test | undefined {
  const message = fields.word('message', ['request', 'response']);
  return message && (({ header }) => header?.response === (message === 'response'));
}

function readExchanges(fields: Fields): Test | undefined {
  const exchanges = fields
    .list('exchange')
    ?.map((each) => namedNumber(each, ExchangeType, fields.at('exchange')));
  return exchanges && (({ header }) => header !== undefined && exchanges.includes(header.exchange));
}

function readText(fields: Fields, name: string, of: (flight: Flight) => string): Test | undefined {
  const text = fields.text(name);
  return text === undefined ? undefined : (flight) => of(flight) === text;
}

function readNumber(
  fields: Fields,
  name: string,
  of: (flight: Flight, seen: Seen) => number | undefined,
): Test | undefined {
  const number = fields.number(name, 0, 0xffff_ffff);
  return number === undefined ? undefined : (flight, seen) => of(flight, seen) === number;
}

function readRetransmission(fields: Fields): Test | undefined {
  const again = fields.boolean('retransmission');
  return again === undefined ? undefined : (flight, seen) => seen.isAgain(flight) === again;
}

/** All of `payload` are there, or none of `without`. Unreadable messages have no payloads that could be told. */
function readPayloads(fields: Fields, name: 'payload' | 'without', keys: KeyRing): Test | undefined {
  const list = fields.list(name);
  if (list === undefined) return undefined;
  const selectors = readSelectors(list, fields.at(name));
  const has = (flight: Flight, selector: Selector): boolean => {
    const draft = takeApart(flight.octets, keys);
    return [...(draft?.clear ?? []), ...(draft?.parts ?? [])].some(selector);
  };
  if (name === 'payload') return (flight) => selectors.every((selector) => has(flight, selector));
  return (flight) => !selectors.some((selector) => has(flight, selector));
}

function readCount(fields: Fields): Test {
  const nth = fields.list('nth')?.map((each) => wholeNumber(each, fields.at('nth'), 1, 1_000_000));
  const every = fields.number('every', 1, 1_000_000);
  const perSa = fields.boolean('perSa') ?? false;
  if (nth !== undefined && every !== undefined)
    throw new FaultError(fields.at('every'), 'nth is said too: choose one');
  const counts = new Map<number, number>();
  return (flight, seen) => {
    const key = perSa ? (seen.saNumber(flight) ?? 0) : 0;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return nth?.includes(count) ?? (every === undefined || count % every === 0);
  };
}
