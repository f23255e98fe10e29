/** node:crypto answers with Buffers, whose slice and toString differ from a Uint8Array's. */

/** The same memory as a plain Uint8Array. */
export const plain = (buffer: Buffer): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
