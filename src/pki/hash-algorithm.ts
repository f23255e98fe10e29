/** AlgorithmIdentifier of a hash. RFC 5754 §2, RFC 6960 §4.3. */
import type { HashName } from '../crypto/provider.ts';
import { contentsOf, type Element, Tag } from './der.ts';
import { oid } from './der-values.ts';

const hashes: Readonly<Record<string, HashName>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** The hash it names; undefined for another algorithm, or parameters other than NULL. Throws PkiError. */
export function hashOf(identifier: Element): HashName | undefined {
  const contents = contentsOf(identifier, 'hash algorithm');
  const algorithm = oid(contents.next('hash algorithm', Tag.OID).body);
  const parameters = contents.done ? undefined : contents.next('hash parameters');
  contents.end('hash algorithm');
  return parameters === undefined || parameters.tag === Tag.NULL ? hashes[algorithm] : undefined;
}
