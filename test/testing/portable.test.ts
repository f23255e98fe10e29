/** `ikev2/testing` runs wherever JavaScript does: no test framework, no module of Node, no socket. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Every file reached by imports that are not of types only, and every package named there. */
function reached(entry: URL, files = new Set<string>(), packages = new Set<string>()) {
  if (files.has(entry.href)) return { files, packages };
  files.add(entry.href);
  const text = readFileSync(entry, 'utf8');
  for (const [, typeOnly, from = ''] of text.matchAll(
    /^(?:import|export)(\s+type)?\s[^'"]*?from\s+'([^']+)'/gm,
  )) {
    if (typeOnly !== undefined) continue;
    if (from.startsWith('.')) reached(new URL(from, entry), files, packages);
    else
      packages.add(
        from
          .split('/')
          .slice(0, from.startsWith('@') ? 2 : 1)
          .join('/'),
      );
  }
  return { files, packages };
}

it('imports only the portable provider and what it stands on', () => {
  const { files, packages } = reached(new URL('../../src/testing/index.ts', import.meta.url));
  expect(files.size).toBeGreaterThan(60);
  expect([...packages].sort()).toEqual([
    '@noble/ciphers',
    '@noble/curves',
    '@noble/hashes',
    'asn1js',
    'ipaddr.js',
    'leven',
  ]);
});
