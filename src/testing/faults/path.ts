/** `proposals.*.transforms[type=INTEG].id`: fields of a payload's plain value, and what becomes of them. */
import { FaultError } from './fields.ts';
import type { FieldChange } from './script.ts';
import { fieldValue, numberOf } from './values.ts';

type Step =
  | { readonly name: string }
  | { readonly every: true }
  | { readonly field: string; readonly is: string };
type Plain = Readonly<Record<string, unknown>>;

/** Fields of payloads that need not be there. */
const optional: ReadonlySet<string> = new Set(['keyLength', 'attributes', 'reserved', 'type']);

/** Reads a path. Throws FaultError on what is none. */
export function readPath(text: string, where: string): readonly Step[] {
  const steps: Step[] = [];
  for (const [, name, field, is] of text.matchAll(/([^.[\]]+)|\[([^=\]]+)=([^\]]+)\]/g)) {
    if (name === '*') steps.push({ every: true });
    else if (name !== undefined) steps.push({ name });
    else if (field !== undefined && is !== undefined) steps.push({ field, is });
  }
  if (steps.length > 0) return steps;
  throw new FaultError(
    where,
    `'${text}' is no field, such as data, proposals.0.number or transforms[type=KE]`,
  );
}

/** The value with its fields at `path` changed; `kind` is that of the payload. Throws FaultError when there is no such field. */
export function changed(value: unknown, path: readonly Step[], change: FieldChange, where: string): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return replacement(value, change, where, '', {});
  if (Array.isArray(value)) return changedList(value, step, rest, change, where);
  if (typeof value !== 'object' || value === null || !('name' in step))
    throw new FaultError(where, `no field ${stepText(step)} in ${JSON.stringify(value)}`);
  const owner = value as Plain;
  if (rest.length > 0) {
    if (!(step.name in owner))
      throw new FaultError(where, `no field '${step.name}'; there are ${names(owner)}`);
    return { ...owner, [step.name]: changed(owner[step.name], rest, change, where) };
  }
  if (!(step.name in owner || optional.has(step.name)))
    throw new FaultError(where, `no field '${step.name}'; there are ${names(owner)}`);
  if (change.omit) return Object.fromEntries(Object.entries(owner).filter(([name]) => name !== step.name));
  return { ...owner, [step.name]: replacement(owner[step.name], change, where, step.name, owner) };
}

function changedList(
  list: readonly unknown[],
  step: Step,
  rest: readonly Step[],
  change: FieldChange,
  where: string,
): unknown[] {
  return list.flatMap((element, i) => {
    if (!isMeant(element, i, step, where)) return [element];
    if (rest.length > 0) return [changed(element, rest, change, where)];
    if (change.omit) return [];
    if (change.duplicate) return [element, element];
    return [replacement(element, change, where, '', {})];
  });
}

function isMeant(element: unknown, index: number, step: Step, where: string): boolean {
  if ('every' in step) return true;
  if ('name' in step) return String(index) === step.name;
  const owner = element as Plain;
  return owner[step.field] === numberOf(step.is, step.field, owner, where);
}

/** The new value of a field, in the words of its registry. */
function replacement(
  before: unknown,
  change: FieldChange,
  where: string,
  field: string,
  owner: Plain,
): unknown {
  const made = (value: unknown): unknown => fieldValue(value, field, owner, before, where);
  if (change.add !== undefined) {
    if (typeof before !== 'number') throw new FaultError(where, `'${field}' is no number to add to`);
    return before + change.add;
  }
  if (Array.isArray(before)) {
    if (change.append !== undefined) return [...before, made(change.append)];
    if (change.prepend !== undefined) return [made(change.prepend), ...before];
    if (change.omit) return [];
  }
  if (change.to === undefined) throw new FaultError(where, `nothing to do to '${field}'`);
  return made(change.to);
}

const stepText = (step: Step): string =>
  'name' in step ? `'${step.name}'` : 'every' in step ? '*' : `[${step.field}=${step.is}]`;

const names = (value: object): string => Object.keys(value).join(', ');
