/** What becomes of packets, by their addresses, protocol and ports: the SPD of one direction. RFC 4301 §4.4.1. */
import { compare, type IpHeader, matches, type Selector } from './ip.ts';

export interface SpdPolicy {
  readonly action: 'protect' | 'bypass' | 'discard';
  /** The SAs that protect. */
  readonly reqid: number;
  /** The lowest decides; of equal ones the newest. */
  readonly priority: number;
  readonly local: Selector;
  readonly remote: Selector;
  /** For packets of security labels that may use it, and for no others. In hexadecimal digits. */
  readonly label?: string;
}

/** Whether packets of a label may go by policies of another. */
export type MayUse = (flow: string, template: string) => boolean;

export class Spd {
  /** In the order they are asked. */
  #policies: SpdPolicy[] = [];
  readonly #mayUse: MayUse;

  constructor(mayUse: MayUse = (flow, template) => flow === template) {
    this.#mayUse = mayUse;
  }

  add(policy: SpdPolicy): void {
    const at = this.#policies.findIndex((each) => each.priority >= policy.priority);
    this.#policies.splice(at < 0 ? this.#policies.length : at, 0, policy);
  }

  /** Takes the newest that is equal, and hands it back; undefined when there is none. */
  remove(policy: SpdPolicy): SpdPolicy | undefined {
    const at = this.#policies.findIndex((each) => same(each, policy));
    return at < 0 ? undefined : this.#policies.splice(at, 1)[0];
  }

  /** For a packet that goes out, and its label. */
  find(header: IpHeader, label?: string): SpdPolicy | undefined {
    return this.#policies.find(
      (policy) => matches(header, [policy.local], [policy.remote]) && this.#isFor(policy, label),
    );
  }

  #isFor(policy: SpdPolicy, label: string | undefined): boolean {
    if (policy.label === undefined) return true;
    return label !== undefined && this.#mayUse(label, policy.label);
  }

  clear(): void {
    this.#policies = [];
  }
}

const same = (a: SpdPolicy, b: SpdPolicy): boolean =>
  a.action === b.action &&
  a.reqid === b.reqid &&
  a.priority === b.priority &&
  a.label === b.label &&
  sameSelector(a.local, b.local) &&
  sameSelector(a.remote, b.remote);

const sameSelector = (a: Selector, b: Selector): boolean =>
  a.protocol === b.protocol &&
  a.startPort === b.startPort &&
  a.endPort === b.endPort &&
  a.start.length === b.start.length &&
  compare(a.start, b.start) === 0 &&
  compare(a.end, b.end) === 0;
