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
}

export class Spd {
  /** In the order they are asked. */
  #policies: SpdPolicy[] = [];

  add(policy: SpdPolicy): void {
    const at = this.#policies.findIndex((each) => each.priority >= policy.priority);
    this.#policies.splice(at < 0 ? this.#policies.length : at, 0, policy);
  }

  /** Takes the newest that is equal, and hands it back; undefined when there is none. */
  remove(policy: SpdPolicy): SpdPolicy | undefined {
    const at = this.#policies.findIndex((each) => same(each, policy));
    return at < 0 ? undefined : this.#policies.splice(at, 1)[0];
  }

  /** For a packet that goes out. */
  find(header: IpHeader): SpdPolicy | undefined {
    return this.#policies.find(({ local, remote }) => matches(header, [local], [remote]));
  }

  clear(): void {
    this.#policies = [];
  }
}

const same = (a: SpdPolicy, b: SpdPolicy): boolean =>
  a.action === b.action &&
  a.reqid === b.reqid &&
  a.priority === b.priority &&
  sameSelector(a.local, b.local) &&
  sameSelector(a.remote, b.remote);

const sameSelector = (a: Selector, b: Selector): boolean =>
  a.protocol === b.protocol &&
  a.startPort === b.startPort &&
  a.endPort === b.endPort &&
  a.start.length === b.start.length &&
  compare(a.start, b.start) === 0 &&
  compare(a.end, b.end) === 0;
