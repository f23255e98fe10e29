/** What a decoder throws, and the only thing it throws: octets that break the grammar of RFC 7296 §3. */
export class WireError extends Error {
  readonly code = 'WIRE';

  /** `at` counts octets from the start of the message (its header's first octet is 0). */
  constructor(
    /** The field as the RFC calls it. */
    readonly field: string,
    readonly at: number,
    problem: string,
  ) {
    super(`${field}: ${problem} (at octet ${at})`);
    this.name = 'WireError';
  }
}
