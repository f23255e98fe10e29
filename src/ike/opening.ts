/** What is kept of IKE_SA_INIT until the peer has proven who it is. */
import { sameOctets } from '../crypto/octets.ts';
import type { Crypto } from '../crypto/provider.ts';
import type { Path } from './actions.ts';
import type { Outstanding } from './exchange.ts';

/** IKE_SA_INIT as it was on the wire: what AUTH signs, and what another response to it is tried with (§2.4). */
export interface Opening {
  request: Uint8Array;
  response: Uint8Array;
  outstanding?: Outstanding;
  /** The path the request took, before any response named a NAT. */
  path?: Path;
  /** SHA-256 of the request, in its place. */
  digest?: Uint8Array;
}

export const noOpening = (): Opening => ({ request: nothing, response: nothing });

/** What is kept of the request when its sender has proven who it is: enough to know it again. */
export const provenOpening = ({ request }: Opening, crypto: Crypto): Opening => ({
  ...noOpening(),
  digest: crypto.hash('sha256', request),
});

/** Whether these are the octets of the request. §2.1. */
export const isRequestOf = ({ request, digest }: Opening, octets: Uint8Array, crypto: Crypto): boolean =>
  digest ? sameOctets(digest, crypto.hash('sha256', octets)) : sameOctets(request, octets);

const nothing = new Uint8Array(0);
