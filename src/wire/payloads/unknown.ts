/** A payload of a type we have no codec for. RFC 7296 §2.5. */
export interface Unknown {
  readonly kind: 'unknown';
  /** Its payload type. */
  readonly type: number;
  /** The critical bit: the request that carries it must be refused with UNSUPPORTED_CRITICAL_PAYLOAD. */
  readonly critical: boolean;
  readonly data: Uint8Array;
}
