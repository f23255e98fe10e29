/** Files with private keys, certificates and CRLs; public keys as configurations write them. */

export { base64Of } from './base64.ts';
export { type KeyFile, type KeyFileOptions, longestFile, readKeyFile } from './key-file.ts';
export { KeyFileError, type KeyFileReason } from './key-file-error.ts';
export { isSelfIssuedName } from './leaf-first.ts';
export { makeEcKey, makeEdwardsKey } from './make-key.ts';
export { formatPem } from './pem.ts';
export type { PrivateKeyData } from './private-key.ts';
export {
  type PublicKeyForm,
  parsePublicKeyText,
  publicKeyKeywords,
  publicKeyText,
} from './public-key-text.ts';
