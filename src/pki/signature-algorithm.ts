/** AlgorithmIdentifier of a signature. RFC 4055, RFC 5758, RFC 8410. */
import type { HashName, SignatureAlgorithm } from '../crypto/provider.ts';
import { Contents, contentsOf, context, type Element, elementOf, explicit, Tag } from './der.ts';
import { oid, smallInteger } from './der-values.ts';

const pkcs1: Readonly<Record<string, HashName>> = {
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
};
const ecdsa: Readonly<Record<string, HashName>> = {
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};
const hashes: Readonly<Record<string, HashName>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
const PSS = '1.2.840.113549.1.1.10';
const MGF1 = '1.2.840.113549.1.1.8';
const ED25519 = '1.3.101.112';
const ED448 = '1.3.101.113';

/** The algorithm; undefined when it is none of ours or its parameters are wrong. Throws PkiError on what is no AlgorithmIdentifier. */
export function signatureAlgorithm(identifier: Uint8Array): SignatureAlgorithm | undefined {
  const contents = contentsOf(elementOf(identifier), 'AlgorithmIdentifier');
  const algorithm = oid(contents.next('algorithm', Tag.OID).body);
  const parameters = contents.done ? undefined : contents.next('parameters');
  contents.end('AlgorithmIdentifier');
  const hash = pkcs1[algorithm];
  // RFC 4055 §5: NULL, and absent is accepted too.
  if (hash !== undefined) return nullOrAbsent(parameters) ? { kind: 'rsa-pkcs1', hash } : undefined;
  if (algorithm === PSS) return parameters === undefined ? undefined : pss(parameters);
  if (parameters !== undefined) return undefined;
  const ecHash = ecdsa[algorithm];
  if (ecHash !== undefined) return { kind: 'ecdsa', hash: ecHash };
  if (algorithm === ED25519) return { kind: 'ed25519' };
  return algorithm === ED448 ? { kind: 'ed448' } : undefined;
}

const nullOrAbsent = (parameters: Element | undefined): boolean =>
  parameters === undefined || parameters.tag === Tag.NULL;

/** RSASSA-PSS-params: MGF1 with the same hash and trailer field 1, nothing else. RFC 4055 §3.1. */
function pss(parameters: Element): SignatureAlgorithm | undefined {
  const contents = contentsOf(parameters, 'RSASSA-PSS-params');
  const field = (number: number) => {
    const tagged = contents.optional(context(number));
    return tagged && explicit(tagged, 'RSASSA-PSS-params');
  };
  const [hashField, maskField, saltField, trailerField] = [field(0), field(1), field(2), field(3)];
  contents.end('RSASSA-PSS-params');
  const hash = hashField === undefined ? 'sha1' : hashOf(hashField);
  const maskHash = maskField === undefined ? 'sha1' : maskHashOf(maskField);
  const saltLength = saltField === undefined ? 20 : smallInteger(saltField.body, 'saltLength');
  if (hash === undefined || maskHash !== hash) return undefined;
  if (trailerField !== undefined && smallInteger(trailerField.body, 'trailerField') !== 1) return undefined;
  return { kind: 'rsa-pss', hash, saltLength };
}

/** The hash an AlgorithmIdentifier names; undefined for another algorithm. */
export function hashOf(identifier: Element): HashName | undefined {
  const contents = contentsOf(identifier, 'hash algorithm');
  const algorithm = oid(contents.next('hash algorithm', Tag.OID).body);
  const parameters = contents.done ? undefined : contents.next('hash parameters');
  contents.end('hash algorithm');
  return nullOrAbsent(parameters) ? hashes[algorithm] : undefined;
}

function maskHashOf(identifier: Element): HashName | undefined {
  const contents = new Contents(identifier.body);
  const algorithm = oid(contents.next('mask generation', Tag.OID).body);
  if (algorithm !== MGF1 || contents.done) return undefined;
  const hash = hashOf(contents.next('mask generation hash', Tag.SEQUENCE));
  contents.end('mask generation');
  return hash;
}
