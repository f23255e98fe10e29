/** Files with keys and certificates, whatever their format: PEM, DER, PKCS#12. */
import type { KeyFileCrypto } from '../../crypto/key-file.ts';
import { nodeKeyFileCrypto } from '../../crypto/node/key-file.ts';
import type { Secret } from '../../crypto/secret.ts';
import { Tag } from '../der.ts';
import { element, explicit, Fields } from './ber.ts';
import { KeyFileError, malformed, unsupported } from './key-file-error.ts';
import { leafFirst, namesOf } from './leaf-first.ts';
import { Effort, type Opening, usualEffort } from './opening.ts';
import { passphraseOf } from './passphrase.ts';
import { looksLikePem, type PemBlock, pemBlocks } from './pem.ts';
import { openedPem } from './pem-encryption.ts';
import { readPkcs12 } from './pkcs12.ts';
import { fromEncryptedPkcs8, fromPkcs1, fromPkcs8, fromSec1, type PrivateKeyData } from './private-key.ts';

export interface KeyFileOptions {
  /** Text, or its octets in UTF-8. Without one the empty passphrase is tried. */
  readonly passphrase?: string | Secret | undefined;
  readonly crypto?: KeyFileCrypto;
  /** Iterations of a hash that opening it may take. */
  readonly effort?: number;
}

export interface KeyFile {
  /** DER; those of the private keys first, each issuer after what it signed, none twice. */
  readonly certificates: readonly Uint8Array[];
  readonly privateKeys: readonly PrivateKeyData[];
  /** DER. */
  readonly crls: readonly Uint8Array[];
  readonly format: 'pem' | 'der' | 'pkcs12';
  /** PKCS#12's friendlyName. */
  readonly name: string | undefined;
}

/** Octets a file may have. A CRL of 100,000 entries has 4 MB. */
export const longestFile = 64 * 1024 * 1024;
const longestKeyFile = 4 * 1024 * 1024;

interface Gathered {
  readonly certificates: Uint8Array[];
  readonly keys: PrivateKeyData[];
  readonly crls: Uint8Array[];
  format: KeyFile['format'];
  name?: string | undefined;
}

/** Everything in a file. Certificates and CRLs are not judged here. Throws KeyFileError and nothing else. */
export function readKeyFile(octets: Uint8Array, options: KeyFileOptions = {}): KeyFile {
  if (octets.length > longestFile)
    throw new KeyFileError('TOO_BIG', `it is larger than ${longestFile} octets`);
  const opening: Opening = {
    passphrase: passphraseOf(options.passphrase),
    crypto: options.crypto ?? nodeKeyFileCrypto,
    effort: new Effort(options.effort ?? usualEffort),
  };
  const gathered: Gathered = { certificates: [], keys: [], crls: [], format: 'der' };
  if (octets[0] === Tag.SEQUENCE) readDer(octets, opening, gathered);
  else readPem(octets, opening, gathered);
  const { certificates, keys, crls, format, name } = gathered;
  if (certificates.length + keys.length + crls.length === 0)
    throw new KeyFileError('EMPTY', 'there is neither a key nor a certificate in it');
  const total = certificates.reduce((sum, { length }) => sum + length, 0);
  if (certificates.length > mostCertificates || total > longestKeyFile || keys.length > mostKeys)
    throw new KeyFileError(
      'TOO_BIG',
      `there are more than ${mostCertificates} certificates or ${mostKeys} keys in it`,
    );
  const privateKeys = [...new Map(keys.map((key) => [String(key.spki), key])).values()];
  const spkis = privateKeys.map(({ spki }) => spki);
  return { certificates: leafFirst(certificates, spkis), privateKeys, crls, format, name };
}

function readPem(octets: Uint8Array, opening: Opening, into: Gathered): void {
  const text = new TextDecoder('latin1').decode(octets);
  if (!looksLikePem(text)) throw unsupported('it is neither PEM nor DER nor PKCS#12');
  into.format = 'pem';
  for (const block of pemBlocks(text)) {
    try {
      readBlock(block, opening, into);
    } catch (error) {
      if (!(error instanceof KeyFileError)) throw error;
      throw new KeyFileError(error.reason, `line ${block.line}: ${error.text}`);
    }
  }
}

function readBlock(block: PemBlock, opening: Opening, into: Gathered): void {
  const { label } = block;
  switch (label) {
    case 'CERTIFICATE':
    case 'X509 CERTIFICATE':
      into.certificates.push(certificate(block.octets));
      return;
    case 'TRUSTED CERTIFICATE':
      // OpenSSL's own: the certificate, then what it is trusted for.
      into.certificates.push(certificate(new Fields(label, block.octets).any('certificate').raw));
      return;
    case 'X509 CRL':
      into.crls.push(element('CRL', block.octets, Tag.SEQUENCE).raw);
      return;
    case 'PKCS12':
      readDer(block.octets, opening, into);
      return;
    case 'PRIVATE KEY':
      into.keys.push(fromPkcs8(block.octets, opening.crypto));
      return;
    case 'ENCRYPTED PRIVATE KEY':
      into.keys.push(fromEncryptedPkcs8(block.octets, opening));
      return;
    case 'RSA PRIVATE KEY':
      into.keys.push(fromPkcs1(openedPem(block, opening), opening.crypto));
      return;
    case 'EC PRIVATE KEY':
      into.keys.push(fromSec1(openedPem(block, opening), opening.crypto));
      return;
    case 'OPENSSH PRIVATE KEY':
      throw unsupported("a key in OpenSSH's format: ssh-keygen -p -m PKCS8 -f FILE turns it into PKCS#8");
    default:
      if (/PRIVATE KEY$/.test(label)) throw unsupported(`${label} is not read here`);
      if (/^PKCS ?#?7/.test(label))
        throw unsupported('PKCS#7: openssl pkcs7 -print_certs makes certificates of it');
  }
}

function readDer(octets: Uint8Array, opening: Opening, into: Gathered): void {
  const kind = kindOf(octets);
  if (kind !== 'crl' && octets.length > longestKeyFile)
    throw new KeyFileError('TOO_BIG', `it is larger than ${longestKeyFile} octets`);
  if (kind === 'certificate') into.certificates.push(certificate(octets));
  else if (kind === 'crl') into.crls.push(octets);
  else if (kind === 'pkcs12') {
    const bags = readPkcs12(octets, opening);
    into.certificates.push(...bags.certificates.map(certificate));
    into.keys.push(...bags.keys);
    into.crls.push(...bags.crls);
    into.name ??= bags.name;
    into.format = 'pkcs12';
  } else if (kind === 'encrypted') into.keys.push(fromEncryptedPkcs8(octets, opening));
  else into.keys.push({ pkcs8: fromPkcs8, pkcs1: fromPkcs1, sec1: fromSec1 }[kind](octets, opening.crypto));
}

type Kind = 'certificate' | 'crl' | 'pkcs12' | 'encrypted' | 'pkcs8' | 'pkcs1' | 'sec1';

/** What a DER file is, by its first fields. */
function kindOf(octets: Uint8Array): Kind {
  const outer = Fields.of('file', element('file', octets, Tag.SEQUENCE));
  const first = outer.any('first field');
  if (first.tag === Tag.SEQUENCE) {
    if (outer.tag !== Tag.SEQUENCE) return 'encrypted';
    return isCrl(Fields.of('file', first)) ? 'crl' : 'certificate';
  }
  if (first.tag !== Tag.INTEGER) throw unsupported('it is neither a certificate nor a key');
  if (outer.tag === Tag.INTEGER) return 'pkcs1';
  if (outer.tag === Tag.OCTET_STRING) return 'sec1';
  return first.body.length === 1 && first.body[0] === 3 ? 'pkcs12' : 'pkcs8';
}

/** After signature and issuer a CRL has a time, a certificate (with a serial number) a validity. RFC 5280 §4.1, §5.1. */
function isCrl(tbs: Fields): boolean {
  if (tbs.tag === explicit(0)) return false;
  tbs.optional('version', Tag.INTEGER);
  tbs.any('signature');
  tbs.any('issuer');
  return tbs.tag === Tag.UTC_TIME || tbs.tag === Tag.GENERALIZED_TIME;
}

/** It has the fields of a certificate; whether they are good others find out. */
function certificate(octets: Uint8Array): Uint8Array {
  if (octets.length > longestCertificate) throw malformed(`a certificate of ${octets.length} octets`);
  return namesOf(octets).der;
}

const mostCertificates = 5_000;
const mostKeys = 100;
const longestCertificate = 256 * 1024;
