/** Values of payload fields as a script writes them: names of registries, addresses, octets. */

import type { Random } from '../../crypto/provider.ts';
import { parseAddress } from '../../wire/address.ts';
import {
  AuthMethod,
  CertEncoding,
  CfgAttribute,
  CfgType,
  EapCode,
  EapType,
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
  TsType,
} from '../../wire/numbers.ts';
import { namedNumber } from './fields.ts';
import { readOctets } from './octets.ts';

export type Plain = Readonly<Record<string, unknown>>;

/** What values are made with. */
export interface Making {
  /** The place in the script, for errors. */
  readonly where: string;
  readonly random: Random;
  /** A rehearsal, as the script is read: every element of a list stands for those that will be there. */
  readonly rehearsal: boolean;
}

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
  if (owner.kind === 'eap') return EapType;
  if (owner.kind === 'unknown') return TsType;
  if ('value' in owner) return CfgAttribute;
  return TransformType;
}

/** A number, or a name of the field's registry. */
export function numberOf(value: unknown, field: string, owner: Plain, where: string): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && /^\d+$/.test(value)) return Number(value);
  return namedNumber(value, registryOf(field, owner) ?? {}, where);
}

/** The same of a condition: undefined for a name that means nothing of this owner. */
export function conditionOf(text: string, field: string, owner: Plain): unknown {
  if (typeof owner[field] === 'string') return text;
  if (/^\d+$/.test(text)) return Number(text);
  const registry = registryOf(field, owner) ?? {};
  return registry[text] ?? registry[text.toUpperCase()];
}

const addressFields: ReadonlySet<string> = new Set(['start', 'end']);
const octetFields: ReadonlySet<string> = new Set([
  'data',
  'spi',
  'spis',
  'value',
  'label',
  'start',
  'end',
  'reserved',
]);

/** What the field is to hold; `before` is what it held. */
export function fieldValue(
  value: unknown,
  field: string,
  owner: Plain,
  before: unknown,
  making: Making,
): unknown {
  const { where, random } = making;
  if (addressFields.has(field) && typeof value === 'string') {
    const address = parseAddress(value);
    if (address) return address;
  }
  if (octetFields.has(field) && !Array.isArray(value)) return readOctets(value, where)(random);
  if (Array.isArray(value)) return value.map((each) => fieldValue(each, field, {}, undefined, making));
  if (typeof value === 'object' && value !== null) return fieldValues(value as Plain, making);
  if (typeof value === 'boolean' || typeof before === 'boolean') return value;
  return numberOf(value, field, owner, where);
}

/** An object, such as a transform; its `type` first, since `id` depends on it. */
export function fieldValues(values: Plain, making: Making): Plain {
  const { kind } = values;
  const made: Record<string, unknown> = kind === undefined ? {} : { kind };
  const entries = Object.entries(values).filter(([name]) => name !== 'kind');
  entries.sort(([a], [b]) => Number(b === 'type') - Number(a === 'type'));
  for (const [name, value] of entries)
    made[name] = fieldValue(value, name, { ...values, ...made }, undefined, {
      ...making,
      where: `${making.where}.${name}`,
    });
  return made;
}
