/** X.509: certificates, paths, revocation and identities. Octets and a time in, a verdict out. */
export { CertificateCache } from './cache.ts';
export { type AltNames, type Certificate, isSelfIssued, parseCertificate } from './certificate.ts';
export { type Crl, parseCrl } from './crl.ts';
export { formatDn, parseDn } from './dn-text.ts';
export { PkiError, type PkiReason } from './error.ts';
export { dnMatches, hasWildcard, identityMatches, type NamedIdentity, subjectIdentity } from './identity.ts';
export { KeyPurpose, KeyUsage } from './object-ids.ts';
export { type OcspResponse, parseOcspResponse } from './ocsp.ts';
export { nonceValue, ocspCertreq, ocspRequest } from './ocsp-request.ts';
export { ikePathOptions, type Limits, type PathOptions } from './options.ts';
export { parseBundle } from './pkcs7.ts';
export type { PolicyOptions } from './policies.ts';
export { publicKeyOf } from './public-key.ts';
export { type ChainInput, validateChain } from './validate.ts';
export type { Acceptance, Refusal, RefusalCode, Verdict } from './verdict.ts';
