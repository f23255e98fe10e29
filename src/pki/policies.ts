/** Certificate policies along a path: the graph of RFC 9618, which computes what RFC 5280's tree does in bounded space. */
import type { Certificate } from './certificate.ts';
import { isSelfIssued } from './certificate.ts';
import { anyPolicy } from './object-ids.ts';

/** The initial inputs. RFC 5280 §6.1.1 (c), (e), (f), (g). */
export interface PolicyOptions {
  /** Acceptable policies; undefined: any. */
  readonly acceptable?: readonly string[];
  readonly explicit?: boolean;
  readonly inhibitMapping?: boolean;
  readonly inhibitAny?: boolean;
}

interface Node {
  readonly policy: string;
  readonly parents: readonly Node[];
  expected: ReadonlySet<string>;
}

/** Takes the certificates in order, the one below the anchor first. */
export class PolicyGraph {
  /** Nodes of the depth reached; none is RFC 5280's NULL. */
  private level = new Map<string, Node>([
    [anyPolicy, { policy: anyPolicy, parents: [], expected: new Set([anyPolicy]) }],
  ]);
  private explicit: number;
  private mapping: number;
  private any: number;

  /** `length`: the number of certificates that follow. */
  constructor(
    private readonly options: PolicyOptions,
    length: number,
  ) {
    this.explicit = options.explicit ? 0 : length + 1;
    this.mapping = options.inhibitMapping ? 0 : length + 1;
    this.any = options.inhibitAny ? 0 : length + 1;
  }

  /** §6.1.3 (d)-(f). False when an explicit policy is required and none is left. */
  take(certificate: Certificate, final: boolean): boolean {
    const { policies } = certificate.extensions;
    const anyAllowed = this.any > 0 || (!final && isSelfIssued(certificate));
    this.level = policies === undefined ? new Map() : this.next(policies.ids, anyAllowed);
    return this.explicit > 0 || this.level.size > 0;
  }

  private next(ids: readonly string[], anyAllowed: boolean): Map<string, Node> {
    const byExpected = new Map<string, Node[]>();
    for (const node of this.level.values()) {
      for (const expected of node.expected)
        byExpected.set(expected, [...(byExpected.get(expected) ?? []), node]);
    }
    const level = new Map<string, Node>();
    const add = (policy: string, parents: readonly Node[]) =>
      level.set(policy, { policy, parents, expected: new Set([policy]) });
    const fromAny = this.level.get(anyPolicy);
    for (const id of ids) {
      if (id === anyPolicy) continue;
      const parents = byExpected.get(id) ?? (fromAny && [fromAny]);
      if (parents) add(id, parents);
    }
    if (anyAllowed && ids.includes(anyPolicy)) {
      for (const [expected, parents] of byExpected) if (!level.has(expected)) add(expected, parents);
    }
    return level;
  }

  /** §6.1.4 (a), (b), (h)-(j), of a certificate that is not the last. False when it maps from or to anyPolicy. */
  prepare(certificate: Certificate): boolean {
    const { policyMappings = [], policyConstraints, inhibitAnyPolicy } = certificate.extensions;
    if (policyMappings.some((one) => one.issuerDomain === anyPolicy || one.subjectDomain === anyPolicy))
      return false;
    const mapped = new Map<string, Set<string>>();
    for (const { issuerDomain, subjectDomain } of policyMappings) {
      mapped.set(issuerDomain, (mapped.get(issuerDomain) ?? new Set()).add(subjectDomain));
    }
    for (const [policy, expected] of mapped) this.map(policy, expected);
    if (!isSelfIssued(certificate)) {
      this.explicit = Math.max(0, this.explicit - 1);
      this.mapping = Math.max(0, this.mapping - 1);
      this.any = Math.max(0, this.any - 1);
    }
    this.explicit = Math.min(this.explicit, policyConstraints?.requireExplicitPolicy ?? this.explicit);
    this.mapping = Math.min(this.mapping, policyConstraints?.inhibitPolicyMapping ?? this.mapping);
    this.any = Math.min(this.any, inhibitAnyPolicy ?? this.any);
    return true;
  }

  private map(policy: string, expected: ReadonlySet<string>): void {
    if (this.mapping === 0) {
      this.level.delete(policy);
      return;
    }
    const node = this.level.get(policy);
    const fromAny = this.level.get(anyPolicy);
    if (node !== undefined) node.expected = expected;
    else if (fromAny !== undefined) this.level.set(policy, { policy, parents: fromAny.parents, expected });
  }

  /** §6.1.5 (a), (b), (g): the acceptable policies the path holds for; undefined when it must have one and has none. */
  conclude(final: Certificate): string[] | undefined {
    const required = final.extensions.policyConstraints?.requireExplicitPolicy === 0;
    this.explicit = required ? 0 : Math.max(0, this.explicit - 1);
    const held = this.authorityPolicies();
    const { acceptable = [anyPolicy] } = this.options;
    const set = acceptable.includes(anyPolicy)
      ? [...held]
      : acceptable.filter((policy) => held.has(policy) || held.has(anyPolicy));
    return this.explicit > 0 || set.length > 0 ? set : undefined;
  }

  /** The policies in the anchor's own terms that lead to the last depth. */
  private authorityPolicies(): Set<string> {
    const held = new Set<string>();
    const seen = new Set<Node>();
    const waiting = [...this.level.values()];
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      const root = node.parents.some((parent) => parent.policy === anyPolicy);
      if (node.policy !== anyPolicy && root) held.add(node.policy);
      waiting.push(...node.parents);
    }
    if (this.level.has(anyPolicy)) held.add(anyPolicy);
    return held;
  }
}
