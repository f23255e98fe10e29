/** Why a key file gave nothing. */

export type KeyFileReason =
  /** Its octets break the format. */
  | 'MALFORMED'
  /** It is encrypted and no passphrase was given. */
  | 'PASSPHRASE_MISSING'
  | 'PASSPHRASE_WRONG'
  /** A format, an algorithm or a kind of key that is not read here. */
  | 'UNSUPPORTED'
  /** More octets, or more iterations of a hash, than a key file may cost. */
  | 'TOO_BIG'
  /** There is neither a key nor a certificate in it. */
  | 'EMPTY'
  /** The system does not let it be read. */
  | 'UNREADABLE'
  /** A private key that others than its owner may read. */
  | 'OPEN_TO_OTHERS';

/** The only error that reading key files throws. `text` is one line for the operator, without a word of a secret. */
export class KeyFileError extends Error {
  readonly code = 'KEY_FILE';
  constructor(
    readonly reason: KeyFileReason,
    readonly text: string,
  ) {
    super(text);
  }
}

export const malformed = (text: string): KeyFileError => new KeyFileError('MALFORMED', text);
export const unsupported = (text: string): KeyFileError => new KeyFileError('UNSUPPORTED', text);
