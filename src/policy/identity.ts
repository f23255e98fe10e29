/** An IKE identity: the ID type and its octets. RFC 7296 §3.5. */
export interface Identity {
  /** IdType; an unknown number stays a number. */
  readonly type: number;
  readonly data: Uint8Array;
}
