/** Identities as they are sent, wanted and proven. RFC 7296 §3.5, RFC 7619 §2.2. */
import { dnMatches, hasWildcard } from '../../pki/index.ts';
import { type Identity, nobody, sameIdentity } from '../../policy/identity.ts';
import type { AuthKind } from '../../policy/policy.ts';
import { IdType } from '../../wire/numbers.ts';

/** Whether a peer's identity is the wanted one; in a wanted distinguished name a value of `*` stands for each. */
export const identityFits = (wanted: Identity, actual: Identity): boolean =>
  wanted.type === IdType.DER_ASN1_DN && actual.type === IdType.DER_ASN1_DN
    ? dnMatches(wanted.data, actual.data)
    : sameIdentity(wanted, actual);

/** What a proof stands for: what is proven by nothing is nobody, whatever it is called. */
export const proven = (kind: AuthKind, { type, data }: Identity): Identity =>
  kind === 'null' ? nobody : { type, data };

/** Whether a wanted identity stands for several. */
export const isPattern = ({ type, data }: Identity): boolean =>
  type === IdType.DER_ASN1_DN && hasWildcard(data);
