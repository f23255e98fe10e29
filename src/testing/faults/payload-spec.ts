/** Payloads as a script writes them: `{"payload":"N(COOKIE)","data":"00ff"}`. */
import type { Random } from '../../crypto/provider.ts';
import { codecOfKind, codecOfType, type KnownPayload } from '../../wire/payloads/index.ts';
import { Writer } from '../../wire/writer.ts';
import { FaultError, Fields } from './fields.ts';
import { readOctets } from './octets.ts';
import { criticalBit, type Part, payloadNumbers } from './parts.ts';
import { shaped, tryOnSamples } from './samples.ts';
import { fieldValues } from './values.ts';

const none = new Uint8Array();

/** Fields that need not be there, and that no default gives. */
const optional: ReadonlySet<string> = new Set(['type', 'reserved']);

/** What is not said of a payload. */
const defaults: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  sa: { proposals: [] },
  ke: { group: 0, data: none },
  idi: { idType: 11, data: none },
  idr: { idType: 11, data: none },
  cert: { encoding: 4, data: none },
  certreq: { encoding: 4, data: none },
  auth: { method: 2, data: none },
  nonce: { data: none },
  notify: { protocol: 0, spi: none, data: none },
  delete: { protocol: 1, spis: [] },
  vendorId: { data: none },
  tsi: { selectors: [] },
  tsr: { selectors: [] },
  configuration: { type: 1, attributes: [] },
  eap: { code: 1, identifier: 0, data: none },
};

/** Reads a payload; what is random in it is drawn each time it is made. */
export function readPayload(value: unknown, where: string): (random: Random) => Part {
  const fields = new Fields(value, where);
  const { type, notify } = payloadNumbers(fields.raw('payload'), fields.at('payload'));
  const flags = fields.boolean('critical') ? criticalBit : 0;
  const codec = codecOfType(type);
  if (fields.has('body') || codec === undefined || defaults[codec.kind] === undefined) {
    const body = fields.has('body') ? readOctets(fields.raw('body'), fields.at('body')) : () => none;
    fields.done();
    return (random) => ({ type, flags, body: body(random) });
  }
  const { data, ...rest } = fields.rest;
  const known = {
    kind: codec.kind,
    ...defaults[codec.kind],
    ...(notify !== undefined && { type: notify }),
  };
  for (const name of Object.keys(rest))
    if (!(name in known || optional.has(name)))
      fields.fail(name, `no such field; there are ${Object.keys(known).slice(1).join(', ')}`);
  const octets = data === undefined ? undefined : readOctets(data, fields.at('data'));
  const payload = (random: Random, rehearsal: boolean): KnownPayload => {
    const said = fieldValues({ kind: codec.kind, ...rest }, { where, random, rehearsal });
    return { ...known, ...said, ...(octets && { data: octets(random) }) } as unknown as KnownPayload;
  };
  const make = (random: Random, rehearsal = false): Part => ({
    type,
    flags,
    body: encodedBody(payload(random, rehearsal), where),
  });
  const zeros: Random = (length) => new Uint8Array(length);
  make(zeros, true);
  tryOnSamples(codec.kind, (sample) => shaped(payload(zeros, true), sample, where));
  return (random) => make(random);
}

/** Throws FaultError on values that do not fit their fields. */
export function encodedBody(payload: KnownPayload, where: string): Uint8Array {
  const writer = new Writer();
  try {
    codecOfKind(payload.kind).encode(writer, payload);
  } catch (error) {
    throw new FaultError(
      where,
      `this payload cannot be made: ${error instanceof Error ? error.message : error}`,
    );
  }
  return writer.finish();
}
