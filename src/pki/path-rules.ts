/** Whether a path whose signatures hold is valid: RFC 5280 §6.1.2 to §6.1.5. */
import type { Crypto } from '../crypto/provider.ts';
import { type Certificate, isSelfIssued } from './certificate.ts';
import { formatDn } from './dn-text.ts';
import { type Budget, type NameConstraints, nameViolation } from './name-constraints.ts';
import { KeyPurpose, KeyUsage } from './object-ids.ts';
import type { PathOptions } from './options.ts';
import { PolicyGraph } from './policies.ts';
import { profileBreach } from './profile.ts';
import { publicKeyOf, usesSha1 } from './public-key.ts';
import { type Refusal, type RefusalCode, refusal } from './verdict.ts';

/** What one path is judged by. */
export interface PathRules {
  readonly crypto: Crypto;
  readonly at: number;
  readonly options: PathOptions;
  readonly budget: Budget;
}

/** The policies the path holds for, or why it does not hold. `path` begins with the leaf and ends with the anchor. */
export function checkPath(path: readonly Certificate[], rules: PathRules): readonly string[] | Refusal {
  const walk = new Walk(path.length, rules);
  for (let i = path.length - 1; i >= 0; i--) {
    const certificate = path[i];
    if (certificate === undefined) continue;
    const role = i === path.length - 1 ? 'anchor' : i === 0 ? 'leaf' : 'intermediate';
    const wrong = walk.step(certificate, role);
    if (wrong !== undefined) return wrong;
  }
  return walk.policies;
}

type Role = 'anchor' | 'intermediate' | 'leaf';

class Walk {
  policies: readonly string[] = [];
  private readonly constraints: NameConstraints[] = [];
  private readonly graph: PolicyGraph;
  private pathLength: number;

  /** `length` in certificates, the anchor among them. */
  constructor(
    length: number,
    private readonly rules: PathRules,
  ) {
    this.graph = new PolicyGraph(rules.options.policies, length);
    this.pathLength = rules.options.pathLength;
  }

  step(certificate: Certificate, role: Role): Refusal | undefined {
    const refuse = (code: RefusalCode, what: string) =>
      refusal(code, `${what}: ${formatDn(certificate.subject)}`, certificate);
    const wrong = this.fault(certificate, role);
    return wrong && refuse(...wrong);
  }

  private fault(certificate: Certificate, role: Role): [RefusalCode, string] | undefined {
    const { options } = this.rules;
    const binding = role !== 'anchor' || options.anchorConstraints;
    const wrong =
      this.weakness(certificate, role) ??
      (role !== 'anchor' || options.anchorExpiry ? this.outOfTime(certificate) : undefined) ??
      (binding ? this.forbidden(certificate, role) : undefined);
    if (wrong !== undefined) return wrong;
    if (role === 'anchor') {
      if (binding) return this.bindAnchor(certificate);
      return undefined;
    }
    return (
      this.names(certificate, role) ??
      (role === 'leaf' ? this.conclude(certificate) : this.prepare(certificate))
    );
  }

  private weakness(certificate: Certificate, role: Role): [RefusalCode, string] | undefined {
    const { crypto, options } = this.rules;
    const key = publicKeyOf(crypto, certificate);
    if (key === undefined) return ['WEAK', 'public key of a kind or size not taken'];
    if (key.kind === 'rsa' && key.bits < options.leastRsaBits) {
      return ['WEAK', `RSA key of ${key.bits} bits, ${options.leastRsaBits} wanted`];
    }
    if (role !== 'anchor' && !options.sha1 && usesSha1(certificate.signatureAlgorithm)) {
      return ['WEAK', 'signed with SHA-1'];
    }
    return undefined;
  }

  private outOfTime(certificate: Certificate): [RefusalCode, string] | undefined {
    const { at } = this.rules;
    if (at < certificate.notBefore) return ['NOT_YET_VALID', 'certificate is not valid yet'];
    return at > certificate.notAfter ? ['EXPIRED', 'certificate has expired'] : undefined;
  }

  /** What no certificate of its role may have, whatever stands above it. */
  private forbidden(certificate: Certificate, role: Role): [RefusalCode, string] | undefined {
    const { extensions } = certificate;
    const [unknown] = extensions.unknownCritical;
    if (unknown !== undefined) return ['CRITICAL_EXTENSION', `critical extension ${unknown} is unknown`];
    const breach = this.rules.options.strictProfile ? profileBreach(certificate, role) : undefined;
    if (breach !== undefined) return ['PROFILE', breach];
    return (
      (role === 'leaf' ? undefined : authorityFault(certificate, role)) ?? this.usageFault(certificate, role)
    );
  }

  private usageFault(certificate: Certificate, role: Role): [RefusalCode, string] | undefined {
    const { keyUsage = 0xffff, extendedKeyUsage } = certificate.extensions;
    const { options } = this.rules;
    if (role === 'leaf' && options.keyUsage !== 0 && (keyUsage & options.keyUsage) === 0) {
      return ['KEY_USAGE', 'keyUsage does not let its key sign'];
    }
    const { purposes } = options;
    if (purposes === undefined || extendedKeyUsage === undefined) return undefined;
    const any = role !== 'leaf' && extendedKeyUsage.includes(KeyPurpose.ANY);
    if (any || extendedKeyUsage.some((purpose) => purposes.includes(purpose))) return undefined;
    return ['KEY_USAGE', 'extendedKeyUsage is not for IKE'];
  }

  private names(certificate: Certificate, role: Role): [RefusalCode, string] | undefined {
    if (role === 'intermediate' && isSelfIssued(certificate)) return undefined;
    const violation = nameViolation(this.constraints, certificate, this.rules.budget);
    if (violation === 'budget') return ['TOO_BIG', 'too many names and name constraints'];
    return violation && ['NAME_CONSTRAINTS', `${violation} name outside what its authorities may sign`];
  }

  /** RFC 5937: the anchor's constraints become initial inputs. */
  private bindAnchor(anchor: Certificate): [RefusalCode, string] | undefined {
    const { nameConstraints, basicConstraints, policies } = anchor.extensions;
    if (nameConstraints) this.constraints.push(nameConstraints);
    this.pathLength = Math.min(this.pathLength, basicConstraints?.pathLength ?? this.pathLength);
    return (policies && !this.graph.take(anchor, false)) || !this.graph.prepare(anchor)
      ? ['POLICY', 'no acceptable policy']
      : undefined;
  }

  /** §6.1.4. */
  private prepare(certificate: Certificate): [RefusalCode, string] | undefined {
    const { nameConstraints, basicConstraints } = certificate.extensions;
    if (!this.graph.take(certificate, false)) return ['POLICY', 'no acceptable policy'];
    if (!this.graph.prepare(certificate)) return ['POLICY', 'policy mapped from or to anyPolicy'];
    if (nameConstraints) this.constraints.push(nameConstraints);
    if (!isSelfIssued(certificate)) {
      if (this.pathLength === 0) return ['PATH_LENGTH', 'more authorities than pathLenConstraint allows'];
      this.pathLength--;
    }
    this.pathLength = Math.min(this.pathLength, basicConstraints?.pathLength ?? this.pathLength);
    return undefined;
  }

  /** §6.1.5. */
  private conclude(leaf: Certificate): [RefusalCode, string] | undefined {
    const policies = this.graph.take(leaf, true) ? this.graph.conclude(leaf) : undefined;
    if (policies === undefined) return ['POLICY', 'no acceptable policy'];
    this.policies = policies;
    return undefined;
  }
}

/** §6.1.4 (k) and (n). A version 1 certificate is an authority only as an anchor. */
function authorityFault(certificate: Certificate, role: Role): [RefusalCode, string] | undefined {
  const { basicConstraints, keyUsage = KeyUsage.KEY_CERT_SIGN } = certificate.extensions;
  const old = role === 'anchor' && certificate.version < 3;
  if (!old && !basicConstraints?.ca) return ['NOT_AN_AUTHORITY', "certificate is not an authority's"];
  if ((keyUsage & KeyUsage.KEY_CERT_SIGN) === 0)
    return ['KEY_USAGE', 'keyUsage does not let it sign certificates'];
  return undefined;
}
