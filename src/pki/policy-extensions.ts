/** CertificatePolicies, PolicyMappings and PolicyConstraints. RFC 5280 §4.2.1.4, §4.2.1.5, §4.2.1.11. */
import { contentsOf, context, elementOf, listOf, Tag } from './der.ts';
import { oid, smallInteger } from './der-values.ts';
import { PkiError } from './error.ts';

export interface CertificatePolicies {
  readonly ids: readonly string[];
  /** A policy has a qualifier that is neither a CPS pointer nor a user notice. */
  readonly unknownQualifier: boolean;
}

export interface PolicyMapping {
  readonly issuerDomain: string;
  readonly subjectDomain: string;
}

/** Certificates that may still follow before each holds. */
export interface PolicyConstraints {
  readonly requireExplicitPolicy?: number;
  readonly inhibitPolicyMapping?: number;
}

const knownQualifiers = new Set(['1.3.6.1.5.5.7.2.1', '1.3.6.1.5.5.7.2.2']);

export function certificatePolicies(value: Uint8Array): CertificatePolicies {
  let unknownQualifier = false;
  const ids = listOf(elementOf(value), 'CertificatePolicies', Tag.SEQUENCE, 1024).map((information) => {
    const contents = contentsOf(information, 'PolicyInformation');
    const id = oid(contents.next('policyIdentifier', Tag.OID).body);
    const qualifiers = contents.optional(Tag.SEQUENCE);
    contents.end('PolicyInformation');
    for (const qualifier of qualifiers === undefined ? [] : listOf(qualifiers, 'policyQualifiers')) {
      const fields = contentsOf(qualifier, 'PolicyQualifierInfo');
      if (!knownQualifiers.has(oid(fields.next('policyQualifierId', Tag.OID).body))) unknownQualifier = true;
      fields.next('qualifier');
      fields.end('PolicyQualifierInfo');
    }
    return id;
  });
  if (new Set(ids).size !== ids.length)
    throw new PkiError('extension', 'a policy comes twice in CertificatePolicies');
  return { ids, unknownQualifier };
}

export const policyMappings = (value: Uint8Array): PolicyMapping[] =>
  listOf(elementOf(value), 'PolicyMappings', Tag.SEQUENCE, 1024).map((mapping) => {
    const contents = contentsOf(mapping, 'PolicyMapping');
    const issuerDomain = oid(contents.next('issuerDomainPolicy', Tag.OID).body);
    const subjectDomain = oid(contents.next('subjectDomainPolicy', Tag.OID).body);
    contents.end('PolicyMapping');
    return { issuerDomain, subjectDomain };
  });

export function policyConstraints(value: Uint8Array): PolicyConstraints {
  const contents = contentsOf(elementOf(value), 'PolicyConstraints');
  const explicitPolicy = contents.optional(context(0, 'primitive'));
  const inhibitMapping = contents.optional(context(1, 'primitive'));
  contents.end('PolicyConstraints');
  if (explicitPolicy === undefined && inhibitMapping === undefined) {
    throw new PkiError('extension', 'PolicyConstraints is empty');
  }
  return {
    ...(explicitPolicy && {
      requireExplicitPolicy: smallInteger(explicitPolicy.body, 'requireExplicitPolicy'),
    }),
    ...(inhibitMapping && {
      inhibitPolicyMapping: smallInteger(inhibitMapping.body, 'inhibitPolicyMapping'),
    }),
  };
}
