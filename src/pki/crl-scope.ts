/** Which certificates and which reasons a CRL speaks of. RFC 5280 §6.3.3 (b)-(e). */

import { sameOctets } from '../crypto/octets.ts';
import type { Certificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import { allReasons, type DistributionPoint, sameDistributionPoint } from './distribution-point.ts';

/** The distribution points of a certificate; without the extension, its issuer's CRL for everything. §6.3.3. */
export function pointsOf(certificate: Certificate): readonly DistributionPoint[] {
  const implied: DistributionPoint = {
    name: { full: [{ kind: 'dn', name: certificate.issuer, key: certificate.issuerKey }] },
  };
  return [...(certificate.extensions.distributionPoints ?? []), implied];
}

/** The reasons, as bits, for which `crl` covers `certificate` by way of `point`; 0 when it does not at all. */
export function coverage(crl: Crl, certificate: Certificate, point: DistributionPoint): number {
  const { scope } = crl;
  if (!issues(crl, certificate, point) || crl.unknownCritical.length > 0) return 0;
  if (scope === undefined) return point.reasons ?? allReasons;
  if (!namesPoint(crl, certificate, point)) return 0;
  const authority = certificate.extensions.basicConstraints?.ca === true;
  if (
    (scope.onlyUserCertificates && authority) ||
    (scope.onlyAuthorities && !authority) ||
    scope.onlyAttributes
  ) {
    return 0;
  }
  return (scope.reasons ?? allReasons) & (point.reasons ?? allReasons);
}

/** (b)(1): the certificate's issuer, or with an indirect CRL the issuer the distribution point names. */
function issues(crl: Crl, certificate: Certificate, { crlIssuer }: DistributionPoint): boolean {
  if (crlIssuer === undefined) return crl.issuerKey === certificate.issuerKey;
  return (
    crl.scope?.indirect === true && crlIssuer.some((name) => name.kind === 'dn' && name.key === crl.issuerKey)
  );
}

/** (b)(2)(i). */
function namesPoint(crl: Crl, certificate: Certificate, point: DistributionPoint): boolean {
  const name = crl.scope?.name;
  if (name === undefined) return true;
  const issuer = point.crlIssuer?.find((one) => one.kind === 'dn');
  const issuerKey = issuer?.kind === 'dn' ? issuer.key : certificate.issuerKey;
  if (point.name !== undefined) return sameDistributionPoint(name, crl.issuerKey, point.name, issuerKey);
  return sameDistributionPoint(name, crl.issuerKey, { full: point.crlIssuer ?? [] }, issuerKey);
}

/** (c): whether `delta` adds to `base`: the same issuer, scope and key, made for this base or an older one. */
export function extendsBase(delta: Crl, base: Crl): boolean {
  if (delta.deltaBase === undefined || base.number === undefined || delta.number === undefined) return false;
  if (delta.issuerKey !== base.issuerKey || !sameScope(delta, base)) return false;
  const [one, other] = [delta.authorityKeyId?.keyId, base.authorityKeyId?.keyId];
  if ((one === undefined) !== (other === undefined)) return false;
  if (one !== undefined && other !== undefined && !sameOctets(one, other)) return false;
  return compare(base.number, delta.deltaBase) >= 0 && compare(base.number, delta.number) < 0;
}

function sameScope(delta: Crl, base: Crl): boolean {
  const [one, other] = [delta.scope, base.scope];
  if (one === undefined || other === undefined) return one === other;
  const sameName =
    one.name === undefined || other.name === undefined
      ? one.name === other.name
      : sameDistributionPoint(one.name, delta.issuerKey, other.name, base.issuerKey);
  return (
    sameName &&
    one.reasons === other.reasons &&
    one.indirect === other.indirect &&
    one.onlyAuthorities === other.onlyAuthorities &&
    one.onlyUserCertificates === other.onlyUserCertificates &&
    one.onlyAttributes === other.onlyAttributes
  );
}

/** Of two INTEGERs' contents, neither negative. */
function compare(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length;
  const at = a.findIndex((octet, index) => octet !== b[index]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
