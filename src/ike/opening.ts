/** What is kept of IKE_SA_INIT until the peer has proven who it is. */
import type { Path } from './actions.ts';
import type { Outstanding } from './exchange.ts';

/** IKE_SA_INIT as it was on the wire: what AUTH signs, and what another response to it is tried with (§2.4). */
export interface Opening {
  request: Uint8Array;
  response: Uint8Array;
  outstanding?: Outstanding;
  /** The path the request took, before any response named a NAT. */
  path?: Path;
}

export const noOpening = (): Opening => ({ request: nothing, response: nothing });

const nothing = new Uint8Array(0);
