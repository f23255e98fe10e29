/** `proposals.*.transforms[type=INTEG].id`: fields of a payload's plain value, and what becomes of them. */
import { FaultError } from './fields.ts';
import { optionalFields, shaped } from './samples.ts';
import type { FieldChange } from './script.ts';
import { conditionOf, fieldValue, type Making, numberOf, type Plain } from './values.ts';

type Step =
  | { readonly name: string }
  | { readonly every: true }
  | { readonly field: string; readonly is: string };
export type Path = readonly Step[];

/** A change of what is at a path, and where the script says either. */
export interface PathChange {
  readonly path: Path;
  readonly change: FieldChange;
  /** The place of the path; the change's own is that of the `Making`. */
  readonly where: string;
}

const steps = /^(?:(?:^|\.)([^.[\]]+)|\[([^=\]]+)=([^\]]+)\])+$/;

/** Reads a path. Throws FaultError on what is none. */
export function readPath(text: string, where: string): Path {
  if (!steps.test(text))
    throw new FaultError(
      where,
      `'${text}' is no field, such as data, proposals.0.number or transforms[type=KE]`,
    );
  return [...text.matchAll(/([^.[\]]+)|\[([^=\]]+)=([^\]]+)\]/g)].flatMap(([, name, field, is]): Step[] => {
    if (name === '*') return [{ every: true }];
    if (name !== undefined) return [{ name }];
    return field !== undefined && is !== undefined ? [{ field, is }] : [];
  });
}

/** The value with its fields at the path changed. Throws FaultError when there is no such field. */
export function changed(value: unknown, { path, change, where }: PathChange, making: Making): unknown {
  const [step, ...rest] = path;
  const inner: PathChange = { path: rest, change, where };
  if (step === undefined) return replacement(value, change, '', {}, making);
  if (Array.isArray(value)) return changedList(value, step, inner, making);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || !('name' in step))
    throw new FaultError(where, `there is no ${stepText(step)} in what is no list and has no fields`);
  const owner = value as Plain;
  if (!(step.name in owner || (rest.length === 0 && optionalFields.has(step.name))))
    throw new FaultError(where, `no field '${step.name}'; there are ${names(owner)}`);
  if (rest.length > 0) return { ...owner, [step.name]: changed(owner[step.name], inner, making) };
  if (change.omit && optionalFields.has(step.name))
    return Object.fromEntries(Object.entries(owner).filter(([name]) => name !== step.name));
  return { ...owner, [step.name]: replacement(owner[step.name], change, step.name, owner, making) };
}

function changedList(list: readonly unknown[], step: Step, inner: PathChange, making: Making): unknown[] {
  return list.flatMap((each, i) => {
    const element = making.rehearsal ? rehearsed(each, step, inner.where) : each;
    if (!making.rehearsal && !isMeant(element, i, step)) return [element];
    if (inner.path.length > 0) return [changed(element, inner, making)];
    if (inner.change.omit) return [];
    if (inner.change.duplicate) return [element, element];
    return [replacement(element, inner.change, '', {}, making)];
  });
}

function isMeant(element: unknown, index: number, step: Step): boolean {
  if ('every' in step) return true;
  if ('name' in step) return String(index) === step.name;
  const owner = element as Plain;
  return owner[step.field] !== undefined && owner[step.field] === conditionOf(step.is, step.field, owner);
}

/** The sample as the step wants it. Throws FaultError when no element of this list can be meant. */
function rehearsed(element: unknown, step: Step, where: string): unknown {
  if ('every' in step) return element;
  if ('name' in step) {
    if (/^\d+$/.test(step.name)) return element;
    throw new FaultError(
      where,
      `'${step.name}' is no place in a list: expected a number, * or [field=value]`,
    );
  }
  const owner = element as Plain;
  if (typeof element !== 'object' || element === null || !(step.field in owner))
    throw new FaultError(where, `no field '${step.field}' in ${stepText(step)}; there are ${names(owner)}`);
  if (typeof owner[step.field] === 'string') {
    if (owner[step.field] === step.is) return element;
    throw new FaultError(where, `there is no ${stepText(step)}: expected ${owner[step.field]}`);
  }
  return { ...owner, [step.field]: numberOf(step.is, step.field, owner, where) };
}

/** The new value of a field, in the words of its registry. */
function replacement(
  before: unknown,
  change: FieldChange,
  field: string,
  owner: Plain,
  making: Making,
): unknown {
  const { where } = making;
  const made = (value: unknown, like: unknown): unknown => {
    const after = fieldValue(value, field, owner, before, making);
    if (making.rehearsal) shaped(after, like, where);
    return after;
  };
  if (change.add !== undefined) {
    if (typeof before !== 'number') throw new FaultError(where, `'${field}' is no number to add to`);
    return before + change.add;
  }
  if (Array.isArray(before)) {
    if (change.append !== undefined) return [...before, made(change.append, before[0])];
    if (change.prepend !== undefined) return [made(change.prepend, before[0]), ...before];
    if (change.omit) return [];
  }
  if (change.to === undefined)
    throw new FaultError(where, field ? `'${field}' is no list, and always there` : 'this is no list');
  return made(change.to, before);
}

const stepText = (step: Step): string =>
  'name' in step ? `'${step.name}'` : 'every' in step ? '*' : `[${step.field}=${step.is}]`;

const names = (value: object): string =>
  Object.keys(value)
    .filter((name) => name !== 'kind')
    .join(', ');
