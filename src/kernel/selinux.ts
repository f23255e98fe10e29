/** SELinux on labels: asked through selinuxfs, as any program that enforces its policy asks. */
import { closeSync, existsSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { formatLabel, type LabelAccess, type LabelDenial, labelFault } from '../policy/label.ts';

/** The files of a selinuxfs. */
export interface SelinuxFiles {
  /** Throws Error, with the `code` of the errno, when it cannot be read. */
  read(name: string): Uint8Array;
  /** Writes a question and reads what is answered. Throws as `read`: EINVAL for what the policy does not know. */
  ask(name: string, question: string): string;
}

export const selinuxfs = '/sys/fs/selinux';

/** As the kernel has them; `own` is where it tells of the context of this process. */
export const filesOf = (root = selinuxfs, own = '/proc/self/attr/current'): SelinuxFiles => ({
  read: (name) => readFileSync(name === 'own' ? own : `${root}/${name}`),
  ask(name, question) {
    const file = openSync(`${root}/${name}`, 'r+');
    try {
      writeSync(file, question);
      const answer = Buffer.alloc(4096);
      return answer.toString('latin1', 0, readSync(file, answer, 0, answer.length, null));
    } finally {
      closeSync(file);
    }
  },
});

/** Whether this host has SELinux with a policy in force. */
export const hasSelinux = (root = selinuxfs): boolean => existsSync(`${root}/class/process/index`);

type Permission = 'polmatch' | 'setcontext';

/** Numbers of the running policy: those of a class, and a bit for each permission. */
interface Numbers {
  readonly association: number;
  readonly bits: Readonly<Record<Permission, number>>;
}

/** Lines told of what permissive mode lets pass. */
const mostLet = 1000;

/** In an answer: the domain that asks is permissive by itself. */
const permissiveDomain = 1;

/**
 * Class `association`: a flow must be allowed `polmatch` to the label of the policy, and this process `setcontext` to the
 * label of the flow, since it makes SAs of it. Numbers are read again whenever a policy was loaded. What cannot be asked is
 * denied, if SELinux enforces.
 */
export class Selinux implements LabelAccess {
  readonly mode = 'selinux';
  readonly #files: SelinuxFiles;
  readonly #audit: (line: string) => void;
  readonly #let = new Set<string>();
  #loads: number | undefined;
  #numbers: Numbers | undefined;

  /** `audit` is told of what permissive mode lets pass, and of policies loaded, a line each. */
  constructor(files: SelinuxFiles = filesOf(), audit: (line: string) => void = () => {}) {
    this.#files = files;
    this.#audit = audit;
  }

  /** False when it only tells what it would deny. */
  get enforcing(): boolean {
    return text(this.#files.read('enforce')) !== '0';
  }

  /** What is wrong with a label of the configuration: no such context in the running policy. */
  fault(label: Uint8Array): string | undefined {
    const fault = labelFault(label, 'selinux');
    if (fault !== undefined) return fault;
    try {
      this.#files.ask('context', `${contextOf(label)}\0`);
      return undefined;
    } catch (error) {
      return codeOf(error) === 'EINVAL'
        ? 'the running SELinux policy does not know it'
        : `SELinux cannot be asked: ${codeOf(error)}`;
    }
  }

  denial(flow: Uint8Array, template: Uint8Array): LabelDenial | undefined {
    // A blank would end it, and what comes behind be taken for the rest of the question.
    const fault = labelFault(flow, 'selinux') ?? labelFault(template, 'selinux');
    if (fault !== undefined) return { check: 'form', said: fault };
    try {
      return (
        this.#denied('polmatch', contextOf(flow), contextOf(template)) ??
        this.#denied('setcontext', text(this.#files.read('own')), contextOf(flow))
      );
    } catch (error) {
      const said = `SELinux cannot be asked about ${formatLabel(flow)}: ${codeOf(error)}`;
      if (this.#enforcesForSure()) return { check: 'polmatch', said };
      this.#lets(said);
      return undefined;
    }
  }

  /** Each line once, until another policy is loaded. */
  #lets(line: string): void {
    if (this.#let.has(line) || this.#let.size >= mostLet) return;
    this.#let.add(line);
    this.#audit(line);
  }

  #denied(permission: Permission, source: string, target: string): LabelDenial | undefined {
    const numbers = this.#current();
    if (numbers === undefined) {
      if (text(this.#files.read('deny_unknown')) === '0') return undefined;
      return { check: permission, said: 'the running SELinux policy has no class association' };
    }
    let answer: Answer | undefined;
    try {
      answer = parsed(this.#files.ask('access', `${source} ${target} ${numbers.association}`));
    } catch (error) {
      if (codeOf(error) !== 'EINVAL') throw error;
    }
    if (answer && (answer.allowed & numbers.bits[permission]) !== 0) return undefined;
    const named = `scontext=${shown(source)} tcontext=${shown(target)} tclass=association`;
    const unknown = answer ? '' : ' (the running policy does not know one of them)';
    const lets = !this.enforcing || (answer !== undefined && (answer.flags & permissiveDomain) !== 0);
    if (!lets) return { check: permission, said: `denied { ${permission} } ${named}${unknown}` };
    this.#lets(`denied { ${permission} } ${named}${unknown} permissive=1`);
    return undefined;
  }

  #enforcesForSure(): boolean {
    try {
      return this.enforcing;
    } catch {
      return true;
    }
  }

  /** Undefined when the policy has no such class. */
  #current(): Numbers | undefined {
    const loads = policyLoads(this.#files.read('status'));
    if (loads === this.#loads) return this.#numbers;
    if (this.#loads !== undefined) this.#audit('a SELinux policy was loaded');
    this.#let.clear();
    this.#numbers = this.#read();
    this.#loads = loads;
    return this.#numbers;
  }

  #read(): Numbers | undefined {
    const number = (name: string): number => Number(text(this.#files.read(`class/association/${name}`)));
    const bit = (permission: Permission): number => 1 << (number(`perms/${permission}`) - 1);
    try {
      const bits = { polmatch: bit('polmatch'), setcontext: bit('setcontext') };
      return { association: number('index'), bits };
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}

interface Answer {
  readonly allowed: number;
  readonly flags: number;
}

/** `allowed decided auditallow auditdeny seqno flags`: hexadecimal but for seqno. */
function parsed(answer: string): Answer {
  const [allowed = '', , , , , flags = '0'] = answer.split(/\s+/);
  return { allowed: Number.parseInt(allowed, 16), flags: Number.parseInt(flags, 16) };
}

/** `struct selinux_kernel_status {version, sequence, enforcing, policyload, deny_unknown}`, 4 octets each. */
function policyLoads(status: Uint8Array): number {
  const view = new DataView(status.buffer, status.byteOffset, status.byteLength);
  return view.getUint32(12, true);
}

const text = (octets: Uint8Array): string => new TextDecoder().decode(octets).replace(/[\0\s]+$/, '');

/** As the kernel has it, whatever its octets. */
const contextOf = (label: Uint8Array): string => {
  const octets = label.at(-1) === 0 ? label.subarray(0, -1) : label;
  return Buffer.from(octets).toString('utf8');
};

const shown = (context: string): string => formatLabel(new TextEncoder().encode(context));

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);
