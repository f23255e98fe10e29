/** Why octets are no certificate, CRL, OCSP response, bundle or name. */
export type PkiReason = 'der' | 'too-big' | 'certificate' | 'extension' | 'crl' | 'ocsp' | 'pkcs7' | 'name';

/** What every parser of this room throws, and the only thing it throws. `text` is one line for the operator. */
export class PkiError extends Error {
  readonly code = 'PKI';

  constructor(
    readonly reason: PkiReason,
    readonly text: string,
  ) {
    super(text);
    this.name = 'PkiError';
  }
}
