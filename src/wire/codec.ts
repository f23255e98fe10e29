import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** How one payload type goes between its body (what follows the generic payload header) and a plain value. */
export interface Codec<K extends string, P extends { readonly kind: K }> {
  readonly kind: K;
  /** Payload type, RFC 7296 §3.2. */
  readonly type: number;
  /** As RFC 7296 §1.2 writes it in message diagrams. */
  readonly notation: string;
  /** Reads the whole body or throws WireError. `next` is the Next Payload field of its generic header. */
  parse(reader: Reader, next: number): P;
  encode(writer: Writer, payload: P): void;
}

/** Declares a codec; its kind and payload type are kept for the registry. */
export const codec = <K extends string, P extends { readonly kind: K }>(c: Codec<K, P>): Codec<K, P> => c;
