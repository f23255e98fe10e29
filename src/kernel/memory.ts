/** A data plane that only remembers: what scenes assert on, and a daemon without packets. */
import { toHex } from '../wire/hex.ts';
import type { TrafficSelector } from '../wire/payloads/ts.ts';
import {
  type Kernel,
  type KernelCommand,
  KernelError,
  type PolicyCommand,
  type SaCommand,
  type SaCounters,
  type SaId,
} from './port.ts';

interface Refusal {
  left: number;
  readonly errno: string;
  readonly kind: KernelCommand['kind'] | undefined;
}

export class MemoryKernel implements Kernel {
  readonly name = 'memory';
  readonly #sas = new Map<string, SaCommand>();
  /** In the order they were added. Equal ones may be there more than once. */
  #policies: PolicyCommand[] = [];
  readonly #applied: KernelCommand[] = [];
  readonly #history: number;
  #refusals: Refusal[] = [];

  /** `history`: how many of the last commands `applied` keeps. */
  constructor(options: { readonly history?: number } = {}) {
    this.#history = options.history ?? 1024;
  }

  /** The SAs that hold now, oldest first, with copies of their keys. */
  get sas(): SaCommand[] {
    return [...this.#sas.values()];
  }

  /** The policies that hold now, oldest first; of those that select the same one decides. */
  get policies(): PolicyCommand[] {
    return [...this.#policies];
  }

  /** Those that decide: of those that select the same the newest of the best rank. */
  get deciding(): PolicyCommand[] {
    const best = new Map<string, PolicyCommand>();
    for (const policy of this.#policies) {
      const name = nameOf(policy);
      const other = best.get(name);
      if (other === undefined || rankOf(policy) <= rankOf(other)) best.set(name, policy);
    }
    return [...best.values()];
  }

  /** The last commands that succeeded, oldest first; the keys of a deleted SA are zeroed here too. */
  get applied(): readonly KernelCommand[] {
    return this.#applied;
  }

  /** Refuses the n-th command from now (1: the next one), counting only those of `kind` when it is given. */
  refuse(n: number, errno: string, kind?: KernelCommand['kind']): void {
    this.#refusals.push({ left: n, errno, kind });
  }

  sa(id: SaId): SaCommand | undefined {
    return this.#sas.get(saKey(id));
  }

  /** Throws KernelError as a kernel would: EEXIST, ESRCH (no such SA), ENOENT (no such policy). */
  apply(command: KernelCommand): void {
    this.#refuse(command);
    let applied = command;
    switch (command.kind) {
      case 'addSa': {
        const key = saKey(command.sa.id);
        if (this.#sas.has(key)) throw new KernelError(command.kind, 'EEXIST', key);
        const sa = withOwnKeys(command.sa);
        this.#sas.set(key, sa);
        applied = { kind: command.kind, sa };
        break;
      }
      case 'updateSa':
        this.#update(command);
        break;
      case 'deleteSa': {
        const key = saKey(command.id);
        const sa = this.#sas.get(key);
        if (sa === undefined) throw new KernelError(command.kind, 'ESRCH', key);
        forget(sa);
        this.#sas.delete(key);
        break;
      }
      case 'addPolicy':
        this.#policies.push(command.policy);
        break;
      case 'deletePolicy': {
        const key = policyKey(command.policy);
        const at = this.#policies.findLastIndex((each) => policyKey(each) === key);
        if (at < 0) throw new KernelError(command.kind, 'ENOENT', key);
        this.#policies = this.#policies.toSpliced(at, 1);
        break;
      }
    }
    this.#applied.push(applied);
    if (this.#applied.length > this.#history) this.#applied.shift();
  }

  /** Zero for an SA that holds: nothing is carried. */
  counters(id: SaId): SaCounters | undefined {
    return this.#sas.has(saKey(id)) ? { octets: 0, packets: 0, lastUse: undefined } : undefined;
  }

  close(): void {
    for (const sa of this.#sas.values()) forget(sa);
    this.#sas.clear();
    this.#policies = [];
  }

  #refuse(command: KernelCommand): void {
    const counting = this.#refusals.filter(({ kind }) => kind === undefined || kind === command.kind);
    for (const refusal of counting) refusal.left -= 1;
    const due = counting.find(({ left }) => left <= 0);
    this.#refusals = this.#refusals.filter(({ left }) => left > 0);
    if (due !== undefined) throw new KernelError(command.kind, due.errno, 'told to refuse');
  }

  #update(command: Extract<KernelCommand, { kind: 'updateSa' }>): void {
    const from = saKey(command.id);
    const sa = this.#sas.get(from);
    if (sa === undefined) throw new KernelError(command.kind, 'ESRCH', from);
    const { encapsulation: _, ...rest } = sa;
    const id = { spi: sa.id.spi, destination: command.destination };
    const to = saKey(id);
    if (to !== from && this.#sas.has(to)) throw new KernelError(command.kind, 'EEXIST', to);
    this.#sas.delete(from);
    this.#sas.set(to, {
      ...rest,
      id,
      source: command.source,
      ...(command.encapsulation && { encapsulation: command.encapsulation }),
    });
  }
}

function withOwnKeys(sa: SaCommand): SaCommand {
  return {
    ...sa,
    encryption: { ...sa.encryption, key: sa.encryption.key.slice() },
    ...(sa.integrity && { integrity: { ...sa.integrity, key: sa.integrity.key.slice() } }),
  };
}

function forget(sa: SaCommand): void {
  sa.encryption.key.fill(0);
  sa.integrity?.key.fill(0);
}

const saKey = (id: SaId): string => `${id.spi.toString(16).padStart(8, '0')}@${id.destination}`;

/** What a policy selects, which the data plane knows it by. */
const nameOf = ({ direction, local, remote, label, settings }: PolicyCommand): string => {
  const { mark, markIn, markOut, ifId } = settings ?? {};
  const marks = JSON.stringify([direction === 'out' ? (markOut ?? mark) : (markIn ?? mark), ifId]);
  return [direction, selectorKey(local), selectorKey(remote), label ? toHex(label) : '', marks].join(' ');
};

/** The same, and what it does with it. */
const policyKey = (policy: PolicyCommand): string => {
  const { reqid, mode, localAddress, remoteAddress, action = 'protect' } = policy;
  return [nameOf(policy), reqid, mode, localAddress, remoteAddress, action, rankOf(policy)].join(' ');
};

const ranks = ['shunt', 'connection', 'opportunistic', 'anonymous'] as const;

const rankOf = ({ rank = 'connection' }: PolicyCommand): number => ranks.indexOf(rank);

function selectorKey(selector: TrafficSelector): string {
  switch (selector.kind) {
    case 'range': {
      const { protocol, startPort, endPort, start, end } = selector;
      return `${protocol}:${startPort}-${endPort}:${toHex(start)}-${toHex(end)}`;
    }
    case 'label':
      return `label:${toHex(selector.label)}`;
    case 'unknown':
      return `${selector.type}:${toHex(selector.data)}`;
  }
}
