/** Opening key files over node:crypto. */
import { createDecipheriv, pbkdf2Sync, scryptSync } from 'node:crypto';
import type { KeyFileCrypto } from '../key-file.ts';
import { plain } from './octets.ts';
import { nodePrivateKey } from './signature.ts';

export const nodeKeyFileCrypto: KeyFileCrypto = {
  pbkdf2: (hash, password, salt, iterations, length) =>
    plain(pbkdf2Sync(password, salt, iterations, length, hash)),
  scrypt(password, salt, { cost, blockSize, parallelization }, length) {
    const maxmem = 256 * cost * blockSize;
    return attempt(() =>
      plain(scryptSync(password, salt, length, { cost, blockSize, parallelization, maxmem })),
    );
  },
  openCbc: (cipher, key, iv, ciphertext) =>
    attempt(() => {
      const name = cipher === '3des' ? 'des-ede3-cbc' : `${cipher}-${key.length * 8}-cbc`;
      const decipher = createDecipheriv(name, key, iv);
      return plain(Buffer.concat([decipher.update(ciphertext), decipher.final()]));
    }),
  spkiOf: (pkcs8) => attempt(() => nodePrivateKey(pkcs8).spki),
};

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
