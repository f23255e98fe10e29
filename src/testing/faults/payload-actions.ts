/** Actions on payloads; the message is sealed again with its sender's keys. RFC 7296 §3.2. */
import type { Random } from '../../crypto/provider.ts';
import { codecOfKind, type KnownPayload } from '../../wire/payloads/index.ts';
import { FaultError, type Fields, oneOf } from './fields.ts';
import { readNumberChange } from './header-actions.ts';
import type { Job, Step } from './job.ts';
import { joined, readEdit } from './octets.ts';
import {
  criticalBit,
  type Part,
  payloadNumbers,
  readSelector,
  readSelectors,
  type Selector,
} from './parts.ts';
import { changed, type PathChange, readPath } from './path.ts';
import { encodedBody, readPayload } from './payload-spec.ts';
import { reservedIn } from './reserved.ts';
import { sampledKinds, tryOnSamples } from './samples.ts';
import type { FieldChange } from './script.ts';

type Reading = (fields: Fields) => Step;

export const payloadActions: Readonly<Record<string, Reading>> = {
  reseal: () => (job) => job.draft !== undefined,
  set(fields) {
    const selector = wanted(fields);
    const where = fields.at('field');
    const path = readPath(fields.needed('field', fields.text('field')), where);
    const { change, name } = readChange(fields);
    const plan = { path, change, where };
    const made = fields.at(name);
    const types = typesWith(fields, plan, made);
    return onEach(
      (part) => selector(part) && types.has(part.type),
      (part, job) => {
        const value = job.parsed(part);
        const after = changed(value, plan, { where: made, random: job.world.random, rehearsal: false });
        return { ...part, body: encodedBody(after as KnownPayload, made) };
      },
    );
  },
  add(fields) {
    const make = readPayload(fields.needed('payload', fields.raw('payload')), fields.at('payload'));
    const at = readPlace(fields);
    const times = fields.number('times', 1, 10_000) ?? 1;
    const clear = fields.boolean('clear') ?? false;
    return (job) => {
      const { draft } = job;
      const added = Array.from({ length: times }, () => make(job.world.random));
      if (clear) draft.clear = [...draft.clear, ...added];
      else draft.parts = inserted(job.parts, at, added);
      return true;
    };
  },
  remove: (fields) => filtered(fields, (meant) => !meant),
  keep: (fields) => filtered(fields, (meant) => meant),
  duplicate(fields) {
    const selector = wanted(fields);
    const times = fields.number('times', 1, 10_000) ?? 1;
    return (job) => {
      const { parts } = job;
      job.draft.parts = parts.flatMap((part) => (selector(part) ? Array(times + 1).fill(part) : [part]));
      return parts.some(selector);
    };
  },
  order(fields) {
    const raw = fields.raw('payloads');
    const arrange = Array.isArray(raw)
      ? inOrder(readSelectors(raw, fields.at('payloads')))
      : oneOf(raw, ['reverse', 'shuffle'], fields.at('payloads')) === 'reverse'
        ? (parts: readonly Part[]) => parts.toReversed()
        : shuffled;
    return (job) => {
      job.draft.parts = arrange(job.parts, job.world.random);
      return true;
    };
  },
  critical(fields) {
    const selector = wanted(fields);
    const value = fields.boolean('value') ?? true;
    return onEach(selector, (part) => ({
      ...part,
      flags: value ? part.flags | criticalBit : part.flags & ~criticalBit,
    }));
  },
  reserved(fields) {
    const selector = wanted(fields);
    const bits = fields.number('bits', 0, 0x7f);
    const octets = fields.number('octets', 0, 255);
    if (bits === undefined && octets === undefined) fields.fail('bits', 'missing, and octets too');
    return onEach(selector, (part) => {
      const body = part.body.slice();
      if (octets !== undefined) for (const at of reservedIn(part)) body[at] = octets;
      return { ...part, body, flags: (part.flags & criticalBit) | (bits ?? part.flags & 0x7f) };
    });
  },
  length(fields) {
    const selector = wanted(fields);
    const to = fields.needed('to', readNumberChange(fields, 'to', 0xffff));
    return onEach(selector, (part) => ({ ...part, length: to(part.body.length + 4) }));
  },
  next(fields) {
    const selector = wanted(fields);
    const next = fields.needed('to', fields.number('to', 0, 255));
    return onEach(selector, (part) => ({ ...part, next }));
  },
  type(fields) {
    const selector = wanted(fields);
    const type = fields.needed('to', fields.number('to', 0, 255));
    return onEach(selector, (part) => ({ ...part, type }));
  },
  octets(fields) {
    const selector = wanted(fields);
    const edit = readEdit(fields);
    return onEach(selector, (part, job) => ({ ...part, body: edit(part.body, job.world.random) }));
  },
  fill(fields) {
    const to = fields.needed('to', fields.number('to', 0, 0xffff));
    const make = readPayload(fields.raw('payload') ?? { payload: 'V' }, fields.at('payload'));
    return (job) => {
      const part = make(job.world.random);
      const before = job.parts;
      const sized = (extra: number): number => {
        const body = joined(part.body, new Uint8Array(extra));
        job.draft.parts = [...before, { ...part, body }];
        return job.octets.length;
      };
      const missing = to - sized(0);
      if (missing <= 0) return false;
      // Padding to whole blocks: the first size that reaches it.
      for (let extra = missing; extra > 0 && sized(extra - 1) >= to; ) extra--;
      return sized(missing) >= to;
    };
  },
};

const wanted = (fields: Fields): Selector =>
  readSelector(fields.needed('payload', fields.raw('payload')), fields.at('payload'));

function onEach(selector: Selector, change: (part: Part, job: Job) => Part): Step {
  return (job) => {
    const { parts } = job;
    job.draft.parts = parts.map((part) => (selector(part) ? change(part, job) : part));
    return parts.some(selector);
  };
}

function filtered(fields: Fields, keeps: (meant: boolean) => boolean): Step {
  const list = fields.needed('payload', fields.list('payload'));
  const selectors = readSelectors(list, fields.at('payload'));
  return (job) => {
    const { parts } = job;
    job.draft.parts = parts.filter((part) => keeps(selectors.some((meant) => meant(part))));
    return job.parts.length < parts.length;
  };
}

/** The types of payloads meant by `payload` on which the change is possible. Throws FaultError when there are none. */
function typesWith(fields: Fields, plan: PathChange, made: string): ReadonlySet<number> {
  const payload = fields.raw('payload');
  const meant = payload === 'all' ? undefined : payloadNumbers(payload, fields.at('payload')).type;
  const codecs = sampledKinds.map((kind) => codecOfKind(kind as KnownPayload['kind']));
  const chosen = codecs.filter(({ type }) => type === (meant ?? type));
  if (chosen.length === 0) fields.fail('payload', `payload ${meant} has no fields: use octets`);
  const random: Random = (length) => new Uint8Array(length);
  const types = new Set<number>();
  let first: unknown;
  for (const { kind, type } of chosen) {
    try {
      tryOnSamples(kind, (sample) => {
        const after = changed(sample, plan, { where: made, random, rehearsal: true });
        if (plan.change.add === undefined) encodedBody(after as KnownPayload, made);
      });
      types.add(type);
    } catch (error) {
      first ??= error;
    }
  }
  if (types.size === 0) throw first;
  return types;
}

function readChange(fields: Fields): { readonly change: FieldChange; readonly name: string } {
  const change: Record<string, unknown> = {};
  for (const name of ['to', 'append', 'prepend'] as const)
    if (fields.has(name)) change[name] = fields.raw(name);
  for (const name of ['omit', 'duplicate'] as const) if (fields.boolean(name)) change[name] = true;
  const add = fields.number('add', -0xffff, 0xffff);
  if (add !== undefined) change.add = add;
  const [name, ...more] = Object.keys(change);
  if (name !== undefined && more.length === 0) return { change, name };
  throw new FaultError(fields.where, 'expected one of to, add, append, prepend, omit and duplicate');
}

function readPlace(fields: Fields): number | 'first' | 'last' {
  const raw = fields.raw('at');
  if (typeof raw === 'number') return fields.number('at', 0, 255) ?? 0;
  const words = ['first', 'last'] as const;
  return raw === undefined ? 'last' : oneOf(raw, words, fields.at('at'));
}

function inserted(parts: readonly Part[], at: number | 'first' | 'last', added: readonly Part[]): Part[] {
  const index = at === 'first' ? 0 : at === 'last' ? parts.length : at;
  return parts.toSpliced(index, 0, ...added);
}

/** Those that are named come first, in that order. */
const inOrder =
  (selectors: readonly Selector[]) =>
  (parts: readonly Part[]): Part[] => {
    const named = selectors.flatMap((selector) => parts.filter(selector));
    const first = [...new Set(named)];
    return [...first, ...parts.filter((part) => !first.includes(part))];
  };

function shuffled(parts: readonly Part[], random: Random): Part[] {
  const mixed = [...parts];
  for (let at = mixed.length - 1; at > 0; at--) {
    const other = (random(1)[0] ?? 0) % (at + 1);
    const [a, b] = [mixed[at], mixed[other]];
    if (a && b) [mixed[at], mixed[other]] = [b, a];
  }
  return mixed;
}
