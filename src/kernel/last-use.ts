/** When the peer was last heard on any of its SAs. */
import type { Kernel, SaId } from './port.ts';

/** `lastUse` in monotonic milliseconds; absent when nothing came in yet. */
export function lastUse(
  kernel: Kernel,
  ids: readonly SaId[],
): { readonly ok: true; readonly lastUse?: number } {
  let latest: number | undefined;
  for (const id of ids) {
    const at = kernel.counters(id)?.lastUse;
    if (at !== undefined && at > (latest ?? Number.NEGATIVE_INFINITY)) latest = at;
  }
  return { ok: true, ...(latest !== undefined && { lastUse: latest }) };
}
