/** Whom EAP-TLS takes: the certificate that is known, those of an authority, none that is revoked. Both roles. */
import { describe, expect, test } from 'vitest';
import { ckaid, der, derNatural, derOid, nodeCrypto, Secret } from '../../src/crypto/index.ts';
import { EapSessions } from '../../src/daemon/eap.ts';
import type { Answer, EapTurn, Question } from '../../src/ike/actions.ts';
import type { RevocationAsk } from '../../src/ike/auth/revocation.ts';
import { parseDn } from '../../src/pki/index.ts';
import type { Identity } from '../../src/policy/identity.ts';
import type { PadEntry, PeerKeys, Policy, RevocationPolicy } from '../../src/policy/policy.ts';
import { toHex } from '../../src/wire/hex.ts';
import { EapCode, IdType } from '../../src/wire/numbers.ts';
import { random } from '../eap/converse.ts';
import {
  altNames,
  basicConstraints,
  crlDer,
  crlPoint,
  dns,
  type Issued,
  issue,
  keyFrom,
  keyUsage,
  now,
  revoked,
} from '../pki/issue.ts';
import { FakeClock } from './fake-clock.ts';

// OpenSSL looks at the clock of the machine.
const long = { from: '200101000000Z', to: '491231235959Z' };
const authority = (name: string, seed: number): Issued =>
  issue({
    subject: `O=eap, CN=${name}`,
    key: keyFrom(seed),
    extensions: [basicConstraints(true), keyUsage(5, 6)],
    ...long,
  });
const end = (name: string, seed: number, issuer: Issued): Issued =>
  issue({
    subject: `O=eap, CN=${name}`,
    key: keyFrom(seed),
    issuer,
    serial: seed,
    extensions: [basicConstraints(false), keyUsage(0), altNames(dns(name)), crlPoint('http://127.0.0.1/crl')],
    ...long,
  });
const root = authority('root', 1);
const other = authority('other', 2);
const seeds = { gate: 3, alice: 4, twin: 5 };
const gate = end('gate', seeds.gate, root);
const alice = end('alice', seeds.alice, root);
/** Of the same name and authority, with another key. */
const twins = { gate: end('gate', seeds.twin, root), alice: end('alice', seeds.twin, root) };

const pkcs8 = (seed: number): Secret => {
  const key = der(4, der(4, new Uint8Array(32).fill(seed)));
  return new Secret(der(0x30, derNatural(Uint8Array.of(0)), der(0x30, derOid('1.3.101.112')), key));
};
const identity = (name: string): Identity => ({ type: IdType.FQDN, data: new TextEncoder().encode(name) });

class Clock extends FakeClock {
  override unixTime(): number {
    return now * 1000 + this.time;
  }
}

type Role = 'peer' | 'authenticator';
interface Rules {
  readonly keys?: Partial<PeerKeys>;
  readonly revocation?: Partial<RevocationPolicy>;
  readonly fetch?: (question: RevocationAsk, sessions: EapSessions) => Answer | Promise<Answer>;
}

const names = { peer: 'alice', authenticator: 'gate' } as const;
const otherRole = { peer: 'authenticator', authenticator: 'peer' } as const;
const certificates = { peer: alice, authenticator: gate };

/** An end that looks at the other one by these rules. */
function sessions(role: Role, { keys, revocation, fetch }: Rules): EapSessions {
  const own = certificates[role];
  const { spki } = own.certificate;
  const entry = {
    name: 'c',
    local: {
      identity: identity(names[role]),
      auth: [{ kind: 'eap', methods: ['tls'], tls13: true }],
      credential: {
        spki,
        key: toHex(ckaid(spki, nodeCrypto)),
        certificates: [own.certificate.der],
        send: 'always',
      },
    },
    remote: {
      identity: identity(names[otherRole[role]]),
      auth: [{ kind: 'eap', methods: ['tls'] }],
      ...(keys && { keys: { raw: [], identityInCertificate: true, ...keys } }),
    },
  } as unknown as PadEntry;
  const policy = {
    pad: [entry],
    pki: {
      anchors: [root.certificate.der, other.certificate.der],
      certificates: [],
      crls: [],
      revocation: {
        crlStrict: false,
        crlTimeout: 0,
        ocsp: 'off',
        ocspMethod: 'get',
        ocspTimeout: 0,
        ...revocation,
      },
    },
  } as unknown as Policy;
  const made: EapSessions = new EapSessions({
    crypto: nodeCrypto,
    random,
    clock: new Clock(),
    policy: () => policy,
    passwords: () => new Map(),
    privateKey: () => pkcs8(seeds[names[role]]),
    revocation: (question) => {
      if (fetch === undefined) throw new Error('nothing is to be fetched');
      return fetch(question, made);
    },
  });
  return made;
}

/** The last turn of the end whose rules these are; the other one takes anybody of an authority. */
async function judged(role: Role, rules: Rules): Promise<EapTurn> {
  const ends = { [role]: sessions(role, rules), [otherRole[role]]: sessions(otherRole[role], {}) } as Record<
    Role,
    EapSessions
  >;
  let asking: Role = 'authenticator';
  let last: EapTurn | undefined;
  for (let turns = 0; turns < 60; turns++) {
    const question: Extract<Question, { kind: 'eap' }> = {
      kind: 'eap',
      session: 's',
      role: asking,
      connection: 'c',
      methods: ['tls'],
      identity: names.peer,
      claimed: identity(names[otherRole[asking]]),
      ...(last?.packet && { packet: last.packet }),
    };
    const answer = await ends[asking].answer(question);
    if (!answer.ok || answer.eap === undefined) throw new Error('no turn');
    last = answer.eap;
    if (last.outcome && asking === role) {
      expect(ends[role].size).toBe(0);
      return last;
    }
    if (last.packet === undefined) throw new Error(`the other end stops: ${JSON.stringify(last)}`);
    asking = otherRole[asking];
  }
  throw new Error('no end');
}

const why = ({ outcome }: EapTurn) => (outcome?.ok === false ? outcome.reason : 'taken');
const fetches = { crlTimeout: 5000 };
const crl = (...serials: number[]) =>
  crlDer({ issuer: root, revoked: serials.map((serial) => revoked(serial)) });

describe.each(['peer', 'authenticator'] as const)('EAP-TLS, a %s', (role) => {
  const theirs = certificates[otherRole[role]].certificate;
  const twin = twins[names[otherRole[role]] as keyof typeof twins].certificate;

  test('takes whom an authority vouches for', async () => {
    const turn = await judged(role, {});
    expect(why(turn)).toBe('taken');
    if (role === 'authenticator') expect(turn.packet?.code).toBe(EapCode.SUCCESS);
  });

  test('takes the one certificate that is known, and no other', async () => {
    expect(why(await judged(role, { keys: { certificate: theirs.der } }))).toBe('taken');
    const refused = await judged(role, { keys: { certificate: twin.der } });
    expect(why(refused)).toContain('showed another certificate than the one known of it');
    expect(refused.packet?.code).not.toBe(EapCode.SUCCESS);
  });

  test('takes certificates of the authority that is named, and of no other', async () => {
    expect(why(await judged(role, { keys: { authority: parseDn('O=eap, CN=root') } }))).toBe('taken');
    expect(why(await judged(role, { keys: { authority: parseDn('O=eap, CN=other') } }))).toContain(
      'O=eap, CN=other is not among those that issued it',
    );
  });

  test('takes a certificate of the raw key that is known, and of no other', async () => {
    expect(why(await judged(role, { keys: { raw: [theirs.spki] } }))).toBe('taken');
    expect(why(await judged(role, { keys: { raw: [twin.spki] } }))).toContain('has another key than');
  });

  test('asks for the CRL when TLS is through', async () => {
    const asked: RevocationAsk[] = [];
    const answering =
      (...crls: Uint8Array[]) =>
      async (question: RevocationAsk): Promise<Answer> => {
        asked.push(question);
        return { ok: true, crls };
      };
    const good = await judged(role, { revocation: fetches, fetch: answering(crl(99)) });
    expect(why(good)).toBe('taken');
    expect(asked).toEqual([
      {
        kind: 'revocation',
        of: [
          {
            certificate: theirs.der,
            issuer: root.certificate.der,
            crlUris: ['http://127.0.0.1/crl'],
            ocspUris: [],
          },
        ],
      },
    ]);
    const list = crl(seeds[names[otherRole[role]]]);
    const bad = await judged(role, { revocation: fetches, fetch: answering(list) });
    expect(why(bad)).toMatch(/^the certificate is not trusted: .*revoked/);
    expect(bad.packet?.code).toBe(role === 'authenticator' ? EapCode.FAILURE : undefined);
  });

  test.each<[string, Rules['fetch']]>([
    ['nothing came', () => ({ ok: true })],
    ['the fetch failed', () => ({ ok: false, errno: 'EIO' })],
  ])('where %s, only a strict one refuses', async (_, fetch) => {
    const of = (more: Partial<RevocationPolicy>) =>
      judged(role, { revocation: { ...fetches, ...more }, ...(fetch && { fetch }) });
    expect(why(await of({}))).toBe('taken');
    expect(why(await of({ crlStrict: true }))).toContain('is not known, and must be');
    expect(why(await of({ ocsp: 'strict' }))).toContain('is not known, and must be');
  });

  test('a strict one that fetches nothing refuses', async () => {
    expect(why(await judged(role, { revocation: { crlStrict: true } }))).toContain('must be');
  });

  test('a strict one takes what the fetched CRL calls good', async () => {
    const revocation = { ...fetches, crlStrict: true };
    expect(why(await judged(role, { revocation, fetch: () => ({ ok: true, crls: [crl()] }) }))).toBe('taken');
  });

  test('a fetcher that breaks proves nothing', async () => {
    expect(why(await judged(role, { revocation: fetches }))).toBe('nothing is to be fetched');
  });

  test('given up while it asks, it is over', async () => {
    const fetch: Rules['fetch'] = (_, own) => {
      own.close();
      return { ok: true, crls: [crl()] };
    };
    expect(why(await judged(role, { revocation: fetches, fetch }))).toBe('the EAP conversation is over');
  });
});
