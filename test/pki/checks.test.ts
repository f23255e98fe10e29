/**
 * One test for each check of path validation: a chain that is accepted, and what becomes of it with one thing changed. Take
 * the check out of `src/pki` and its test here fails.
 */
import { describe, expect, it } from 'vitest';
import { algorithmIdentifier, nodePrivateKey } from '../../src/crypto/index.ts';
import { KeyPurpose, type PathOptions, parseCertificate } from '../../src/pki/index.ts';
import { ecPkcs8 } from '../crypto/signature-keys.ts';
import {
  altNames,
  authorityKeyId,
  basicConstraints,
  constraints,
  directory,
  dns,
  email,
  extension,
  inhibitAnyPolicy,
  ip,
  issue,
  keyFrom,
  keyUsage,
  now,
  policies,
  policyConstraints,
  policyMappings,
  purposes,
  subjectKeyId,
  uri,
} from './issue.ts';
import { Bench, noOpenssl } from './keys/tools.ts';
import { pemBlocks } from './pem.ts';
import { type Changes, outcome, three, verdictOn } from './three.ts';

const CA = basicConstraints(true);
const p256 = nodePrivateKey(ecPkcs8('P-256', new Uint8Array(32).fill(5)));
const [policyA, policyB, anyPolicy] = ['1.3.6.1.4.1.1.1', '1.3.6.1.4.1.1.2', '2.5.29.32.0'];
const NULL = Uint8Array.of(5, 0);
const broken = (signature: Uint8Array) => signature.map((octet, at) => (at === 40 ? octet ^ 1 : octet));
const ed448 = algorithmIdentifier({ kind: 'ed448' });

type Row = [check: string, code: string, changes: Changes, options?: Partial<PathOptions>];

const refused: Row[] = [
  ['§6.1.3 (a)(1) signature of the leaf', 'BAD_SIGNATURE', { leaf: { signature: broken } }],
  ['§6.1.3 (a)(1) signature of an intermediate', 'BAD_SIGNATURE', { sub: { signature: broken } }],
  ['§4.1.1.2 algorithms inside and out agree', 'BAD_SIGNATURE', { leaf: { inner: ed448 } }],
  ['§4.1.1.2 agree in an intermediate', 'BAD_SIGNATURE', { sub: { inner: ed448 } }],
  ['an algorithm that is none of ours', 'BAD_SIGNATURE', { leaf: { inner: NULL_OID(), outer: NULL_OID() } }],
  ['§6.1.3 (a)(2) notAfter of the leaf', 'EXPIRED', { leaf: { to: '250614235959Z' } }],
  ['§6.1.3 (a)(2) notAfter of an intermediate', 'EXPIRED', { sub: { to: '250614235959Z' } }],
  ['§6.1.3 (a)(2) notBefore of the leaf', 'NOT_YET_VALID', { leaf: { from: '250615000001Z' } }],
  ['notAfter of the anchor', 'EXPIRED', { root: { to: '250614235959Z' } }],
  [
    '§6.1.3 (a)(4) name of the issuer',
    'UNTRUSTED',
    { sub: { subject: 'O=Test, CN=Other' }, leaf: issuerSub() },
  ],
  ['§6.1.4 (k) basicConstraints missing', 'NOT_AN_AUTHORITY', { sub: { extensions: [keyUsage(5)] } }],
  ['§6.1.4 (k) cA false', 'NOT_AN_AUTHORITY', { sub: { extensions: [basicConstraints(false)] } }],
  ['§6.1.4 (k) version 1 intermediate', 'NOT_AN_AUTHORITY', { sub: { version: 1, extensions: [] } }],
  ['§6.1.4 (n) keyCertSign', 'KEY_USAGE', { sub: { extensions: [CA, keyUsage(0, 6)] } }],
  ['(n) of the anchor', 'KEY_USAGE', { root: { extensions: [CA, keyUsage(6)] } }],
  ['§6.1.4 (l) pathLen of the anchor', 'PATH_LENGTH', { root: { extensions: [basicConstraints(true, 0)] } }],
  ['§6.1.2 (k) initial pathLen', 'PATH_LENGTH', {}, { pathLength: 0 }],
  [
    '§6.1.4 (o) unknown critical in an intermediate',
    'CRITICAL_EXTENSION',
    { sub: { extensions: [CA, odd()] } },
  ],
  ['§6.1.5 (f) unknown critical in the leaf', 'CRITICAL_EXTENSION', { leaf: { extensions: [odd()] } }],
  ['unknown critical in the anchor', 'CRITICAL_EXTENSION', { root: { extensions: [CA, odd()] } }],
  [
    'critical policy qualifier nobody knows',
    'CRITICAL_EXTENSION',
    { leaf: { extensions: [oddQualifier()] } },
  ],
  ['critical authorityInfoAccess', 'CRITICAL_EXTENSION', { leaf: { extensions: [criticalAia()] } }],
  ['RFC 4945 §5.1.3.2 keyUsage of the leaf', 'KEY_USAGE', { leaf: { extensions: [keyUsage(2)] } }],
  [
    'RFC 4945 §5.1.3.12 purpose of the leaf',
    'KEY_USAGE',
    { leaf: { extensions: [purposes('1.3.6.1.5.5.7.3.3')] } },
  ],
  ['purpose of an intermediate', 'KEY_USAGE', { sub: { extensions: [CA, purposes('1.3.6.1.5.5.7.3.3')] } }],
  ['purposes of TLS when not asked for', 'KEY_USAGE', tlsLeaf(), { purposes: [KeyPurpose.IPSEC_IKE] }],
  [
    'names: permitted DNS',
    'NAME_CONSTRAINTS',
    { sub: { extensions: [CA, constraints([dns('other.test')])] } },
  ],
  ['names: excluded DNS', 'NAME_CONSTRAINTS', { sub: { extensions: [CA, constraints([], [dns('test')])] } }],
  [
    'names: excluded DNS and a wildcard',
    'NAME_CONSTRAINTS',
    limited(constraints([], [dns('a.test')]), dns('*.test')),
  ],
  [
    'names: permitted DN',
    'NAME_CONSTRAINTS',
    { sub: { extensions: [CA, constraints([directory('O=Best')])] } },
  ],
  [
    'names: excluded DN',
    'NAME_CONSTRAINTS',
    { sub: { extensions: [CA, constraints([], [directory('O=Test')])] } },
  ],
  ['names: permitted e-mail', 'NAME_CONSTRAINTS', limited(constraints([email('b.test')]), email('a@c.test'))],
  ['names: e-mail in the subject', 'NAME_CONSTRAINTS', mailSubject()],
  ['names: permitted address', 'NAME_CONSTRAINTS', limited(net10(), ip(11, 0, 0, 1))],
  ['names: address of the other family', 'NAME_CONSTRAINTS', limited(net10(), ip(...new Array(16).fill(10)))],
  ['names: permitted URI', 'NAME_CONSTRAINTS', limited(constraints([uri('.b.test')]), uri('http://b.test/'))],
  ['names: URI without a host', 'NAME_CONSTRAINTS', limited(constraints([uri('b.test')]), uri('urn:b.test'))],
  [
    'names: a kind that cannot be compared',
    'NAME_CONSTRAINTS',
    limited(constraints([], [otherName()]), otherName()),
  ],
  [
    'names: of the anchor',
    'NAME_CONSTRAINTS',
    { root: { extensions: [CA, constraints([dns('other.test')])] } },
  ],
  ['names: too many to compare', 'TOO_BIG', limited(net10(), ip(10, 0, 0, 1)), limits({ comparisons: 0 })],
  ['§6.1.3 (f) explicit policy', 'POLICY', {}, { policies: { explicit: true } }],
  [
    'explicit policy that the path lacks',
    'POLICY',
    onPolicies(),
    { policies: { explicit: true, acceptable: [policyB] } },
  ],
  ['§6.1.4 (i) requireExplicitPolicy', 'POLICY', { sub: { extensions: [CA, policyConstraints(0)] } }],
  [
    '§6.1.4 (a) mapping of anyPolicy',
    'POLICY',
    { sub: { extensions: [CA, policyMappings([anyPolicy, policyA])] } },
  ],
  [
    '§6.1.4 (b)(2) mapping inhibited',
    'POLICY',
    mapped(),
    { policies: { explicit: true, inhibitMapping: true } },
  ],
  ['§6.1.4 (i) inhibitPolicyMapping', 'POLICY', mapped(policyConstraints(0, 0)), {}],
  [
    '§6.1.3 (d)(2) anyPolicy inhibited',
    'POLICY',
    anyLeaf(),
    { policies: { explicit: true, inhibitAny: true } },
  ],
  ['§6.1.4 (j) inhibitAnyPolicy', 'POLICY', anyLeaf(inhibitAnyPolicy(0)), { policies: { explicit: true } }],
  [
    '§6.1.5 (b) requireExplicitPolicy of the leaf',
    'POLICY',
    { leaf: { extensions: [policyConstraints(0)] } },
  ],
  [
    '§6.1.3 (d)(2) anyPolicy inhibited, of a self-issued leaf',
    'POLICY',
    selfIssuedAny(),
    { policies: { explicit: true, inhibitAny: true } },
  ],
  ['signatures with SHA-1', 'WEAK', sha1Leaf()],
  ['the profile, when asked for', 'PROFILE', {}, { strictProfile: true }],
  ['certificates in a path', 'UNTRUSTED', {}, limits({ depth: 2 })],
  ['signatures for one verdict', 'TOO_BIG', {}, limits({ signatures: 0 })],
  ['steps for one verdict', 'TOO_BIG', {}, limits({ steps: 0 })],
  ['certificates given', 'TOO_BIG', {}, limits({ certificates: 0 })],
  ['octets given', 'TOO_BIG', {}, limits({ octets: 100 })],
  ['status known, when it must be', 'REVOCATION_UNKNOWN', {}, { revocation: 'strict' }],
];

/** The same things where they do no harm. */
const taken: Row[] = [
  ['nothing changed', 'ok', {}],
  ['a version 1 root', 'ok', { root: { version: 1, extensions: [] } }],
  [
    'an expired anchor, when it does not bind',
    'ok',
    { root: { to: '250614235959Z' } },
    { anchorExpiry: false },
  ],
  ['an anchor’s pathLen, when it does not bind', 'ok', pathLen0Root(), { anchorConstraints: false }],
  ['an unknown extension that is not critical', 'ok', { leaf: { extensions: [odd(false)] } }],
  ['a leaf of RFC 4945’s purpose', 'ok', { leaf: { extensions: [purposes(KeyPurpose.IPSEC_IKE)] } }],
  ['a leaf of any purpose', 'ok', { leaf: { extensions: [purposes(KeyPurpose.ANY)] } }],
  ['a leaf of TLS’s purposes', 'ok', tlsLeaf()],
  ['a leaf with nonRepudiation', 'ok', { leaf: { extensions: [keyUsage(1)] } }],
  [
    'a name within constraints',
    'ok',
    { sub: { extensions: [CA, constraints([dns('test'), directory('O=Test')])] } },
  ],
  ['an address within constraints', 'ok', limited(net10(), ip(10, 1, 2, 3))],
  ['a URI within constraints', 'ok', limited(constraints([uri('.b.test')]), uri('http://u@a.b.test:8/'))],
  ['a mailbox within constraints', 'ok', limited(constraints([email('b.test')]), email('"x y"@B.test'))],
  ['a policy along the path', 'ok', onPolicies(), { policies: { explicit: true, acceptable: [policyA] } }],
  ['a mapped policy', 'ok', mapped(), { policies: { explicit: true, acceptable: [policyA] } }],
  ['anyPolicy', 'ok', anyLeaf(), { policies: { explicit: true } }],
  ['SHA-1, when asked for', 'ok', sha1Leaf(), { sha1: true }],
  ['pathLen just enough', 'ok', { root: { extensions: [basicConstraints(true, 1)] } }],
];

describe('a check and the certificate it refuses', () => {
  it.each(refused)('%s: %s', (_check, code, changes, options) => {
    const verdict = verdictOn(three(changes), options);
    expect(outcome(verdict)).toBe(code);
    if (!verdict.ok) expect(verdict.text).toMatch(/^[\x20-\x7e]+$/);
  });
});

describe('what the same check lets pass', () => {
  it.each(taken)('%s', (_what, code, changes, options) => {
    expect(outcome(verdictOn(three(changes), options))).toBe(code);
  });

  it('pathLen does not count self-issued certificates: §6.1.4 (l)', () => {
    const base = three({ root: { extensions: [basicConstraints(true, 1)] } });
    const rolled = issue({ subject: 'O=Test, CN=Sub', key: keyFrom(9), issuer: base.sub, extensions: [CA] });
    const leaf = issue({ subject: 'CN=x', key: keyFrom(3), issuer: rolled });
    const intermediates = [base.sub.certificate, rolled.certificate];
    expect(outcome(verdictOn({ ...base, leaf }, {}, { intermediates }))).toBe('ok');
  });

  it('names of a self-issued intermediate are not constrained: §6.1.3 (b)', () => {
    const base = three({ sub: { extensions: [CA, constraints([directory('O=Other')])] } });
    const rolled = issue({ subject: 'O=Test, CN=Sub', key: keyFrom(9), issuer: base.sub, extensions: [CA] });
    const leaf = issue({ subject: 'O=Other, CN=x', key: keyFrom(3), issuer: rolled });
    const intermediates = [base.sub.certificate, rolled.certificate];
    expect(outcome(verdictOn({ ...base, leaf }, {}, { intermediates }))).toBe('ok');
  });
});

describe('what takes more than three', () => {
  it('pathLen of an intermediate: §6.1.4 (m)', () => {
    for (const [pathLength, result] of [
      [0, 'PATH_LENGTH'],
      [1, 'ok'],
    ] as const) {
      const base = three({ sub: { extensions: [basicConstraints(true, pathLength)] } });
      const under = issue({ subject: 'CN=Under', key: keyFrom(9), issuer: base.sub, extensions: [CA] });
      const leaf = issue({ subject: 'CN=x', key: keyFrom(3), issuer: under });
      const intermediates = [base.sub.certificate, under.certificate];
      expect(outcome(verdictOn({ ...base, leaf }, {}, { intermediates }))).toBe(result);
    }
  });

  it.skipIf(noOpenssl)('RSA keys of fewer bits than asked for, the anchor’s too', () => {
    const bench = new Bench();
    try {
      bench.chain(['rsa:2048']);
      const read = (name: string) => {
        const [block] = pemBlocks(new TextDecoder().decode(bench.read(`${name}.crt`)));
        return parseCertificate(block?.octets ?? new Uint8Array());
      };
      const input = {
        intermediates: [read('sub')],
        anchors: [read('ca')],
        at: Math.floor(Date.now() / 1000) + 5,
      };
      const chain = { ...three(), leaf: { certificate: read('leaf'), key: keyFrom(3) } };
      expect(outcome(verdictOn(chain, {}, input))).toBe('ok');
      expect(outcome(verdictOn(chain, { leastRsaBits: 3072 }, input))).toBe('WEAK');
    } finally {
      bench.remove();
    }
  });

  it('extensions that come twice, and masks that are no prefix, are no certificate', () => {
    expect(() => three({ leaf: { extensions: [keyUsage(0), keyUsage(0)] } })).toThrow('twice');
    const mask = constraints([ip(10, 0, 0, 0, 255, 0, 255, 0)]);
    expect(() => three({ sub: { extensions: [CA, mask] } })).toThrow('no prefix');
  });
});

describe('finding a path', () => {
  it('goes back from an authority that leads nowhere', () => {
    const base = three();
    const deadEnd = issue({
      subject: 'O=Test, CN=Sub',
      key: base.sub.key,
      issuerName: three().leaf.certificate.subject,
    });
    const expired = issue({ ...subOrder(base), to: '250101000001Z' });
    const intermediates = [deadEnd.certificate, expired.certificate, base.sub.certificate];
    const verdict = verdictOn(base, {}, { intermediates });
    expect(verdict.ok && verdict.path.map(({ serial }) => serial[0])).toEqual([3, 2, 1]);
  });

  it('two authorities that certify each other end it, with and without an anchor', () => {
    const a = issue({ subject: 'CN=A', key: keyFrom(11), extensions: [CA] });
    const b = issue({ subject: 'CN=B', key: keyFrom(12), extensions: [CA] });
    const aByB = issue({ subject: 'CN=A', key: a.key, issuer: b, extensions: [CA] });
    const bByA = issue({ subject: 'CN=B', key: b.key, issuer: a, extensions: [CA] });
    const leaf = issue({ subject: 'CN=x', key: keyFrom(3), issuer: a });
    const intermediates = [aByB.certificate, bByA.certificate];
    const { root } = three();
    expect(outcome(verdictOn({ root, sub: aByB, leaf }, {}, { intermediates }))).toBe('UNTRUSTED');
    expect(outcome(verdictOn({ root, sub: aByB, leaf }, {}, { intermediates, anchors: [] }))).toBe(
      'UNTRUSTED',
    );
    expect(outcome(verdictOn({ root: b, sub: aByB, leaf }, {}, { intermediates }))).toBe('ok');
  });

  it('twenty authorities that all certify each other cost no more than the budget', () => {
    const keys = Array.from({ length: 20 }, (_, index) => keyFrom(100 + index));
    const selves = keys.map((key, index) => issue({ subject: `CN=CA ${index}`, key, extensions: [CA] }));
    const crossed = selves.flatMap((issuer) =>
      selves
        .filter((one) => one !== issuer)
        .map((one) => issue({ subject: cn(one), key: one.key, issuer, extensions: [CA] })),
    );
    const [first = three().sub] = selves;
    const leaf = issue({ subject: 'CN=x', key: keyFrom(3), issuer: first });
    const intermediates = crossed.map(({ certificate }) => certificate);
    const { root } = three();
    const verdict = verdictOn({ root, sub: first, leaf }, limits({ certificates: 400 }), { intermediates });
    expect(outcome(verdict)).toBe('TOO_BIG');
  });

  it('prefers the issuer whose key identifier is named, and tries the others too', () => {
    const named = three({
      sub: { extensions: [CA, subjectKeyId(2)] },
      leaf: { extensions: [authorityKeyId(2)] },
    });
    const other = issue({
      subject: 'O=Test, CN=Sub',
      key: keyFrom(9),
      issuer: named.root,
      extensions: [CA, subjectKeyId(9)],
    });
    const intermediates = [other.certificate, named.sub.certificate];
    expect(outcome(verdictOn(named, limits({ signatures: 3 }), { intermediates }))).toBe('ok');
    const misnamed = three({ leaf: { extensions: [authorityKeyId(9)] } });
    expect(outcome(verdictOn(misnamed, {}, { intermediates }))).toBe('ok');
  });

  it('a leaf is no anchor for itself', () => {
    const self = issue({ subject: 'CN=self', key: keyFrom(5), extensions: [CA] });
    expect(outcome(verdictOn({ root: self, sub: self, leaf: self }))).toBe('UNTRUSTED');
  });

  it('a fraction of a second before notBefore is too early', () => {
    const chain = three({ leaf: { from: '250615000000Z' } });
    expect(outcome(verdictOn(chain, {}, { at: now - 0.001 }))).toBe('NOT_YET_VALID');
    expect(outcome(verdictOn(chain, {}, { at: now }))).toBe('ok');
  });

  it('says until when: the earliest notAfter of the path', () => {
    const chain = three({ sub: { to: '250701000000Z' } });
    const verdict = verdictOn(chain);
    expect(verdict.ok && verdict.until).toBe(Date.UTC(2025, 6, 1) / 1000);
  });
});

function sha1Leaf(): Changes {
  return { sub: { key: p256 }, leaf: { algorithm: { kind: 'ecdsa', hash: 'sha1' } } };
}
function selfIssuedAny(): Changes {
  const { sub } = anyLeaf();
  return { ...(sub && { sub }), leaf: { subject: 'O=Test, CN=Sub', extensions: [policies(anyPolicy)] } };
}
function NULL_OID(): Uint8Array {
  return Uint8Array.of(0x30, 0x05, 0x06, 0x01, 0x2a, ...NULL);
}
function odd(critical = true): Uint8Array {
  return extension('1.2.3.4', critical, NULL);
}
function oddQualifier(): Uint8Array {
  const qualifier = Uint8Array.of(0x30, 0x05, 0x06, 0x01, 0x2a, ...NULL);
  const information = Uint8Array.of(0x30, 0x0c, 0x06, 0x01, 0x2b, 0x30, 0x07, ...qualifier);
  return extension('2.5.29.32', true, Uint8Array.of(0x30, information.length, ...information));
}
function criticalAia(): Uint8Array {
  const location = uri('http://a/');
  const description = Uint8Array.of(
    0x30,
    location.length + 10,
    0x06,
    0x08,
    0x2b,
    6,
    1,
    5,
    5,
    7,
    0x30,
    1,
    ...location,
  );
  return extension('1.3.6.1.5.5.7.1.1', true, Uint8Array.of(0x30, description.length, ...description));
}
function issuerSub() {
  return { issuerName: three().sub.certificate.subject };
}
function tlsLeaf(): Changes {
  return { leaf: { extensions: [purposes(KeyPurpose.SERVER_AUTH, KeyPurpose.CLIENT_AUTH)] } };
}
function limited(constraint: Uint8Array, ...names: Uint8Array[]): Changes {
  return { sub: { extensions: [CA, constraint] }, leaf: { extensions: [altNames(...names)] } };
}
function net10(): Uint8Array {
  return constraints([ip(10, 0, 0, 0, 255, 0, 0, 0)]);
}
function otherName(): Uint8Array {
  return Uint8Array.of(0xa0, 0x07, 0x06, 0x01, 0x2a, 0xa0, 0x02, 0x05, 0x00);
}
function mailSubject(): Changes {
  return { sub: { extensions: [CA, constraints([email('b.test')])] }, leaf: { subject: 'CN=x, E=a@c.test' } };
}
function onPolicies(): Changes {
  return { sub: { extensions: [CA, policies(policyA)] }, leaf: { extensions: [policies(policyA)] } };
}
function mapped(...more: Uint8Array[]): Changes {
  return {
    root: { extensions: [CA, ...more] },
    sub: { extensions: [CA, policies(policyA), policyMappings([policyA, policyB])] },
    leaf: { extensions: [policies(policyB)] },
  };
}
function anyLeaf(...more: Uint8Array[]): Changes {
  return {
    root: { extensions: [CA, ...more] },
    sub: { extensions: [CA, policies(policyA)] },
    leaf: { extensions: [policies(anyPolicy)] },
  };
}
function pathLen0Root(): Changes {
  return { root: { extensions: [basicConstraints(true, 0)] } };
}
function limits(some: Partial<PathOptions['limits']>): Partial<PathOptions> {
  const all = {
    certificates: 100,
    octets: 1 << 20,
    depth: 12,
    signatures: 100,
    steps: 1000,
    comparisons: 1 << 16,
  };
  return { limits: { ...all, ...some } };
}
function subOrder(base: ReturnType<typeof three>) {
  return { subject: 'O=Test, CN=Sub', key: base.sub.key, issuer: base.root, serial: 4, extensions: [CA] };
}
function cn({ certificate }: ReturnType<typeof issue>): string {
  return `CN=${new TextDecoder().decode(certificate.subject).replace(/^.*(CA \d+)$/s, '$1')}`;
}
