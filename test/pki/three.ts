/** A root, an intermediate and a leaf that are accepted, and the same with one thing changed. */
import { nodeCrypto } from '../../src/crypto/index.ts';
import {
  type ChainInput,
  ikePathOptions,
  type PathOptions,
  type Verdict,
  validateChain,
} from '../../src/pki/index.ts';
import {
  altNames,
  basicConstraints,
  dns,
  type Issued,
  issue,
  keyFrom,
  keyUsage,
  now,
  type Order,
} from './issue.ts';

export interface Three {
  readonly root: Issued;
  readonly sub: Issued;
  readonly leaf: Issued;
}

export interface Changes {
  readonly root?: Partial<Order>;
  readonly sub?: Partial<Order>;
  readonly leaf?: Partial<Order>;
}

export const [rootKey, subKey, leafKey] = [keyFrom(1), keyFrom(2), keyFrom(3)];

export function three({ root: ofRoot, sub: ofSub, leaf: ofLeaf }: Changes = {}): Three {
  const root = issue({
    subject: 'O=Test, CN=Root',
    key: rootKey,
    extensions: [basicConstraints(true), keyUsage(5, 6)],
    ...ofRoot,
  });
  const sub = issue({
    subject: 'O=Test, CN=Sub',
    key: subKey,
    issuer: root,
    serial: 2,
    extensions: [basicConstraints(true), keyUsage(5, 6)],
    ...ofSub,
  });
  const leaf = issue({
    subject: 'O=Test, CN=east',
    key: leafKey,
    issuer: sub,
    serial: 3,
    extensions: [keyUsage(0), altNames(dns('east.test'))],
    ...ofLeaf,
  });
  return { root, sub, leaf };
}

export const verdictOn = (
  { root, sub, leaf }: Three,
  options: Partial<PathOptions> = {},
  more: Partial<ChainInput> = {},
): Verdict =>
  validateChain({
    leaf: leaf.certificate,
    intermediates: [sub.certificate],
    anchors: [root.certificate],
    crls: [],
    at: now,
    crypto: nodeCrypto,
    options: { ...ikePathOptions, ...options },
    ...more,
  });

/** `ok`, or why not. */
export const outcome = (verdict: Verdict): string => (verdict.ok ? 'ok' : verdict.code);
