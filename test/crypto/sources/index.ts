/** All vectors there are: the project's own, and the shared ones if they are beside it. */
import type { Source } from '../vector.ts';
import { hasSharedVectors } from './files.ts';
import { acvpSource, cavsSource, nssSource } from './kdf.ts';
import { ownSources, rfcSources } from './rfc.ts';
import { dpdkSource, strongswanSources, wiresharkSource } from './strongswan.ts';
import { wycheproofSources } from './wycheproof.ts';

export { hasSharedVectors };

const sharedSources = (): Source[] => [
  ...rfcSources(),
  ...[cavsSource(), acvpSource(), nssSource()],
  ...strongswanSources(),
  ...[dpdkSource(), wiresharkSource()],
  ...wycheproofSources(),
];

if (!hasSharedVectors) console.warn('skipped: most crypto vectors, for ../shared/vectors is not there');

export const sources: readonly Source[] = [...ownSources(), ...(hasSharedVectors ? sharedSources() : [])];
