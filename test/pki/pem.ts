/** PEM blocks of the vectors, which mark trust in their labels. */
export interface PemBlock {
  readonly label: string;
  readonly octets: Uint8Array;
}

export const pemBlocks = (text: string): PemBlock[] =>
  [...text.matchAll(/-----BEGIN ([^-]+)-----([^-]*)-----END/g)].map(([, label = '', body = '']) => ({
    label,
    octets: Uint8Array.from(Buffer.from(body, 'base64')),
  }));
