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

/** Whether the kernel tells of a context of this process: SELinux is in force, whatever can be asked here. */
export function hasContext(own = '/proc/self/attr/current'): boolean {
  try {
    return /^[^\s:]+:[^\s:]+:[^\s:]+/.test(readFileSync(own, 'latin1'));
  } catch {
    return false;
  }
}

type Permission = 'polmatch' | 'setcontext';

/** Numbers of the running policy: that of class `association`, and a bit for each permission that it has. */
interface Numbers {
  readonly association: number;
  readonly bits: Readonly<Record<Permission, number | undefined>>;
}

/** The status page, which the kernel writes when a policy was loaded and when enforcing is switched. */
interface Status {
  /** Odd while it is being written. */
  readonly sequence: number;
  readonly loads: number;
}

/** What the policy does not allow. */
interface Finding extends LabelDenial {
  /** It passes all the same, and is told. */
  readonly lets: boolean;
}

/** How often a question is asked anew because a policy was loaded meanwhile. */
const mostTries = 4;

/** Lines told of what permissive mode lets pass. */
const mostLet = 1000;

/** In an answer: the domain that asks is permissive by itself. */
const permissiveDomain = 1;

/**
 * Class `association`: a flow must be allowed `polmatch` to the label of the policy, and this process `setcontext` to the
 * label of the flow, since it makes SAs of it. Numbers are read again whenever a policy was loaded, and what was answered
 * while one was is asked again. What cannot be asked is denied, if SELinux enforces, and so is what the policy does not know,
 * whatever its `deny_unknown`: a class that is away for a moment must not let a label pass.
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
      for (const { said, check, lets } of this.#settled(contextOf(flow), contextOf(template))) {
        if (!lets) return { check, said };
        this.#lets(`${said} permissive=1`);
      }
      return undefined;
    } catch (error) {
      const said = `SELinux cannot be asked about ${formatLabel(flow)}: ${codeOf(error)}`;
      if (this.#enforcesForSure()) return { check: 'polmatch', said };
      this.#lets(said);
      return undefined;
    }
  }

  /** What one and the same policy finds. Throws Error when none stays long enough. */
  #settled(flow: string, template: string): Finding[] {
    for (let tries = 0; tries < mostTries; tries++) {
      const before = statusOf(this.#files.read('status'));
      if (before.sequence % 2 !== 0) continue;
      this.#forgetOf(before.loads);
      const findings = this.#findings(flow, template);
      const after = statusOf(this.#files.read('status'));
      if (after.sequence === before.sequence && after.loads === before.loads) return findings;
      this.#numbers = undefined;
    }
    throw new Error('policies are being loaded');
  }

  /** Up to the first that does not pass. */
  #findings(flow: string, template: string): Finding[] {
    const polmatch = this.#finding('polmatch', flow, template);
    if (polmatch?.lets === false) return [polmatch];
    const setcontext = this.#finding('setcontext', text(this.#files.read('own')), flow);
    return [polmatch, setcontext].flatMap((each) => each ?? []);
  }

  /** Each line once, until another policy is loaded. */
  #lets(line: string): void {
    if (this.#let.has(line) || this.#let.size >= mostLet) return;
    this.#let.add(line);
    this.#audit(line);
  }

  #finding(check: Permission, source: string, target: string): Finding | undefined {
    const numbers = this.#current();
    const bit = numbers?.bits[check];
    if (numbers === undefined || bit === undefined) {
      const lacks = numbers ? `permission ${check} in class association` : 'class association';
      return { check, said: `the running SELinux policy has no ${lacks}`, lets: !this.enforcing };
    }
    let answer: Answer | undefined;
    try {
      answer = parsed(this.#files.ask('access', `${source} ${target} ${numbers.association}`));
    } catch (error) {
      if (codeOf(error) !== 'EINVAL') throw error;
    }
    if (answer && (answer.allowed & bit) !== 0) return undefined;
    const named = `scontext=${shown(source)} tcontext=${shown(target)} tclass=association`;
    const unknown = answer ? '' : ' (the running policy does not know one of them)';
    const lets = !this.enforcing || (answer !== undefined && (answer.flags & permissiveDomain) !== 0);
    return { check, said: `denied { ${check} } ${named}${unknown}`, lets };
  }

  #enforcesForSure(): boolean {
    try {
      return this.enforcing;
    } catch {
      return true;
    }
  }

  #forgetOf(loads: number): void {
    if (loads === this.#loads) return;
    if (this.#loads !== undefined) this.#audit('a SELinux policy was loaded');
    this.#let.clear();
    this.#numbers = undefined;
    this.#loads = loads;
  }

  /** What is not there is looked for again the next time: kernels make the files of a policy one by one after it holds. */
  #current(): Numbers | undefined {
    if (this.#numbers) return this.#numbers;
    const association = this.#number('association/index');
    if (association === undefined) return undefined;
    const bits = { polmatch: this.#bit('polmatch'), setcontext: this.#bit('setcontext') };
    if (bits.polmatch !== undefined && bits.setcontext !== undefined) this.#numbers = { association, bits };
    return { association, bits };
  }

  #bit(permission: Permission): number | undefined {
    const number = this.#number(`association/perms/${permission}`);
    if (number !== undefined && number > 32) throw new Error(`${permission} is no permission of 32`);
    return number === undefined ? undefined : 1 << (number - 1);
  }

  /** Undefined when there is no such file; throws Error when there is something else in it than a number. */
  #number(name: string): number | undefined {
    try {
      const number = Number(text(this.#files.read(`class/${name}`)));
      if (!Number.isInteger(number) || number < 1) throw new Error(`class/${name} is no number`);
      return number;
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
function statusOf(status: Uint8Array): Status {
  const view = new DataView(status.buffer, status.byteOffset, status.byteLength);
  return { sequence: view.getUint32(4, true), loads: view.getUint32(12, true) };
}

const text = (octets: Uint8Array): string => new TextDecoder().decode(octets).replace(/[\0\s]+$/, '');

/** As the kernel has it, whatever its octets. */
const contextOf = (label: Uint8Array): string => {
  const octets = label.at(-1) === 0 ? label.subarray(0, -1) : label;
  return Buffer.from(octets).toString('utf8');
};

const shown = (context: string): string => formatLabel(new TextEncoder().encode(context));

const codeOf = (error: unknown): string =>
  error instanceof Error ? ('code' in error ? String(error.code) : error.message) : String(error);
