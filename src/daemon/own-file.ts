/** Files with keys in them. */
import { fchmodSync, fstatSync, openSync } from 'node:fs';

/** Opens it for its owner alone, also one that was there and open to others. Throws what fs throws. */
export function openOwn(file: string, flags: 'a' | 'w'): number {
  const fd = openSync(file, flags, 0o600);
  const status = fstatSync(fd);
  if (status.isFile() && (status.mode & 0o077) !== 0) fchmodSync(fd, 0o600);
  return fd;
}
