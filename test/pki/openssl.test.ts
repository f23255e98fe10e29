/**
 * `openssl verify -x509_strict` as the second opinion on chains that openssl itself made, each with one random thing wrong or
 * nothing. Seeded: a failure names its seed. Where we differ on purpose is written down beside the fault.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/crypto/index.ts';
import { ikePathOptions, KeyPurpose, parseCertificate, validateChain } from '../../src/pki/index.ts';
import { Bench, noOpenssl } from './keys/tools.ts';
import { pemBlocks } from './pem.ts';

/** Extensions of the three, in openssl's words. */
interface Plan {
  readonly root: readonly string[];
  readonly sub: readonly string[];
  readonly leaf: readonly string[];
  readonly days?: { readonly sub?: string; readonly leaf?: string };
  readonly digest?: string;
  /** One bit of the leaf's signature is turned over. */
  readonly broken?: true;
}

const ca = 'basicConstraints=critical,CA:TRUE';
const ids = ['subjectKeyIdentifier=hash', 'authorityKeyIdentifier=keyid'];
const signs = 'keyUsage=critical,keyCertSign,cRLSign';
const plain: Plan = {
  root: [ca, signs, 'subjectKeyIdentifier=hash'],
  sub: [ca, signs, ...ids],
  leaf: [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    ...ids,
    'subjectAltName=DNS:leaf.test,IP:10.0.0.1,email:u@leaf.test',
  ],
};
const without = (list: readonly string[], what: string) => list.filter((one) => !one.startsWith(what));
const more = (part: 'root' | 'sub' | 'leaf', ...extra: string[]): Plan => ({
  ...plain,
  [part]: [...plain[part], ...extra],
});
const instead = (part: 'root' | 'sub' | 'leaf', what: string, ...extra: string[]): Plan => ({
  ...plain,
  [part]: [...without(plain[part], what), ...extra],
});

/** With openssl's verdict where ours is another, and why. */
type Fault = readonly [what: string, plan: Plan, openssl?: { readonly ok: boolean; readonly why: string }];

const faults: readonly Fault[] = [
  ['nothing', plain],
  ['leaf expired', { ...plain, days: { leaf: '-1' } }],
  ['intermediate expired', { ...plain, days: { sub: '-1' } }],
  ['intermediate CA:FALSE', instead('sub', 'basicConstraints', 'basicConstraints=critical,CA:FALSE')],
  ['intermediate without basicConstraints', instead('sub', 'basicConstraints')],
  ['intermediate without keyCertSign', instead('sub', 'keyUsage', 'keyUsage=critical,cRLSign')],
  ['root pathlen 0', instead('root', 'basicConstraints', `${ca},pathlen:0`)],
  ['root pathlen 1', instead('root', 'basicConstraints', `${ca},pathlen:1`)],
  ['intermediate pathlen 0', instead('sub', 'basicConstraints', `${ca},pathlen:0`)],
  ['leaf for code signing', more('leaf', 'extendedKeyUsage=codeSigning')],
  ['leaf for TLS clients', more('leaf', 'extendedKeyUsage=clientAuth')],
  ['leaf for TLS servers', more('leaf', 'extendedKeyUsage=serverAuth')],
  ['intermediate for code signing', more('sub', 'extendedKeyUsage=codeSigning')],
  ['intermediate for TLS servers', more('sub', 'extendedKeyUsage=serverAuth')],
  [
    'leaf for encryption',
    instead('leaf', 'keyUsage', 'keyUsage=critical,keyEncipherment'),
    { ok: true, why: 'TLS lets servers only decrypt; RFC 4945 wants a signature' },
  ],
  ['leaf with an unknown critical extension', more('leaf', '1.2.3.4=critical,ASN1:NULL')],
  ['leaf with an unknown extension', more('leaf', '1.2.3.4=ASN1:NULL')],
  ['intermediate with an unknown critical extension', more('sub', '1.2.3.4=critical,ASN1:NULL')],
  ['permitted DNS', more('sub', 'nameConstraints=critical,permitted;DNS:leaf.test')],
  ['permitted DNS above', more('sub', 'nameConstraints=critical,permitted;DNS:test')],
  ['permitted DNS elsewhere', more('sub', 'nameConstraints=critical,permitted;DNS:other.test')],
  ['excluded DNS', more('sub', 'nameConstraints=critical,excluded;DNS:test')],
  ['excluded DNS elsewhere', more('sub', 'nameConstraints=critical,excluded;DNS:other.test')],
  ['permitted address', more('sub', 'nameConstraints=critical,permitted;IP:10.0.0.0/255.0.0.0')],
  ['permitted address elsewhere', more('sub', 'nameConstraints=critical,permitted;IP:11.0.0.0/255.0.0.0')],
  ['excluded address', more('sub', 'nameConstraints=critical,excluded;IP:10.0.0.0/255.255.0.0')],
  ['permitted e-mail host', more('sub', 'nameConstraints=critical,permitted;email:leaf.test')],
  ['permitted e-mail domain', more('sub', 'nameConstraints=critical,permitted;email:.test')],
  ['permitted mailbox of another', more('sub', 'nameConstraints=critical,permitted;email:x@leaf.test')],
  ['constraints of the root', more('root', 'nameConstraints=critical,permitted;DNS:other.test')],
  ['explicit policy required', more('sub', 'policyConstraints=critical,requireExplicitPolicy:0')],
  [
    'explicit policy required and there',
    {
      ...more('sub', 'policyConstraints=critical,requireExplicitPolicy:0', 'certificatePolicies=1.2.3.4'),
      leaf: [...plain.leaf, 'certificatePolicies=1.2.3.4'],
    },
  ],
  [
    'explicit policy required, another there',
    {
      ...more('sub', 'policyConstraints=critical,requireExplicitPolicy:0', 'certificatePolicies=1.2.3.4'),
      leaf: [...plain.leaf, 'certificatePolicies=1.2.3.5'],
    },
  ],
  ['leaf with a broken signature', { ...plain, broken: true }],
  [
    'leaf signed with SHA-1',
    { ...plain, digest: 'sha1' },
    { ok: true, why: 'openssl at security level 1 takes SHA-1' },
  ],
  ['leaf signed with SHA-512', { ...plain, digest: 'sha512' }],
];

/** As many as a run has time for, drawn from all pairs of two faults and from the faults themselves. */
const drawn = (seed: number, most: number): number[] => {
  let state = seed;
  return Array.from({ length: most }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % faults.length;
  });
};

const both = (one: Plan, other: Plan): Plan => ({
  ...one,
  root: merged(one.root, other.root),
  sub: merged(one.sub, other.sub),
  leaf: merged(one.leaf, other.leaf),
  ...(one.days || other.days ? { days: { ...one.days, ...other.days } } : {}),
  ...((one.broken ?? other.broken) ? { broken: true as const } : {}),
});

/** Of two lists, the one with a change of each extension; the first when both have one. */
function merged(one: readonly string[], other: readonly string[]): string[] {
  const name = (line: string) => line.slice(0, line.indexOf('='));
  const base = [plain.root, plain.sub, plain.leaf].flat();
  const changed = other.filter(
    (line) => !base.includes(line) && !one.some((mine) => name(mine) === name(line) && !base.includes(mine)),
  );
  return [...one.filter((line) => !changed.some((their) => name(their) === name(line))), ...changed];
}

describe.skipIf(noOpenssl)('openssl verify agrees', () => {
  const bench = new Bench();
  beforeAll(() => {
    for (const name of ['root', 'sub', 'leaf']) {
      bench.openssl(
        'genpkey',
        '-algorithm',
        'EC',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-out',
        `${name}.key`,
      );
      if (name !== 'root')
        bench.openssl(
          'req',
          '-new',
          '-key',
          `${name}.key`,
          '-subj',
          `/O=Test/CN=${name}`,
          '-out',
          `${name}.csr`,
        );
    }
  });
  afterAll(() => bench.remove());

  /** What each certificate was last made of: one that is wanted again is there. */
  const made = new Map<string, string>();
  const unlessMade = (name: string, of: unknown, by: string, work: () => void) => {
    const from = JSON.stringify([of, made.get(by)]);
    if (made.get(name) === from) return;
    made.set(name, from);
    work();
  };

  const make = (plan: Plan) => {
    unlessMade('root', plan.root, '', () => {
      bench.openssl(
        ...[
          'req',
          '-x509',
          '-key',
          'root.key',
          '-subj',
          '/O=Test/CN=root',
          '-days',
          '30',
          '-out',
          'root.crt',
        ],
        ...['-config', '/dev/null', ...plan.root.flatMap((line) => ['-addext', line])],
      );
    });
    const issued = (name: 'sub' | 'leaf', by: string, digest: string, broken: boolean) =>
      unlessMade(name, [plan[name], plan.days?.[name], digest, broken], by, () => {
        bench.write('extensions', `${plan[name].join('\n')}\n`);
        bench.openssl(
          ...[
            'x509',
            '-req',
            '-in',
            `${name}.csr`,
            '-CA',
            `${by}.crt`,
            '-CAkey',
            `${by}.key`,
            '-set_serial',
            '7',
          ],
          ...[
            '-out',
            `${name}.crt`,
            '-extfile',
            'extensions',
            `-${digest}`,
            '-days',
            plan.days?.[name] ?? '20',
          ],
        );
        if (broken)
          bench.write(
            `${name}.crt`,
            pem(read(name).map((octet, at, all) => (at === all.length - 1 ? octet ^ 1 : octet))),
          );
      });
    issued('sub', 'root', 'sha256', false);
    issued('leaf', 'sub', plan.digest ?? 'sha256', plan.broken === true);
  };

  const read = (name: string): Uint8Array =>
    pemBlocks(new TextDecoder().decode(bench.read(`${name}.crt`)))[0]?.octets ?? new Uint8Array();
  const pem = (der: Uint8Array) =>
    `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;

  const theirs = (): boolean => {
    const verify = [
      'verify',
      '-x509_strict',
      '-policy_check',
      '-policy',
      '2.5.29.32.0',
      '-purpose',
      'sslserver',
      '-CAfile',
      'root.crt',
      '-untrusted',
      'sub.crt',
      'leaf.crt',
    ];
    try {
      bench.openssl(...verify);
      return true;
    } catch {
      return false;
    }
  };

  const ours = () => {
    const [root, sub, leaf] = [read('root'), read('sub'), read('leaf')].map(parseCertificate);
    if (!root || !sub || !leaf) throw new Error('not made');
    const options = {
      ...ikePathOptions,
      purposes: [KeyPurpose.SERVER_AUTH, KeyPurpose.ANY],
      revocation: 'off' as const,
    };
    const at = Math.floor(Date.now() / 1000);
    return validateChain({
      leaf,
      intermediates: [sub],
      anchors: [root],
      crls: [],
      at,
      crypto: nodeCrypto,
      options,
    });
  };

  it.each(faults.map(([what, plan, differently]) => ({ what, plan, differently })))('$what', (fault) => {
    const { plan, differently } = fault;
    make(plan);
    const [mine, yours] = [ours(), theirs()];
    expect(yours).toBe(differently ? differently.ok : mine.ok);
    if (differently) expect(mine.ok).toBe(!differently.ok);
  });

  it('on two faults at a time', () => {
    const alike = faults.filter(([, , differently]) => differently === undefined);
    for (const index of drawn(20_250_615, 12)) {
      const [one, other] = [alike[index % alike.length], alike[(index * 7 + 3) % alike.length]];
      if (!one || !other) continue;
      make(both(one[1], other[1]));
      const mine = ours();
      expect([`${one[0]} and ${other[0]}`, theirs()]).toEqual([`${one[0]} and ${other[0]}`, mine.ok]);
    }
  }, 60_000);
});
