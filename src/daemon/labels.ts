/** Security labels on this host: SELinux decides on them where it is in force, else they are names. RFC 9478. */
import type { Kernel, KernelCommand } from '../kernel/port.ts';
import { hasContext, hasSelinux, Selinux } from '../kernel/selinux.ts';
import { type LabelAccess, simpleLabels } from '../policy/label.ts';
import { ControlError } from './control-protocol.ts';

/** `simple`: a label chooses a child by being equal to its conn's, and no data plane hears of it. */
export const labelChoices = ['auto', 'selinux', 'simple'] as const;
export type LabelChoice = (typeof labelChoices)[number];

/** `refused`: SELinux is in force, and there is no selinuxfs to ask; whoever has labels is not loaded. */
export type LabelDecision = 'selinux' | 'simple' | 'refused';

export interface HostLabels {
  readonly access: LabelAccess;
  /** What is wrong with a label of the configuration on this host. */
  readonly fault?: (label: Uint8Array) => string | undefined;
}

/** What an operator is told of a decision. */
export const labelWords: Readonly<Record<LabelDecision, string>> = {
  selinux: 'SELinux decides',
  simple: 'names, which are equal or not',
  refused: 'refused: SELinux is in force, and there is no selinuxfs to ask it',
};

const cannotAsk =
  'SELinux is in force, and there is no selinuxfs to ask it: mount it, or let labels be names by --labels simple';

/**
 * To be made once, when the daemon starts: who decides must not change under labels that are in use. Throws ControlError
 * CONFIG where SELinux is wanted and there is none.
 */
export function decideLabels(
  choice: LabelChoice,
  host = { selinux: () => hasSelinux(), context: () => hasContext() },
): LabelDecision {
  if (choice === 'simple' || host.selinux()) return choice === 'simple' ? 'simple' : 'selinux';
  if (choice === 'selinux')
    throw new ControlError('CONFIG', '--labels selinux: this host has no SELinux policy in force');
  return host.context() ? 'refused' : 'simple';
}

/** `audit` is told of what a permissive SELinux lets pass. */
export function hostLabels(decision: LabelDecision, audit: (line: string) => void = () => {}): HostLabels {
  if (decision === 'simple') return { access: simpleLabels };
  if (decision === 'refused')
    return {
      access: { mode: 'simple', denial: () => ({ check: 'polmatch', said: cannotAsk }) },
      fault: () => cannotAsk,
    };
  const selinux = new Selinux(undefined, audit);
  return { access: selinux, fault: (label) => selinux.fault(label) };
}

/** The data plane as the engine has it: of labels that are but names it hears nothing. */
export function labelled(kernel: Kernel, { mode }: LabelAccess): Kernel {
  if (mode === 'selinux') return kernel;
  return {
    name: kernel.name,
    apply: (command) => kernel.apply(withoutLabel(command)),
    counters: (id) => kernel.counters(id),
    close: () => kernel.close(),
  };
}

function withoutLabel(command: KernelCommand): KernelCommand {
  switch (command.kind) {
    case 'addSa': {
      const { label: _, ...sa } = command.sa;
      return { ...command, sa };
    }
    case 'addPolicy':
    case 'deletePolicy': {
      const { label: _, ...policy } = command.policy;
      return { ...command, policy };
    }
    default:
      return command;
  }
}
