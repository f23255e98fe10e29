/** Revocation by CRL: each rule of RFC 5280 §6.3.3 with the list that breaks it. */
import { describe, expect, it } from 'vitest';
import { algorithmIdentifier, der, nodePrivateKey } from '../../src/crypto/index.ts';
import { type PathOptions, parseCrl } from '../../src/pki/index.ts';
import { ecPkcs8 } from '../crypto/signature-keys.ts';
import {
  authorityKeyId,
  basicConstraints,
  type CrlOrder,
  crlDer,
  crlNumber,
  crlPoint,
  deltaOf,
  directory,
  extension,
  issue,
  issuingPoint,
  keyFrom,
  keyUsage,
  now,
  reason,
  revoked,
  subjectKeyId,
  uri,
} from './issue.ts';
import { type Changes, outcome, three, verdictOn } from './three.ts';

type Lists = (chain: ReturnType<typeof three>) => Omit<CrlOrder, 'issuer'>[];
const sha1 = { kind: 'ecdsa', hash: 'sha1' } as const;
const p256 = nodePrivateKey(ecPkcs8('P-256', new Uint8Array(32).fill(5)));
const strict: Partial<PathOptions> = { revocation: 'strict-leaf' };
const at = (location: string) => der(0xa0, der(0xa0, uri(location)));
const yes = (field: number) => der(0x80 | field, Uint8Array.of(0xff));
const unused = extension('1.2.3.4', true, Uint8Array.of(5, 0));
const issuerIs = (name: string) => extension('2.5.29.29', true, der(0x30, directory(name)));
/** keyCompromise alone, bit 1; the rest, bits 2-8. */
const [compromised, others] = [der(0x83, Uint8Array.of(6, 0x40)), der(0x83, Uint8Array.of(7, 0x3f, 0x80))];

type Row = [what: string, result: string, lists: Lists, changes?: Changes, options?: Partial<PathOptions>];

const rows: Row[] = [
  ['no list', 'REVOCATION_UNKNOWN', () => []],
  ['a list without it', 'ok', () => [{}]],
  ['a list with it', 'REVOKED', () => [{ revoked: [revoked(9), revoked(3)] }]],
  ['a list with its neighbours', 'ok', () => [{ revoked: [revoked(2), revoked(4)] }]],
  ['a stale list', 'REVOCATION_UNKNOWN', () => [{ to: '250614000000Z' }]],
  ['a stale list with it', 'REVOKED', () => [{ to: '250614000000Z', revoked: [revoked(3)] }]],
  ['a stale list that had it on hold', 'REVOCATION_UNKNOWN', () => [hold({ to: '250614000000Z' })]],
  ['a list that has it on hold', 'REVOKED', () => [hold({})]],
  ['a list of the future', 'REVOCATION_UNKNOWN', () => [{ from: '250616000000Z' }]],
  ['a list older than allowed', 'REVOCATION_UNKNOWN', () => [{}], {}, { maxStatusAge: 86_400 }],
  ['a list signed by another key', 'REVOCATION_UNKNOWN', () => [{ signer: keyFrom(77) }]],
  [
    'a list whose algorithms differ',
    'REVOCATION_UNKNOWN',
    () => [{ outer: algorithmIdentifier({ kind: 'ed448' }) }],
  ],
  ['a list with an unknown critical extension', 'REVOCATION_UNKNOWN', () => [{ extensions: [unused] }]],
  ['an entry with one', 'REVOCATION_UNKNOWN', () => [{ revoked: [revoked(8, unused)] }]],
  [
    'an issuer that may not sign lists',
    'REVOCATION_UNKNOWN',
    () => [{}],
    { sub: { extensions: [basicConstraints(true), keyUsage(5)] } },
  ],
  ['a list for authorities', 'REVOCATION_UNKNOWN', () => [{ extensions: [issuingPoint(yes(2))] }]],
  ['a list for users', 'ok', () => [{ extensions: [issuingPoint(yes(1))] }]],
  ['a list for attributes', 'REVOCATION_UNKNOWN', () => [{ extensions: [issuingPoint(yes(5))] }]],
  [
    'a list of another distribution point',
    'REVOCATION_UNKNOWN',
    () => [{ extensions: [issuingPoint(at('http://b/'))] }],
    pointed(),
  ],
  [
    'a list of its distribution point',
    'ok',
    () => [{ extensions: [issuingPoint(at('http://a/'))] }],
    pointed(),
  ],
  ['a list of some reasons', 'REVOCATION_UNKNOWN', () => [{ extensions: [issuingPoint(compromised)] }]],
  [
    'lists of all reasons between them',
    'ok',
    () => [{ extensions: [issuingPoint(compromised)] }, { extensions: [issuingPoint(others)] }],
  ],
  [
    'a list with it as another issuer’s',
    'ok',
    () => [{ revoked: [revoked(3, issuerIs('CN=Other'))], extensions: [issuingPoint(yes(4))] }],
  ],
  [
    'one with the issuer said twice',
    'REVOKED',
    () => [
      {
        revoked: [revoked(8, issuerIs('CN=Other')), revoked(3, issuerIs('O=Test, CN=Sub'))],
        extensions: [issuingPoint(yes(4))],
      },
    ],
  ],
  [
    'entries after another issuer’s are its',
    'ok',
    () => [{ revoked: [revoked(8, issuerIs('CN=Other')), revoked(3)], extensions: [issuingPoint(yes(4))] }],
  ],
  ['a delta with it', 'REVOKED', () => [base(), delta({ revoked: [revoked(3)] })]],
  [
    'a delta that takes it off',
    'ok',
    () => [{ ...hold({}), ...base() }, delta({ revoked: [revoked(3, reason(8))] })],
  ],
  [
    'a delta to a later base',
    'ok',
    () => [base(), { extensions: [crlNumber(9), deltaOf(6)], revoked: [revoked(3)] }],
  ],
  [
    'a delta older than its base',
    'ok',
    () => [{ extensions: [crlNumber(9)] }, delta({ revoked: [revoked(3)] })],
  ],
  ['a list signed with SHA-1', 'REVOCATION_UNKNOWN', () => [{ algorithm: sha1, extensions: [] }], ecSub()],
  ['one such, when asked for', 'ok', () => [{ algorithm: sha1 }], ecSub(), { sha1: true }],
  ['a delta signed by another', 'ok', () => [base(), delta({ revoked: [revoked(3)], signer: keyFrom(77) })]],
  ['a delta alone', 'REVOCATION_UNKNOWN', () => [delta({})]],
  [
    'authority key identifiers that differ',
    'REVOCATION_UNKNOWN',
    () => [{ extensions: [authorityKeyId(9)] }],
    { sub: { extensions: [basicConstraints(true), subjectKeyId(2)] } },
  ],
];

describe('CRLs', () => {
  it.each(rows)('%s: %s', (_what, result, lists, changes = {}, options = {}) => {
    const chain = three(changes);
    const crls = lists(chain).map((order) => parseCrl(crlDer({ issuer: chain.sub, ...order })));
    expect(outcome(verdictOn(chain, { ...strict, ...options }, { crls }))).toBe(result);
  });

  it('an authority that is revoked takes its certificates with it', () => {
    const chain = three();
    const crls = [
      parseCrl(crlDer({ issuer: chain.root, revoked: [revoked(2)] })),
      parseCrl(crlDer({ issuer: chain.sub })),
    ];
    const verdict = verdictOn(chain, { revocation: 'strict' }, { crls });
    expect(outcome(verdict)).toBe('REVOKED');
    expect(!verdict.ok && verdict.certificate?.serial).toEqual(Uint8Array.of(2));
  });

  it('strict wants the status of every certificate, soft reports which are unknown', () => {
    const chain = three();
    const crls = [parseCrl(crlDer({ issuer: chain.sub, to: '250620000000Z' }))];
    expect(outcome(verdictOn(chain, { revocation: 'strict' }, { crls }))).toBe('REVOCATION_UNKNOWN');
    const soft = verdictOn(chain, { revocation: 'soft' }, { crls });
    expect(soft.ok && [soft.revocation, soft.needed, soft.until]).toEqual([
      'unknown',
      [chain.sub.certificate],
      Date.UTC(2025, 5, 20) / 1000,
    ]);
    const both = [...crls, parseCrl(crlDer({ issuer: chain.root }))];
    const all = verdictOn(chain, { revocation: 'strict' }, { crls: both });
    expect(all.ok && all.revocation).toBe('good');
  });

  it('a list by a certificate of the authority’s name that only signs lists counts, unless that is revoked', () => {
    const chain = three();
    const signer = issue({
      subject: 'O=Test, CN=Sub',
      key: keyFrom(8),
      issuer: chain.root,
      serial: 8,
      extensions: [keyUsage(6)],
    });
    const options = { revocation: 'strict' } as const;
    const intermediates = [chain.sub.certificate, signer.certificate];
    const ofLeaf = parseCrl(crlDer({ issuer: signer }));
    const ofSubs = (serial: number) => parseCrl(crlDer({ issuer: chain.root, revoked: [revoked(serial)] }));
    expect(outcome(verdictOn(chain, options, { crls: [ofLeaf, ofSubs(7)], intermediates }))).toBe('ok');
    expect(outcome(verdictOn(chain, options, { crls: [ofLeaf, ofSubs(8)], intermediates }))).toBe(
      'REVOCATION_UNKNOWN',
    );
    const stranger = issue({ subject: 'O=Test, CN=Sub', key: keyFrom(8), extensions: [keyUsage(6)] });
    const given = {
      crls: [parseCrl(crlDer({ issuer: stranger })), ofSubs(7)],
      intermediates: [chain.sub.certificate, stranger.certificate],
    };
    expect(outcome(verdictOn(chain, options, given))).toBe('REVOCATION_UNKNOWN');
  });

  it('a list for users says nothing of authorities', () => {
    const chain = three();
    const crls = [
      parseCrl(crlDer({ issuer: chain.root, extensions: [issuingPoint(yes(1))] })),
      parseCrl(crlDer({ issuer: chain.sub })),
    ];
    const verdict = verdictOn(chain, { revocation: 'soft' }, { crls });
    expect(verdict.ok && verdict.needed).toEqual([chain.sub.certificate]);
  });

  it('a list by another anchor’s authority of the same name does not count', () => {
    const chain = three();
    const foreign = issue({
      subject: 'O=Other, CN=Root',
      key: keyFrom(51),
      extensions: [basicConstraints(true)],
    });
    const namesake = issue({
      subject: 'O=Test, CN=Sub',
      key: keyFrom(52),
      issuer: foreign,
      extensions: [basicConstraints(true)],
    });
    const given = {
      crls: [parseCrl(crlDer({ issuer: namesake }))],
      intermediates: [chain.sub.certificate, namesake.certificate],
      anchors: [chain.root.certificate, foreign.certificate],
    };
    expect(outcome(verdictOn(chain, strict, given))).toBe('REVOCATION_UNKNOWN');
  });

  it('off looks at none', () => {
    const chain = three();
    const crls = [parseCrl(crlDer({ issuer: chain.sub, revoked: [revoked(3)] }))];
    expect(outcome(verdictOn(chain, { revocation: 'off' }, { crls }))).toBe('ok');
  });

  it('a hundred thousand entries are walked, not kept: found first, last and not at all', () => {
    const chain = three();
    const serial = (number: number) =>
      der(2, Uint8Array.of(1, number >> 16, (number >> 8) & 0xff, number & 0xff));
    const time = der(0x17, new TextEncoder().encode('250601000000Z'));
    const entries = Array.from({ length: 100_000 }, (_, number) => der(0x30, serial(number), time));
    const octets = crlDer({ issuer: chain.sub, revoked: entries });
    const started = performance.now();
    const crl = parseCrl(octets);
    const read = performance.now() - started;
    const wanted = (number: number) => ({
      ...chain.leaf,
      certificate: { ...chain.leaf.certificate, serial: serial(number).slice(2) },
    });
    const ask = (number: number) =>
      outcome(verdictOn({ ...chain, leaf: wanted(number) }, strict, { crls: [crl], at: now }));
    expect([ask(0), ask(99_999), ask(100_000)]).toEqual(['REVOKED', 'REVOKED', 'ok']);
    // The specification's bound for loading them; a busy machine is given ten times as long.
    const all = performance.now() - started;
    console.info(
      `100,000 entries (${octets.length} octets): read in ${read.toFixed(0)} ms, with three questions ${all.toFixed(0)} ms`,
    );
    expect(read).toBeLessThan(10_000);
    expect(crl.entries.buffer).toBe(crl.der.buffer);
  });
});

function hold(order: Omit<CrlOrder, 'issuer'>): Omit<CrlOrder, 'issuer'> {
  return { revoked: [revoked(3, reason(6))], ...order };
}
function ecSub(): Changes {
  return { sub: { key: p256 }, leaf: { algorithm: { kind: 'ecdsa', hash: 'sha256' } } };
}
function base(): Omit<CrlOrder, 'issuer'> {
  return { extensions: [crlNumber(5)] };
}
function delta(order: Omit<CrlOrder, 'issuer'>): Omit<CrlOrder, 'issuer'> {
  return { extensions: [crlNumber(7), deltaOf(4)], ...order };
}
function pointed(): Changes {
  return { leaf: { extensions: [crlPoint('http://a/')] } };
}
