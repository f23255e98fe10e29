/** What a path must be like, beyond RFC 5280. */
import { KeyPurpose } from './object-ids.ts';
import type { PolicyOptions } from './policies.ts';

export interface PathOptions {
  /** A leaf with extendedKeyUsage must have one of these; undefined: any will do. Intermediates with one too. */
  readonly purposes?: readonly string[] | undefined;
  /** keyUsage bits of which a leaf with that extension has one; 0: any will do. */
  readonly keyUsage: number;
  /** Whether the anchors' own pathLen, name constraints, policies, usages and critical extensions bind. RFC 5937. */
  readonly anchorConstraints: boolean;
  /** Whether an anchor's validity binds. */
  readonly anchorExpiry: boolean;
  /** Whether signatures with SHA-1 hold. */
  readonly sha1: boolean;
  /** RSA moduli of fewer bits are refused, anchors' too. */
  readonly leastRsaBits: number;
  /** The initial max_path_length: intermediates that are not self-issued. RFC 5280 §6.1.2 (k). */
  readonly pathLength: number;
  readonly policies: PolicyOptions;
  /** Refuse certificates that RFC 5280 §4 forbids to be issued though a path with them validates. */
  readonly strictProfile: boolean;
  /**
   * `off`: not looked at. `soft`: revoked is refused, unknown is reported. `strict`: unknown is refused too, of the leaf
   * or of every certificate but the anchor.
   */
  readonly revocation: 'off' | 'soft' | 'strict-leaf' | 'strict';
  /** Seconds after thisUpdate for which a CRL or an OCSP response is fresh at most, whatever its nextUpdate. */
  readonly maxStatusAge: number;
  /** Seconds by which a CRL or an OCSP response may be ahead of our clock. */
  readonly statusSkew: number;
  readonly limits: Limits;
}

export interface Limits {
  /** Certificates given besides the leaf and the anchors, and their octets. */
  readonly certificates: number;
  readonly octets: number;
  /** Certificates in a path, anchor and leaf among them. */
  readonly depth: number;
  /** Signatures verified, and certificates tried as an issuer, for one verdict. */
  readonly signatures: number;
  readonly steps: number;
  /** Names compared with name constraints. */
  readonly comparisons: number;
}

/**
 * What IKE peers are held to. RFC 4945 §5.1.3.2: digitalSignature or nonRepudiation; §5.1.3.12: ipsecIKE or any, and as
 * Libreswan and strongSwan do, the older IKE purpose and those of TLS.
 */
export const ikePathOptions: PathOptions = {
  purposes: [
    KeyPurpose.IPSEC_IKE,
    KeyPurpose.ANY,
    KeyPurpose.IKE_INTERMEDIATE,
    KeyPurpose.SERVER_AUTH,
    KeyPurpose.CLIENT_AUTH,
  ],
  keyUsage: 0b11,
  anchorConstraints: true,
  anchorExpiry: true,
  sha1: false,
  leastRsaBits: 2048,
  pathLength: 12,
  policies: {},
  strictProfile: false,
  revocation: 'soft',
  maxStatusAge: Number.POSITIVE_INFINITY,
  statusSkew: 300,
  limits: {
    certificates: 100,
    octets: 1 << 20,
    depth: 12,
    signatures: 100,
    steps: 1000,
    comparisons: 1 << 16,
  },
};
