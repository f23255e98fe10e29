/** What docs/authentication.md shows can be read, and says what it is to show. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { keyFilePassphrases } from '../../src/config/index.ts';
import { certificate, credential } from '../scenes/certificates.ts';
import { errors, good, read, remarks, text } from './read.ts';

const page = readFileSync(new URL('../../docs/authentication.md', import.meta.url), 'utf8');
const blocks = (kind: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${kind}\n(.*?)\`\`\``, 'gs'))].map(([, block = '']) => block);

/** east, and the key whose CKAID the page has. */
const credentials = {
  certificates: new Map([['east', certificate('east')]]),
  keys: [credential('east').spki, credential('deep').spki],
  authorities: [certificate('ca')],
  crls: [],
};
const secrets = blocks('secrets').join('\n');

describe('docs/authentication.md', () => {
  it('has connections that load', () => {
    const confs = blocks('conf');
    expect(confs).toHaveLength(5);
    for (const conf of confs) expect(errors(read(conf, { credentials }, secrets)), conf).toEqual([]);
    const config = good(confs.join('\n'), { credentials }, secrets);
    expect(config.policy.pad.map(({ name }) => name)).toEqual([
      'certificates',
      'raw-keys',
      'nobody',
      'road-warrior',
    ]);
    expect(config.policy.pki?.revocation).toMatchObject({ ocsp: 'on', crlTimeout: 5000 });
    // The authority of the example is not among the test's.
    expect(remarks(config).filter((each) => !each.includes('no authority of this name'))).toEqual([]);
  });

  it('has secrets that are read', () => {
    const config = good('', {}, secrets);
    expect(remarks(config)).toEqual([]);
    expect(config.policy.preSharedKeys).toHaveLength(3);
    expect([...config.eapPasswords.keys()]).toEqual(['user']);
    expect([...keyFilePassphrases(text('', secrets)).keys()]).toEqual(['east.p12', '/root/east.pem']);
  });
});
