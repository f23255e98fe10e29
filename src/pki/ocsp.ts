export interface OcspResponse {
  readonly der: Uint8Array;
}
