/** What CRLs and OCSP responses say of one certificate, and for how long. */
import type { PathOptions } from './options.ts';

/** `until`, unix seconds: when it has to be asked again. */
export type Status =
  | { readonly kind: 'good'; readonly until: number }
  | { readonly kind: 'revoked' }
  | { readonly kind: 'unknown' };

const week = 7 * 86_400;

/** Until when a CRL or an OCSP response is fresh, unix seconds: its nextUpdate, a week when it has none, no longer than allowed. */
export const freshUntil = (
  { thisUpdate, nextUpdate }: { readonly thisUpdate: number; readonly nextUpdate?: number },
  { maxStatusAge }: PathOptions,
): number => Math.min(nextUpdate ?? thisUpdate + week, thisUpdate + maxStatusAge);
