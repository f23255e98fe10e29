/** One payload of each kind with all its fields: what a script says of payloads is tried on them as it is read. */
import { Encr, IdType, KeyExchangeMethod, ProtocolId, TransformType } from '../../wire/numbers.ts';
import type { KnownPayload } from '../../wire/payloads/index.ts';
import { FaultError } from './fields.ts';

const octets = (length: number): Uint8Array => new Uint8Array(length);

/** Fields that need not be there. */
export const optionalFields: ReadonlySet<string> = new Set(['keyLength', 'attributes', 'reserved', 'type']);
/** And those that need not be said. */
const unsaid: ReadonlySet<string> = new Set([...optionalFields, 'short', 'kind']);

const transformTypes = [
  TransformType.ENCR,
  TransformType.PRF,
  TransformType.INTEG,
  TransformType.KE,
  TransformType.SN,
];

const sa = (type: number) => ({
  kind: 'sa',
  proposals: [
    {
      number: 1,
      protocol: ProtocolId.ESP,
      spi: octets(4),
      transforms: [
        {
          type,
          id: Encr.AES_CBC,
          keyLength: 128,
          attributes: [{ type: 1, value: octets(2), short: true }],
        },
      ],
    },
  ],
});

const range = (length: number) => ({
  kind: 'range',
  protocol: 6,
  startPort: 500,
  endPort: 500,
  start: octets(length),
  end: octets(length),
});

const selectors = [
  range(4),
  range(16),
  { kind: 'label', label: octets(4) },
  { kind: 'unknown', type: 9, protocol: 0, data: octets(4) },
];

const identity = { idType: IdType.KEY_ID, data: octets(4), reserved: octets(3) };

const samples: Readonly<Record<string, readonly object[]>> = {
  sa: transformTypes.map(sa),
  ke: [{ kind: 'ke', group: KeyExchangeMethod.CURVE25519, data: octets(32) }],
  idi: [{ kind: 'idi', ...identity }],
  idr: [{ kind: 'idr', ...identity }],
  cert: [{ kind: 'cert', encoding: 4, data: octets(4) }],
  certreq: [{ kind: 'certreq', encoding: 4, data: octets(4) }],
  auth: [{ kind: 'auth', method: 2, data: octets(32) }],
  nonce: [{ kind: 'nonce', data: octets(32) }],
  notify: [{ kind: 'notify', protocol: 0, spi: octets(4), type: 16_384, data: octets(4) }],
  delete: [{ kind: 'delete', protocol: ProtocolId.ESP, spis: [octets(4)] }],
  vendorId: [{ kind: 'vendorId', data: octets(4) }],
  tsi: selectors.map((each) => ({ kind: 'tsi', selectors: [each] })),
  tsr: selectors.map((each) => ({ kind: 'tsr', selectors: [each] })),
  configuration: [{ kind: 'configuration', type: 1, attributes: [{ type: 1, value: octets(4) }] }],
  eap: [{ kind: 'eap', code: 1, identifier: 1, type: 1, data: octets(4) }],
};

/** Whether any sample of the kind takes it. Throws the FaultError of the first when none does. */
export function tryOnSamples(kind: string, attempt: (sample: KnownPayload) => void): void {
  let first: FaultError | undefined;
  for (const sample of samples[kind] ?? []) {
    try {
      return attempt(sample as KnownPayload);
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      first ??= error;
    }
  }
  if (first) throw first;
}

/** The kinds there are samples of. */
export const sampledKinds: readonly string[] = Object.keys(samples);

/** Throws FaultError when a value has other fields than its sample; `unsaid` ones may be missing. */
export function shaped(value: unknown, sample: unknown, where: string): void {
  if (Array.isArray(value)) {
    if (!Array.isArray(sample)) throw new FaultError(where, 'expected no list here');
    for (const each of value) shaped(each, sample[0], where);
    return;
  }
  if (value instanceof Uint8Array || sample instanceof Uint8Array) {
    if (!(value instanceof Uint8Array && sample instanceof Uint8Array))
      throw new FaultError(where, `expected ${sample instanceof Uint8Array ? '' : 'no '}octets`);
    return;
  }
  if (typeof value !== typeof sample) throw new FaultError(where, `expected ${nounOf(sample)}`);
  if (typeof value !== 'object' || value === null || typeof sample !== 'object' || sample === null) return;
  if (Array.isArray(sample)) throw new FaultError(where, 'expected a list');
  const [is, like] = [value, sample] as Readonly<Record<string, unknown>>[];
  if (is === undefined || like === undefined) return;
  for (const name of Object.keys(is))
    if (!(name in like))
      throw new FaultError(where, `no field '${name}'; there are ${Object.keys(like).join(', ')}`);
  for (const [name, inner] of Object.entries(like)) {
    if (is[name] !== undefined) shaped(is[name], inner, `${where}.${name}`);
    else if (!unsaid.has(name)) throw new FaultError(where, `${name} is missing`);
  }
}

const nounOf = (sample: unknown): string =>
  Array.isArray(sample) ? 'a list' : typeof sample === 'object' ? 'an object' : `a ${typeof sample}`;
