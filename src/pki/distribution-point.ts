/** DistributionPoint, as certificates and CRLs have it. RFC 5280 §4.2.1.13 and §5.2.5. */
import { contentsOf, context, type Element, elementOf, explicit, listOf, Tag } from './der.ts';
import { namedBits } from './der-values.ts';
import { PkiError } from './error.ts';
import { type GeneralName, generalNames, sameGeneralName } from './general-name.ts';
import { rdnKey, rdnOf } from './name.ts';

/** `relative` is the key of an RDN to append to the CRL issuer's name. */
export type DistributionPointName = { readonly full: readonly GeneralName[] } | { readonly relative: string };

export interface DistributionPoint {
  readonly name?: DistributionPointName;
  /** ReasonFlags, bit 0 lowest; undefined: all. */
  readonly reasons?: number;
  readonly crlIssuer?: readonly GeneralName[];
}

/** All reasons but `unused`, bit 0. */
export const allReasons = 0x1fe;

/** The value of a CRLDistributionPoints or FreshestCRL extension. Throws PkiError. */
export const distributionPoints = (value: Uint8Array): DistributionPoint[] =>
  listOf(elementOf(value), 'CRLDistributionPoints', Tag.SEQUENCE, 64).map(distributionPoint);

function distributionPoint(element: Element): DistributionPoint {
  const contents = contentsOf(element, 'DistributionPoint');
  const name = contents.optional(context(0));
  const reasons = contents.optional(context(1, 'primitive'));
  const crlIssuer = contents.optional(context(2));
  contents.end('DistributionPoint');
  if (name === undefined && crlIssuer === undefined) {
    throw new PkiError('extension', 'DistributionPoint without a name or a CRL issuer');
  }
  return {
    ...(name && { name: distributionPointName(name) }),
    ...(reasons && { reasons: namedBits(reasons.body, 'ReasonFlags') & allReasons }),
    ...(crlIssuer && { crlIssuer: generalNames(crlIssuer, 'cRLIssuer') }),
  };
}

/** The choice in the explicitly tagged `distributionPoint` field. */
export function distributionPointName(element: Element): DistributionPointName {
  const choice = explicit(element, 'DistributionPointName');
  if (choice.tag === context(0)) return { full: generalNames(choice, 'fullName') };
  if (choice.tag === context(1)) return { relative: rdnKey(rdnOf(choice, choice.tag)) };
  throw new PkiError('extension', 'DistributionPointName of an unknown kind');
}

/**
 * Whether two names of a distribution point have one in common. A relative name is one under its issuer's: the keys of the
 * certificate's side and of the CRL's.
 */
export function sameDistributionPoint(
  a: DistributionPointName,
  aIssuer: string,
  b: DistributionPointName,
  bIssuer: string,
): boolean {
  const [left, right] = [fullNames(a, aIssuer), fullNames(b, bIssuer)];
  return left.some((one) => right.some((other) => sameGeneralName(one, other)));
}

const fullNames = (name: DistributionPointName, issuer: string): readonly GeneralName[] =>
  'full' in name
    ? name.full
    : [
        {
          kind: 'dn',
          name: new Uint8Array(),
          key: issuer === '' ? name.relative : `${issuer}\n${name.relative}`,
        },
      ];
