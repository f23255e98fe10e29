/** Which pre-shared key is for which two ends, by the rules of pluto's ipsec.secrets. */
import { parseAddress } from '../wire/address.ts';
import { addressIdentity, type Identity, sameIdentity } from './identity.ts';
import type { PreSharedKey } from './policy.ts';

/** How an entry fits, as bits: more is more specific. */
const fits = { default: 1, any: 2, remote: 4, local: 8 } as const;

/** What is no fit at all: an entry of several names needs both ends, or one and `%any`. */
const good: ReadonlySet<number> = new Set([
  fits.default,
  fits.any,
  fits.local | fits.default,
  fits.local | fits.any,
  fits.remote | fits.any,
  fits.local | fits.remote,
  fits.local | fits.remote | fits.any,
]);

/**
 * The key that fits best, the first of equals; undefined when none fits. Identities count, and an address only
 * where there is no identity. From least to most specific: an entry without names, `%any`, the remote end and
 * `%any`, the local end alone, the local end and `%any`, both ends.
 */
export function pskFor(
  keys: readonly PreSharedKey[],
  local: Identity | undefined,
  remote: Identity | undefined,
  localAddress: string,
  remoteAddress: string,
): PreSharedKey | undefined {
  const ours = local ?? identityOf(localAddress);
  const theirs = remote ?? identityOf(remoteAddress);
  let best: PreSharedKey | undefined;
  let bestFit = 0;
  for (const key of keys) {
    const fit = fitOf(key, ours, theirs);
    if (fit <= bestFit) continue;
    best = key;
    bestFit = fit;
  }
  return best;
}

function identityOf(address: string): Identity | undefined {
  const octets = parseAddress(address);
  return octets && addressIdentity(octets);
}

function fitOf(key: PreSharedKey, local: Identity | undefined, remote: Identity | undefined): number {
  if (key.selectors.length === 0) return fits.default;
  let fit = 0;
  for (const selector of key.selectors) {
    if (selector.kind === 'any') {
      fit |= fits.any;
      continue;
    }
    if (local && sameIdentity(selector.identity, local)) fit |= fits.local;
    if (remote && sameIdentity(selector.identity, remote)) fit |= fits.remote;
  }
  // A lone name that is ours is for any peer.
  if (fit === fits.local && key.selectors.length === 1) fit |= fits.default;
  return good.has(fit) ? fit : 0;
}
