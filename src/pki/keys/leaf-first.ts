/** The order of the certificates of a file: whose key is in it, then its issuer, and so on. */
import { Tag } from '../der.ts';
import { element, explicit, Fields } from './ber.ts';

/** Octets written as text, to be compared. */
interface Names {
  readonly der: Uint8Array;
  readonly issuer: string;
  readonly subject: string;
  readonly spki: string;
}

/** Certificates that occur twice are left out once. Throws KeyFileError on what is no certificate. */
export function leafFirst(
  certificates: readonly Uint8Array[],
  spkis: readonly Uint8Array[],
): readonly Uint8Array[] {
  const unique = new Map(certificates.map((der) => [String(der), der]));
  const left = [...unique.values()].map(namesOf);
  const ordered: Names[] = [];
  const take = (found: Names | undefined): boolean => {
    if (found) ordered.push(...left.splice(left.indexOf(found), 1));
    return found !== undefined;
  };
  for (const spki of spkis.map(String)) while (take(left.find((each) => each.spki === spki)));
  const follow = (): Names | undefined => {
    const last = ordered.at(-1);
    return left.find(({ subject }) => subject === last?.issuer);
  };
  while (take(follow()));
  return [...ordered, ...left].map(({ der }) => der);
}

/** The fields that tell certificates apart; whether it is a good certificate others find out. RFC 5280 §4.1. */
export function namesOf(der: Uint8Array): Names {
  const certificate = Fields.of('certificate', element('certificate', der, Tag.SEQUENCE));
  const tbs = certificate.sequence('TBSCertificate');
  tbs.optional('version', explicit(0));
  tbs.next('serial number', Tag.INTEGER);
  tbs.next('signature', Tag.SEQUENCE);
  const issuer = tbs.next('issuer', Tag.SEQUENCE);
  tbs.next('validity', Tag.SEQUENCE);
  const subject = tbs.next('subject', Tag.SEQUENCE);
  const spki = tbs.next('public key', Tag.SEQUENCE);
  return { der, issuer: String(issuer.raw), subject: String(subject.raw), spki: String(spki.raw) };
}

/** Whether subject and issuer are the same name: a root, or one that says so. Throws KeyFileError. */
export function isSelfIssuedName(der: Uint8Array): boolean {
  const { issuer, subject } = namesOf(der);
  return issuer === subject;
}
