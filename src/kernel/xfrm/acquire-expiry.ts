/** net.core.xfrm_acq_expires: seconds a packet's larval state waits for its SA, before another packet may ask again. */
import { readFileSync, writeFileSync } from 'node:fs';

const path = '/proc/sys/net/core/xfrm_acq_expires';

/** Sets it; returns what puts it back. Throws what the file system does: EACCES, EROFS. */
export function setAcquireExpiry(seconds: number): () => void {
  const before = readFileSync(path, 'utf8').trim();
  const wanted = String(seconds);
  if (before === wanted) return () => {};
  writeFileSync(path, wanted);
  return () => {
    // Somebody else's by now, unless it is as we left it.
    if (readFileSync(path, 'utf8').trim() === wanted) writeFileSync(path, before);
  };
}
