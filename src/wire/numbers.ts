/**
 * The IANA registries "Internet Key Exchange Version 2 (IKEv2) Parameters", and the few numbers of other registries
 * that IKEv2 carries. Names as IANA writes them, blanks and hyphens as `_`, a common prefix of the registry left out.
 * A number read from the wire is a plain `number`: one that is not listed here stays what it is.
 */

/** RFC 7296 §3.1, RFC 5723, RFC 9838, RFC 9242, RFC 9370. */
export const ExchangeType = {
  IKE_SA_INIT: 34,
  IKE_AUTH: 35,
  CREATE_CHILD_SA: 36,
  INFORMATIONAL: 37,
  IKE_SESSION_RESUME: 38,
  GSA_AUTH: 39,
  GSA_REGISTRATION: 40,
  GSA_REKEY: 41,
  GSA_INBAND_REKEY: 42,
  IKE_INTERMEDIATE: 43,
  IKE_FOLLOWUP_KE: 44,
} as const;

/** By the name of our payload kinds. RFC 7296 §3.2, RFC 6467, RFC 9838, RFC 7383, RFC 8019. */
export const PayloadType = {
  none: 0,
  sa: 33,
  ke: 34,
  idi: 35,
  idr: 36,
  cert: 37,
  certreq: 38,
  auth: 39,
  nonce: 40,
  notify: 41,
  delete: 42,
  vendorId: 43,
  tsi: 44,
  tsr: 45,
  encrypted: 46,
  configuration: 47,
  eap: 48,
  gspm: 49,
  idg: 50,
  gsa: 51,
  kd: 52,
  fragment: 53,
  puzzleSolution: 54,
} as const;

/** Security Protocol Identifiers. RFC 7296 §3.3.1, RFC 4595, RFC 9838. */
export const ProtocolId = {
  NONE: 0,
  IKE: 1,
  AH: 2,
  ESP: 3,
  FC_ESP_HEADER: 4,
  FC_CT_AUTHENTICATION: 5,
  GIKE_UPDATE: 6,
} as const;

/** RFC 7296 §3.3.2; SN was called ESN before RFC 9827; ADDKE of RFC 9370; KWA and GCAUTH of RFC 9838. */
export const TransformType = {
  ENCR: 1,
  PRF: 2,
  INTEG: 3,
  KE: 4,
  SN: 5,
  ADDKE1: 6,
  ADDKE2: 7,
  ADDKE3: 8,
  ADDKE4: 9,
  ADDKE5: 10,
  ADDKE6: 11,
  ADDKE7: 12,
  KWA: 13,
  GCAUTH: 14,
} as const;

/** Transform attribute types. RFC 7296 §3.3.5, RFC 9838. */
export const AttributeType = {
  KEY_LENGTH: 14,
  SIGNATURE_ALGORITHM_IDENTIFIER: 18,
} as const;

/** Transform type 1, Encryption Algorithm (`ENCR_` left out). */
export const Encr = {
  DES_IV64: 1,
  DES: 2,
  TRIPLE_DES: 3,
  RC5: 4,
  IDEA: 5,
  CAST: 6,
  BLOWFISH: 7,
  TRIPLE_IDEA: 8,
  DES_IV32: 9,
  NULL: 11,
  AES_CBC: 12,
  AES_CTR: 13,
  AES_CCM_8: 14,
  AES_CCM_12: 15,
  AES_CCM_16: 16,
  AES_GCM_8: 18,
  AES_GCM_12: 19,
  AES_GCM_16: 20,
  NULL_AUTH_AES_GMAC: 21,
  XTS_AES: 22,
  CAMELLIA_CBC: 23,
  CAMELLIA_CTR: 24,
  CAMELLIA_CCM_8: 25,
  CAMELLIA_CCM_12: 26,
  CAMELLIA_CCM_16: 27,
  CHACHA20_POLY1305: 28,
  AES_CCM_8_IIV: 29,
  AES_GCM_16_IIV: 30,
  CHACHA20_POLY1305_IIV: 31,
  KUZNYECHIK_MGM_KTREE: 32,
  MAGMA_MGM_KTREE: 33,
  KUZNYECHIK_MGM_MAC_KTREE: 34,
  MAGMA_MGM_MAC_KTREE: 35,
} as const;

/** Transform type 2, Pseudorandom Function (`PRF_` left out). */
export const Prf = {
  HMAC_MD5: 1,
  HMAC_SHA1: 2,
  HMAC_TIGER: 3,
  AES128_XCBC: 4,
  HMAC_SHA2_256: 5,
  HMAC_SHA2_384: 6,
  HMAC_SHA2_512: 7,
  AES128_CMAC: 8,
  HMAC_STREEBOG_512: 9,
} as const;

/** Transform type 3, Integrity Algorithm (`AUTH_` left out). */
export const Integ = {
  NONE: 0,
  HMAC_MD5_96: 1,
  HMAC_SHA1_96: 2,
  DES_MAC: 3,
  KPDK_MD5: 4,
  AES_XCBC_96: 5,
  HMAC_MD5_128: 6,
  HMAC_SHA1_160: 7,
  AES_CMAC_96: 8,
  AES_128_GMAC: 9,
  AES_192_GMAC: 10,
  AES_256_GMAC: 11,
  HMAC_SHA2_256_128: 12,
  HMAC_SHA2_384_192: 13,
  HMAC_SHA2_512_256: 14,
} as const;

/** Transform type 4 (and 6 to 12), Key Exchange Method. */
export const KeyExchangeMethod = {
  NONE: 0,
  MODP_768: 1,
  MODP_1024: 2,
  MODP_1536: 5,
  MODP_2048: 14,
  MODP_3072: 15,
  MODP_4096: 16,
  MODP_6144: 17,
  MODP_8192: 18,
  ECP_256: 19,
  ECP_384: 20,
  ECP_521: 21,
  MODP_1024_160: 22,
  MODP_2048_224: 23,
  MODP_2048_256: 24,
  ECP_192: 25,
  ECP_224: 26,
  BRAINPOOL_P224R1: 27,
  BRAINPOOL_P256R1: 28,
  BRAINPOOL_P384R1: 29,
  BRAINPOOL_P512R1: 30,
  CURVE25519: 31,
  CURVE448: 32,
  GOST3410_2012_256: 33,
  GOST3410_2012_512: 34,
  ML_KEM_512: 35,
  ML_KEM_768: 36,
  ML_KEM_1024: 37,
} as const;

/**
 * Transform type 5, Sequence Numbers. RFC 9827 names 0 "32-bit Sequential Numbers", 1 "Partially Transmitted 64-bit
 * Sequential Numbers" (ESN); 2 "32-bit Unspecified Numbers" is of RFC 9838.
 */
export const SequenceNumbers = {
  SEQ32: 0,
  ESN: 1,
  UNSPECIFIED32: 2,
} as const;

/** Transform type 13, Key Wrap Algorithm. RFC 9838. */
export const KeyWrap = {
  KW_5649_128: 1,
  KW_5649_192: 2,
  KW_5649_256: 3,
  KW_ARX: 4,
} as const;

/** Transform type 14, Group Controller Authentication Method. RFC 9838. */
export const GroupControllerAuth = {
  IMPLICIT: 1,
  DIGITAL_SIGNATURE: 2,
} as const;

/** Identification payload ID types (`ID_` left out). RFC 7296 §3.5, RFC 4595, RFC 7619. */
export const IdType = {
  IPV4_ADDR: 1,
  FQDN: 2,
  RFC822_ADDR: 3,
  IPV6_ADDR: 5,
  DER_ASN1_DN: 9,
  DER_ASN1_GN: 10,
  KEY_ID: 11,
  FC_NAME: 12,
  NULL: 13,
} as const;

/** RFC 7296 §3.6, RFC 4806, RFC 7670. */
export const CertEncoding = {
  PKCS7_WRAPPED_X509_CERTIFICATE: 1,
  PGP_CERTIFICATE: 2,
  DNS_SIGNED_KEY: 3,
  X509_CERTIFICATE_SIGNATURE: 4,
  KERBEROS_TOKEN: 6,
  CERTIFICATE_REVOCATION_LIST: 7,
  AUTHORITY_REVOCATION_LIST: 8,
  SPKI_CERTIFICATE: 9,
  X509_CERTIFICATE_ATTRIBUTE: 10,
  RAW_RSA_KEY: 11,
  HASH_AND_URL_OF_X509_CERTIFICATE: 12,
  HASH_AND_URL_OF_X509_BUNDLE: 13,
  OCSP_CONTENT: 14,
  RAW_PUBLIC_KEY: 15,
} as const;

/** RFC 7296 §3.8, RFC 4754, RFC 6467, RFC 7619, RFC 7427. */
export const AuthMethod = {
  RSA_DIGITAL_SIGNATURE: 1,
  SHARED_KEY_MESSAGE_INTEGRITY_CODE: 2,
  DSS_DIGITAL_SIGNATURE: 3,
  ECDSA_SHA_256_P_256: 9,
  ECDSA_SHA_384_P_384: 10,
  ECDSA_SHA_512_P_521: 11,
  GENERIC_SECURE_PASSWORD: 12,
  NULL: 13,
  DIGITAL_SIGNATURE: 14,
} as const;

/** Notify message types: errors below 16384, status from there; 8192-16383 and 40960-65535 are private use. */
export const NotifyType = {
  UNSUPPORTED_CRITICAL_PAYLOAD: 1,
  INVALID_IKE_SPI: 4,
  INVALID_MAJOR_VERSION: 5,
  INVALID_SYNTAX: 7,
  INVALID_MESSAGE_ID: 9,
  INVALID_SPI: 11,
  NO_PROPOSAL_CHOSEN: 14,
  INVALID_KE_PAYLOAD: 17,
  AUTHENTICATION_FAILED: 24,
  SINGLE_PAIR_REQUIRED: 34,
  NO_ADDITIONAL_SAS: 35,
  INTERNAL_ADDRESS_FAILURE: 36,
  FAILED_CP_REQUIRED: 37,
  TS_UNACCEPTABLE: 38,
  INVALID_SELECTORS: 39,
  UNACCEPTABLE_ADDRESSES: 40,
  UNEXPECTED_NAT_DETECTED: 41,
  USE_ASSIGNED_HOA: 42,
  TEMPORARY_FAILURE: 43,
  CHILD_SA_NOT_FOUND: 44,
  INVALID_GROUP_ID: 45,
  AUTHORIZATION_FAILED: 46,
  STATE_NOT_FOUND: 47,
  TS_MAX_QUEUE: 48,
  REGISTRATION_FAILED: 49,
  INITIAL_CONTACT: 16384,
  SET_WINDOW_SIZE: 16385,
  ADDITIONAL_TS_POSSIBLE: 16386,
  IPCOMP_SUPPORTED: 16387,
  NAT_DETECTION_SOURCE_IP: 16388,
  NAT_DETECTION_DESTINATION_IP: 16389,
  COOKIE: 16390,
  USE_TRANSPORT_MODE: 16391,
  HTTP_CERT_LOOKUP_SUPPORTED: 16392,
  REKEY_SA: 16393,
  ESP_TFC_PADDING_NOT_SUPPORTED: 16394,
  NON_FIRST_FRAGMENTS_ALSO: 16395,
  MOBIKE_SUPPORTED: 16396,
  ADDITIONAL_IP4_ADDRESS: 16397,
  ADDITIONAL_IP6_ADDRESS: 16398,
  NO_ADDITIONAL_ADDRESSES: 16399,
  UPDATE_SA_ADDRESSES: 16400,
  COOKIE2: 16401,
  NO_NATS_ALLOWED: 16402,
  AUTH_LIFETIME: 16403,
  MULTIPLE_AUTH_SUPPORTED: 16404,
  ANOTHER_AUTH_FOLLOWS: 16405,
  REDIRECT_SUPPORTED: 16406,
  REDIRECT: 16407,
  REDIRECTED_FROM: 16408,
  TICKET_LT_OPAQUE: 16409,
  TICKET_REQUEST: 16410,
  TICKET_ACK: 16411,
  TICKET_NACK: 16412,
  TICKET_OPAQUE: 16413,
  LINK_ID: 16414,
  USE_WESP_MODE: 16415,
  ROHC_SUPPORTED: 16416,
  EAP_ONLY_AUTHENTICATION: 16417,
  CHILDLESS_IKEV2_SUPPORTED: 16418,
  QUICK_CRASH_DETECTION: 16419,
  IKEV2_MESSAGE_ID_SYNC_SUPPORTED: 16420,
  IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED: 16421,
  IKEV2_MESSAGE_ID_SYNC: 16422,
  IPSEC_REPLAY_COUNTER_SYNC: 16423,
  SECURE_PASSWORD_METHODS: 16424,
  PSK_PERSIST: 16425,
  PSK_CONFIRM: 16426,
  ERX_SUPPORTED: 16427,
  IFOM_CAPABILITY: 16428,
  GROUP_SENDER: 16429,
  IKEV2_FRAGMENTATION_SUPPORTED: 16430,
  SIGNATURE_HASH_ALGORITHMS: 16431,
  CLONE_IKE_SA_SUPPORTED: 16432,
  CLONE_IKE_SA: 16433,
  PUZZLE: 16434,
  USE_PPK: 16435,
  PPK_IDENTITY: 16436,
  NO_PPK_AUTH: 16437,
  INTERMEDIATE_EXCHANGE_SUPPORTED: 16438,
  IP4_ALLOWED: 16439,
  IP6_ALLOWED: 16440,
  ADDITIONAL_KEY_EXCHANGE: 16441,
  USE_AGGFRAG: 16442,
  SUPPORTED_AUTH_METHODS: 16443,
  SA_RESOURCE_INFO: 16444,
  USE_PPK_INT: 16445,
  PPK_IDENTITY_KEY: 16446,
  IKE_SA_INIT_FULL_TRANSCRIPT_AUTH: 16447,
} as const;

/** IPCOMP transform IDs of N(IPCOMP_SUPPORTED). RFC 7296 §3.10.1. */
export const IpcompTransform = {
  OUI: 1,
  DEFLATE: 2,
  LZS: 3,
  LZJH: 4,
} as const;

/** Traffic Selector types (`TS_` left out). RFC 7296 §3.13.1, RFC 4595, RFC 9478. */
export const TsType = {
  IPV4_ADDR_RANGE: 7,
  IPV6_ADDR_RANGE: 8,
  FC_ADDR_RANGE: 9,
  SECLABEL: 10,
} as const;

/** Configuration payload CFG types. RFC 7296 §3.15. */
export const CfgType = {
  REQUEST: 1,
  REPLY: 2,
  SET: 3,
  ACK: 4,
} as const;

/** Configuration payload attribute types. RFC 7296 §3.15.1, RFC 5026, RFC 5739, RFC 7651, RFC 8598, RFC 9464, 3GPP. */
export const CfgAttribute = {
  INTERNAL_IP4_ADDRESS: 1,
  INTERNAL_IP4_NETMASK: 2,
  INTERNAL_IP4_DNS: 3,
  INTERNAL_IP4_NBNS: 4,
  INTERNAL_IP4_DHCP: 6,
  APPLICATION_VERSION: 7,
  INTERNAL_IP6_ADDRESS: 8,
  INTERNAL_IP6_DNS: 10,
  INTERNAL_IP6_DHCP: 12,
  INTERNAL_IP4_SUBNET: 13,
  SUPPORTED_ATTRIBUTES: 14,
  INTERNAL_IP6_SUBNET: 15,
  MIP6_HOME_PREFIX: 16,
  INTERNAL_IP6_LINK: 17,
  INTERNAL_IP6_PREFIX: 18,
  HOME_AGENT_ADDRESS: 19,
  P_CSCF_IP4_ADDRESS: 20,
  P_CSCF_IP6_ADDRESS: 21,
  FTT_KAT: 22,
  EXTERNAL_SOURCE_IP4_NAT_INFO: 23,
  TIMEOUT_PERIOD_FOR_LIVENESS_CHECK: 24,
  INTERNAL_DNS_DOMAIN: 25,
  INTERNAL_DNSSEC_TA: 26,
  ENCDNS_IP4: 27,
  ENCDNS_IP6: 28,
  ENCDNS_DIGEST_INFO: 29,
} as const;

/** Gateway identity types of N(REDIRECT). RFC 5685. */
export const GatewayIdentityType = {
  IPV4: 1,
  IPV6: 2,
  FQDN: 3,
} as const;

/** Attributes of N(ROHC_SUPPORTED). RFC 5857. */
export const RohcAttribute = {
  MAX_CID: 1,
  ROHC_PROFILE: 2,
  ROHC_INTEG: 3,
  ROHC_ICV_LEN: 4,
  MRRU: 5,
} as const;

/** Secure password methods. RFC 6467. */
export const SecurePasswordMethod = {
  PACE: 1,
  AUGPAKE: 2,
  SECURE_PSK_AUTHENTICATION: 3,
} as const;

/** Hash algorithms of N(SIGNATURE_HASH_ALGORITHMS). RFC 7427, RFC 8420, RFC 9385. */
export const HashAlgorithm = {
  SHA1: 1,
  SHA2_256: 2,
  SHA2_384: 3,
  SHA2_512: 4,
  IDENTITY: 5,
  STREEBOG_256: 6,
  STREEBOG_512: 7,
} as const;

/** Post-quantum preshared key ID types. RFC 8784. */
export const PpkIdType = {
  PPK_ID_OPAQUE: 1,
  PPK_ID_FIXED: 2,
} as const;

/** GSA attributes. RFC 9838. */
export const GsaAttribute = {
  GSA_KEY_LIFETIME: 1,
  GSA_INITIAL_MESSAGE_ID: 2,
  GSA_NEXT_SPI: 3,
} as const;

/** Group-wide policy attributes. RFC 9838. */
export const GroupPolicyAttribute = {
  GWP_ATD: 1,
  GWP_DTD: 2,
  GWP_SENDER_ID_BITS: 3,
} as const;

/** Group key bag attributes. RFC 9838. */
export const GroupKeyBagAttribute = {
  SA_KEY: 1,
} as const;

/** Member key bag attributes. RFC 9838. */
export const MemberKeyBagAttribute = {
  WRAP_KEY: 1,
  AUTH_KEY: 2,
  GM_SENDER_ID: 3,
} as const;

/** EAP codes. RFC 3748 §4, RFC 6696. */
export const EapCode = {
  REQUEST: 1,
  RESPONSE: 2,
  SUCCESS: 3,
  FAILURE: 4,
  INITIATE: 5,
  FINISH: 6,
} as const;

/** EAP method types met in IKEv2. */
export const EapType = {
  IDENTITY: 1,
  NOTIFICATION: 2,
  NAK: 3,
  MD5_CHALLENGE: 4,
  ONE_TIME_PASSWORD: 5,
  GENERIC_TOKEN_CARD: 6,
  TLS: 13,
  SIM: 18,
  TTLS: 21,
  AKA: 23,
  PEAP: 25,
  MSCHAPV2: 26,
  FAST: 43,
  PSK: 47,
  IKEV2: 49,
  AKA_PRIME: 50,
  PWD: 52,
  EKE: 53,
  TEAP: 55,
  EXPANDED: 254,
} as const;

/** IP protocol numbers a traffic selector or a packet names. 0 in a selector is any protocol. */
export const IpProtocol = {
  ANY: 0,
  ICMP: 1,
  IPV4: 4,
  TCP: 6,
  UDP: 17,
  IPV6: 41,
  GRE: 47,
  ESP: 50,
  AH: 51,
  ICMPV6: 58,
  NONE: 59,
  OSPF: 89,
  IPCOMP: 108,
  L2TP: 115,
  SCTP: 132,
  MOBILITY_HEADER: 135,
  UDPLITE: 136,
} as const;

/** Any of the registries above. */
export type Registry = Readonly<Record<string, number>>;

const reversed = new WeakMap<Registry, ReadonlyMap<number, string>>();

/** The IANA name of `value`, or the number itself as text when the registry does not list it. */
export function nameOf(registry: Registry, value: number): string {
  let names = reversed.get(registry);
  if (names === undefined) {
    names = new Map(Object.entries(registry).map(([name, number]) => [number, name]));
    reversed.set(registry, names);
  }
  return names.get(value) ?? String(value);
}

/** RFC 7296 §3.10.1: types below 16384 report errors, known or not. */
export const isErrorNotify = (type: number): boolean => type < 16384;
