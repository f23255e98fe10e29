/** Object identifiers of RFC 5280, RFC 6960, RFC 4945, RFC 4055, RFC 5758 and RFC 8410 that mean something here. */
export const Extension = {
  SUBJECT_KEY_IDENTIFIER: '2.5.29.14',
  KEY_USAGE: '2.5.29.15',
  SUBJECT_ALT_NAME: '2.5.29.17',
  ISSUER_ALT_NAME: '2.5.29.18',
  BASIC_CONSTRAINTS: '2.5.29.19',
  CRL_NUMBER: '2.5.29.20',
  CRL_REASON: '2.5.29.21',
  INVALIDITY_DATE: '2.5.29.24',
  DELTA_CRL_INDICATOR: '2.5.29.27',
  ISSUING_DISTRIBUTION_POINT: '2.5.29.28',
  CERTIFICATE_ISSUER: '2.5.29.29',
  NAME_CONSTRAINTS: '2.5.29.30',
  CRL_DISTRIBUTION_POINTS: '2.5.29.31',
  CERTIFICATE_POLICIES: '2.5.29.32',
  POLICY_MAPPINGS: '2.5.29.33',
  AUTHORITY_KEY_IDENTIFIER: '2.5.29.35',
  POLICY_CONSTRAINTS: '2.5.29.36',
  EXTENDED_KEY_USAGE: '2.5.29.37',
  FRESHEST_CRL: '2.5.29.46',
  INHIBIT_ANY_POLICY: '2.5.29.54',
  AUTHORITY_INFO_ACCESS: '1.3.6.1.5.5.7.1.1',
  OCSP_NONCE: '1.3.6.1.5.5.7.48.1.2',
} as const;

/** Purposes of a key. RFC 5280 §4.2.1.12, RFC 4945 §5.1.3.12, RFC 6960 §4.2.2.2. */
export const KeyPurpose = {
  ANY: '2.5.29.37.0',
  SERVER_AUTH: '1.3.6.1.5.5.7.3.1',
  CLIENT_AUTH: '1.3.6.1.5.5.7.3.2',
  OCSP_SIGNING: '1.3.6.1.5.5.7.3.9',
  IPSEC_IKE: '1.3.6.1.5.5.7.3.17',
  /** Microsoft's and older ones' name for the same. */
  IKE_INTERMEDIATE: '1.3.6.1.5.5.8.2.2',
} as const;

/** Bits of keyUsage, bit 0 lowest. RFC 5280 §4.2.1.3. */
export const KeyUsage = {
  DIGITAL_SIGNATURE: 1 << 0,
  NON_REPUDIATION: 1 << 1,
  KEY_CERT_SIGN: 1 << 5,
  CRL_SIGN: 1 << 6,
} as const;

export const anyPolicy = '2.5.29.32.0';

export const AccessMethod = { OCSP: '1.3.6.1.5.5.7.48.1' } as const;

/** Attribute types of names, and how pluto and OpenSSL spell them. RFC 4519, RFC 2985. */
export const EMAIL_ADDRESS = '1.2.840.113549.1.9.1';
