/** Rules about the data plane: commands that fail, come late or are not performed, notices that are not heard. */
import type { Millis } from '../../ike/actions.ts';
import type { KernelCommand, KernelNotice } from '../../kernel/port.ts';
import { FaultError, type Fields, oneOf, wholeNumber } from './fields.ts';
import type { NamedAction } from './rules.ts';

/** What passes between an engine and its data plane. */
export type KernelWord = { readonly command: KernelCommand } | { readonly notice: KernelNotice };

/** What becomes of it; undefined says nothing about it. */
export type KernelOutcome =
  | { readonly kind: 'refuse'; readonly errno: string }
  | { readonly kind: 'ignore' }
  | { readonly kind: 'delay'; readonly by: Millis };

export type KernelFate = (word: KernelWord) => KernelOutcome | undefined;

export interface KernelRule {
  readonly matches: (word: KernelWord) => boolean;
  readonly outcome: KernelOutcome;
}

export const kernelActionNames = ['refuse', 'ignore', 'delay'] as const;

const commands = ['addSa', 'updateSa', 'deleteSa', 'addPolicy', 'deletePolicy'] as const;
const notices = ['acquire', 'expire', 'mapping'] as const;

export function readKernelRule(fields: Fields, actions: readonly NamedAction[]): KernelRule {
  const command = fields.word('command', commands);
  const notice = fields.word('notice', notices);
  const direction = fields.word('direction', ['in', 'out', 'fwd']);
  const hard = fields.boolean('hard');
  const nth = fields.list('nth')?.map((each) => wholeNumber(each, fields.at('nth'), 1, 1_000_000));
  fields.done();
  if ((command === undefined) === (notice === undefined))
    throw new FaultError(fields.where, 'expected either command or notice');
  const [action, ...more] = actions;
  if (action === undefined || more.length > 0) throw new FaultError(fields.where, 'takes one action');
  let seen = 0;
  const matches = (word: KernelWord): boolean => {
    const fits =
      'command' in word
        ? word.command.kind === command &&
          (direction === undefined || directionOf(word.command) === direction)
        : word.notice.kind === notice &&
          (hard === undefined || (word.notice.kind === 'expire' && word.notice.hard === hard));
    if (!fits) return false;
    seen++;
    return nth?.includes(seen) ?? true;
  };
  return { matches, outcome: readOutcome(action, notice !== undefined) };
}

function readOutcome({ action, fields }: NamedAction, isNotice: boolean): KernelOutcome {
  const kind = oneOf(action, kernelActionNames, fields.at('action'));
  if (isNotice && kind !== 'ignore') fields.fail('action', 'a notice can only be ignored');
  const outcome = outcomeOf(kind, fields);
  fields.done();
  return outcome;
}

function outcomeOf(kind: (typeof kernelActionNames)[number], fields: Fields): KernelOutcome {
  switch (kind) {
    case 'refuse':
      return { kind, errno: fields.text('errno') ?? 'ENOMEM' };
    case 'ignore':
      return { kind };
    case 'delay':
      return { kind, by: fields.needed('by', fields.number('by', 0, 3_600_000)) };
  }
}

function directionOf(command: KernelCommand): string | undefined {
  if (command.kind === 'addSa') return command.sa.direction;
  return 'policy' in command ? command.policy.direction : undefined;
}
