/** Values of payload fields as a script writes them: names of registries, addresses, octets. */
import { parseAddress } from '../../wire/address.ts';
import {
  AuthMethod,
  CertEncoding,
  CfgAttribute,
  CfgType,
  EapCode,
  Encr,
  IdType,
  Integ,
  KeyExchangeMethod,
  NotifyType,
  Prf,
  ProtocolId,
  type Registry,
  SequenceNumbers,
  TransformType,
} from '../../wire/numbers.ts';
import { FaultError, namedNumber } from './fields.ts';
import { readOctets } from './octets.ts';

type Plain = Readonly<Record<string, unknown>>;

const registries: Readonly<Record<string, Registry>> = {
  protocol: ProtocolId,
  group: KeyExchangeMethod,
  method: AuthMethod,
  encoding: CertEncoding,
  idType: IdType,
  code: EapCode,
};

const idRegistries = new Map<number, Registry>([
  [TransformType.ENCR, Encr],
  [TransformType.PRF, Prf],
  [TransformType.INTEG, Integ],
  [TransformType.KE, KeyExchangeMethod],
  [TransformType.SN, SequenceNumbers],
]);

/** `type` and `id` mean what their owner is. */
function registryOf(field: string, owner: Plain): Registry | undefined {
  if (field === 'id') return idRegistries.get(Number(owner.type));
  if (field !== 'type') return registries[field];
  if (owner.kind === 'notify') return NotifyType;
  if (owner.kind === 'configuration') return CfgType;
  if ('value' in owner) return CfgAttribute;
  return TransformType;
}

/** A number, or a name of the field's registry. */
export function numberOf(value: unknown, field: string, owner: Plain, where: string): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && /^\d+$/.test(value)) return Number(value);
  return namedNumber(value, registryOf(field, owner) ?? {}, where);
}

const addressFields: ReadonlySet<string> = new Set(['start', 'end']);
const octetFields: ReadonlySet<string> = new Set(['data', 'spi', 'spis', 'value', 'label', 'start', 'end']);

/** What the field is to hold; `before` is what it held. Random octets come from `randomOctets`. */
export function fieldValue(
  value: unknown,
  field: string,
  owner: Plain,
  before: unknown,
  where: string,
): unknown {
  if (addressFields.has(field) && typeof value === 'string') {
    const address = parseAddress(value);
    if (address) return address;
  }
  if (octetFields.has(field) && !Array.isArray(value)) return octetsOf(value, where);
  if (Array.isArray(value)) return value.map((each) => fieldValue(each, field, {}, undefined, where));
  if (typeof value === 'object' && value !== null) return fieldValues(value as Plain, where);
  if (typeof value === 'boolean' || typeof before === 'boolean') return value;
  return numberOf(value, field, owner, where);
}

/** An object, such as a transform; its `type` first, since `id` depends on it. */
export function fieldValues(values: Plain, where: string): Plain {
  const { kind } = values;
  const made: Record<string, unknown> = kind === undefined ? {} : { kind };
  const entries = Object.entries(values).filter(([name]) => name !== 'kind');
  entries.sort(([a], [b]) => Number(b === 'type') - Number(a === 'type'));
  for (const [name, value] of entries)
    made[name] = fieldValue(value, name, { ...values, ...made }, undefined, `${where}.${name}`);
  return made;
}

function octetsOf(value: unknown, where: string): Uint8Array {
  return readOctets(
    value,
    where,
  )(() => {
    throw new FaultError(where, 'random octets have no place here: use the action octets');
  });
}
