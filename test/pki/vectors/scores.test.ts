/**
 * How path validation does on the foreign sets of vectors: every number exact, every case it does not get right named with
 * its reason. docs/pki.md has the same table.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { PathOptions } from '../../../src/pki/index.ts';
import { boringsslCrls, boringsslPaths } from './boringssl.ts';
import { hasVectors, type PathCase, score } from './case.ts';
import { limbo } from './limbo.ts';
import { pkits } from './pkits.ts';

if (!hasVectors) console.warn('skipped: path validation vectors, for ../shared/vectors/05-x509 is not there');

const issuing = 'a rule for who issues certificates; with strictProfile it is refused';
const rfc5280 = ['rfc5280', 'pathlen', 'crl', 'cve'];

/** Reasons for the cases that go another way than the set says. */
const wronglyAccepted: Readonly<Record<string, string>> = {
  'crl::crlnumber-missing': issuing,
  'crl::crlnumber-critical': issuing,
  'rfc5280::aki::leaf-missing-aki': issuing,
  'rfc5280::aki::intermediate-missing-aki': issuing,
  'rfc5280::aki::cross-signed-root-missing-aki': issuing,
  'rfc5280::nc::permitted-dns-match-noncritical': issuing,
  'rfc5280::nc::not-allowed-in-ee-noncritical': issuing,
  'rfc5280::nc::not-allowed-in-ee-critical': issuing,
  'rfc5280::pc::ica-noncritical-pc': issuing,
  'rfc5280::san::noncritical-with-empty-subject': issuing,
  'rfc5280::san::underscore-dns': issuing,
  'rfc5280::serial::too-long': issuing,
  'rfc5280::serial::zero': issuing,
  'rfc5280::ski::critical-ski': issuing,
  'rfc5280::ski::root-missing-ski': issuing,
  'rfc5280::ski::intermediate-missing-ski': issuing,
  'rfc5280::ca-empty-subject': issuing,
  'rfc5280::root-non-critical-basic-constraints': issuing,
  'rfc5280::leaf-ku-keycertsign': issuing,
  bad_crldp_has_crlissuer:
    'BoringSSL knows no indirect CRLs; by RFC 5280 6.3.3 the issuer’s full CRL covers it',
  bad_idp_indirectcrl: 'BoringSSL knows no indirect CRLs; by RFC 5280 6.3.3 this one covers it',
};
const wronglyRefused: Readonly<Record<string, string>> = {
  '4.1.4 Valid DSA Signatures Test4': 'DSA is no algorithm of ours',
  '4.1.5 Valid DSA Parameter Inheritance Test5': 'DSA is no algorithm of ours',
  'root-lacks-basic-constraints/ta-with-constraints':
    'a version 3 anchor whose constraints bind has to be an authority (limbo’s root-missing-basic-constraints)',
  'target-msapplicationpolicies-and-eku/main': 'Microsoft’s critical application policies are unknown here',
};

interface Row {
  readonly set: string;
  readonly cases: () => PathCase[];
  readonly total: number;
  readonly right: number;
}

const limboWith = (change?: Partial<PathOptions>) => () => limbo(rfc5280, change);

const rows: readonly Row[] = [
  { set: 'PKITS, CRLs and policies', cases: pkits, total: 174, right: 172 },
  { set: 'limbo rfc5280, pathlen, crl, cve', cases: limboWith(), total: 88, right: 69 },
  { set: 'limbo, strictProfile', cases: limboWith({ strictProfile: true }), total: 88, right: 88 },
  { set: 'limbo pathological, online', cases: () => limbo(['pathological', 'online']), total: 18, right: 18 },
  { set: 'BoringSSL chains', cases: boringsslPaths, total: 89, right: 87 },
  { set: 'BoringSSL CRLs', cases: boringsslCrls, total: 37, right: 35 },
];

describe.skipIf(!hasVectors)('scores', () => {
  it.each(rows)('$set: $right of $total', ({ set, cases, total, right }) => {
    const scored = score(cases());
    const { wronglyAccepted: accepted, wronglyRefused: refused } = scored;
    console.info(`${set}: ${scored.right} of ${scored.cases}`);
    for (const id of accepted) console.info(`  accepted: ${id}: ${wronglyAccepted[id]}`);
    for (const id of refused) console.info(`  refused: ${id}: ${wronglyRefused[id]}`);
    expect([scored.cases, scored.right]).toEqual([total, right]);
    expect(accepted.filter((id) => wronglyAccepted[id] === undefined)).toEqual([]);
    expect(refused.filter((id) => wronglyRefused[id] === undefined)).toEqual([]);
  });

  it('docs/pki.md says the same', () => {
    const page = readFileSync('docs/pki.md', 'utf8');
    for (const { set, total, right } of rows) expect(page).toContain(`| ${set} | ${total} | ${right} |`);
  });
});
