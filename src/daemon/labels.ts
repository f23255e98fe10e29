/** Security labels on this host: SELinux decides on them where it is in force, else they are names. RFC 9478. */
import type { Kernel, KernelCommand } from '../kernel/port.ts';
import { hasSelinux, Selinux } from '../kernel/selinux.ts';
import { type LabelAccess, simpleLabels } from '../policy/label.ts';
import { ControlError } from './control-protocol.ts';

/** `simple`: a label chooses a child by being equal to its conn's, and no data plane hears of it. */
export const labelChoices = ['auto', 'selinux', 'simple'] as const;
export type LabelChoice = (typeof labelChoices)[number];

export interface HostLabels {
  readonly access: LabelAccess;
  /** What is wrong with a label of the configuration on this host. */
  readonly fault?: (label: Uint8Array) => string | undefined;
}

/** `audit` is told of what a permissive SELinux lets pass. Throws ControlError CONFIG where there is no SELinux. */
export function hostLabels(choice: LabelChoice, audit: (line: string) => void = () => {}): HostLabels {
  const there = choice !== 'simple' && hasSelinux();
  if (choice === 'selinux' && !there)
    throw new ControlError('CONFIG', '--labels selinux: this host has no SELinux policy in force');
  if (!there) return { access: simpleLabels };
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
