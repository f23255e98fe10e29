/** Reads a fault script into rules that can act. Every mistake names the rule and the field. */

import type { KeyRing } from '../key-ring.ts';
import { authActions } from './auth-actions.ts';
import { FaultError, Fields, oneOf } from './fields.ts';
import { flowActions } from './flow.ts';
import { headerActions } from './header-actions.ts';
import type { Step, World } from './job.ts';
import { type KernelRule, kernelActionNames, readKernelRule } from './kernel-rules.ts';
import { type Matcher, readMatch } from './match.ts';
import { payloadActions } from './payload-actions.ts';
import { peerActions, readCommand } from './peer-actions.ts';

/** Every action on datagrams, by its name. */
export const datagramActions: Readonly<Record<string, (fields: Fields) => Step>> = {
  ...flowActions,
  ...headerActions,
  ...payloadActions,
  ...authActions,
  ...peerActions,
};

/** Names of all actions, for the documentation. */
export const actionNames: readonly string[] = [
  ...new Set([...Object.keys(datagramActions), ...kernelActionNames]),
];

interface Common {
  /** `rule 2 "lose AUTH"`. */
  readonly where: string;
}

export interface DatagramRule extends Common {
  readonly kind: 'datagram';
  readonly matches: Matcher;
  readonly steps: readonly Step[];
}

export interface TimedRule extends Common {
  readonly kind: 'timed';
  readonly at: number;
  readonly work: (world: World) => void;
}

export type Rule = DatagramRule | TimedRule | (Common & { readonly kind: 'kernel' } & KernelRule);

/** `connections` are those a command may name. Throws FaultError on the first mistake. */
export function readRules(script: unknown, keys: KeyRing, connections: readonly string[]): Rule[] {
  const fields = new Fields(script, 'script');
  const rules = fields.raw('rules');
  if (!Array.isArray(rules)) return fields.fail('rules', 'expected a list of rules');
  fields.done();
  return rules.map((rule, i) => readRule(rule, i + 1, keys, connections));
}

function readRule(value: unknown, number: number, keys: KeyRing, connections: readonly string[]): Rule {
  const unnamed = new Fields(value, `rule ${number}`);
  const name = unnamed.text('name');
  const where = name === undefined ? unnamed.where : `rule ${number} "${name}"`;
  const fields = new Fields(value, where);
  fields.text('name');
  const at = fields.number('at', 0, 86_400_000);
  const [on, kernel] = [within(fields, 'on', where), within(fields, 'kernel', where)];
  if ([at, on, kernel].filter((each) => each !== undefined).length > 1)
    throw new FaultError(where, 'says more than one of on, at and kernel');
  const actions = readActions(fields, where);
  for (const { action, fields: each } of actions)
    if (action === 'command' && each.has('connection')) each.word('connection', connections);
  fields.done();
  if (kernel) return { kind: 'kernel', where, ...readKernelRule(kernel, actions) };
  if (at !== undefined) return { kind: 'timed', where, at, work: readTimed(actions) };
  const steps = actions.map(({ action, fields: each }) => finished(each, readAction(action, each)));
  return { kind: 'datagram', where, matches: readMatch(on, keys), steps };
}

/** An action's name and its fields. */
export interface NamedAction {
  readonly action: string;
  readonly fields: Fields;
}

function readActions(fields: Fields, where: string): NamedAction[] {
  const list = fields.needed('do', fields.list('do'));
  if (list.length === 0) fields.fail('do', 'expected an action');
  return list.map((each, i) => {
    const place = `${where}, ${list.length === 1 && !Array.isArray(fields.raw('do')) ? 'do' : `do[${i}]`}`;
    const inner = new Fields(typeof each === 'string' ? { action: each } : each, place);
    return { action: inner.needed('action', inner.text('action')), fields: inner };
  });
}

function readAction(action: string, fields: Fields): Step {
  const known = oneOf(action, Object.keys(datagramActions), fields.at('action'));
  const read = datagramActions[known];
  if (read === undefined) return fields.fail('action', `there is no '${action}'`);
  return read(fields);
}

function readTimed(actions: readonly NamedAction[]): (world: World) => void {
  const works = actions.map(({ action, fields }) => {
    oneOf(action, ['command', 'log'], fields.at('action'));
    if (action === 'command') return finished(fields, readCommand(fields));
    const text = fields.text('text') ?? '';
    return finished(fields, (world: World) => world.log(text));
  });
  return (world) => {
    for (const work of works) work(world);
  };
}

function finished<T>(fields: Fields, made: T): T {
  fields.done();
  return made;
}

function within(fields: Fields, name: string, where: string): Fields | undefined {
  const value = fields.raw(name);
  return value === undefined ? undefined : new Fields(value, `${where}, ${name}`);
}
