/** Files with private keys, certificates and CRLs; public keys as configurations write them. */

export { type KeyFile, type KeyFileOptions, longestFile, readKeyFile } from './key-file.ts';
export { KeyFileError, type KeyFileReason } from './key-file-error.ts';
export type { PrivateKeyData } from './private-key.ts';
