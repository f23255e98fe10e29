/** What is asked of the world when it is not known whether a path's certificates are revoked. RFC 5280 §6.3, RFC 6960. */
import type { Acceptance } from '../../pki/index.ts';
import type { RevocationPolicy } from '../../policy/policy.ts';
import type { Ask } from '../actions.ts';

export type RevocationAsk = Extract<Ask, { kind: 'revocation' }>;

export const fetchesStatus = ({ crlTimeout, ocsp }: RevocationPolicy): boolean =>
  crlTimeout > 0 || ocsp !== 'off';

/** Whether a certificate of unknown status is refused. */
export const wantsStatus = ({ crlStrict, ocsp }: RevocationPolicy): boolean => crlStrict || ocsp === 'strict';

/** For those of the path whose status is unknown, each with its issuer. */
export const revocationAsk = (
  { needed, path }: Pick<Acceptance, 'needed' | 'path'>,
  { crlTimeout, ocsp, ocspUri }: RevocationPolicy,
): RevocationAsk => ({
  kind: 'revocation',
  of: needed.map((certificate) => ({
    certificate: certificate.der,
    issuer: (path[path.indexOf(certificate) + 1] ?? certificate).der,
    crlUris: crlTimeout > 0 ? certificate.crlUris : [],
    ocspUris: ocsp === 'off' ? [] : ocspUri ? [ocspUri] : certificate.ocspUris,
  })),
});
