/** strongSwan's recorded certificates and EAP: AUTH made by its keys holds with us, in either place, and with nobody else's. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Crypto, Secret } from '../../src/crypto/index.ts';
import type { Answer, Ask, Role } from '../../src/ike/actions.ts';
import { parseCertificate } from '../../src/pki/index.ts';
import type { AuthPolicy, EapMethod, PeerKeys, PkiPolicy, Policy } from '../../src/policy/policy.ts';
import { AuthMethod, EapCode, find, fromHex } from '../../src/wire/index.ts';
import { signature } from '../scenes/certificates.ts';
import { describeWithVectors, vectorPath } from '../wire/vectors.ts';
import { type Session, strongSwanSessions } from './recorded.ts';
import { ofSender, pathOf, policyOf, senderOf, stageOf } from './script.ts';
import type { Stage } from './stage.ts';
import { peerOf, providers } from './suites.ts';

const certificate = (name: string): Uint8Array => {
  const pem = readFileSync(vectorPath(`09-ikev2-traces/strongswan-5.9.8-recorded-pki/${name}.pem`), 'latin1');
  return new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'));
};

/** A month after they were recorded. */
const then = Date.UTC(2026, 11, 21) / 1000;

interface Recording {
  readonly authority: 'ca' | 'eca';
  /** Of the initiator's AUTH; absent: EAP. */
  readonly method: number;
  readonly eap?: EapMethod;
}

const recordings: Readonly<Record<string, Recording>> = {
  'cert-ecdsa-p256-rfc4754-method9': { authority: 'eca', method: AuthMethod.ECDSA_SHA_256_P_256 },
  'cert-ecdsa-p256-sig14': { authority: 'eca', method: AuthMethod.DIGITAL_SIGNATURE },
  'cert-ecdsa-p384-sig14': { authority: 'eca', method: AuthMethod.DIGITAL_SIGNATURE },
  'cert-rsa-method1-sha1': { authority: 'ca', method: AuthMethod.RSA_DIGITAL_SIGNATURE },
  'cert-rsa2048-sig14-pkcs1-sha256': { authority: 'ca', method: AuthMethod.DIGITAL_SIGNATURE },
  'eap-md5-server-cert': { authority: 'ca', method: AuthMethod.DIGITAL_SIGNATURE, eap: 'md5' },
  'eap-tls': { authority: 'ca', method: AuthMethod.DIGITAL_SIGNATURE, eap: 'tls' },
};

const sha1: AuthPolicy = { kind: 'signature', algorithms: [{ kind: 'rsa-pkcs1', hash: 'sha1' }] };

interface Change {
  readonly pki?: Partial<PkiPolicy>;
  readonly keys?: PeerKeys;
  readonly at?: number;
  readonly way?: AuthPolicy;
}

/** We have a shared key to show: their private keys are nowhere. What they show is what counts. */
function policyFor(session: Session, role: Role, recording: Recording, change: Change): Policy {
  const policy = policyOf(session, role);
  const byMethod = recording.method === AuthMethod.RSA_DIGITAL_SIGNATURE ? sha1 : signature;
  const eap: AuthPolicy | undefined = recording.eap && { kind: 'eap', methods: [recording.eap] };
  const [ours, theirs] = [
    eap && role === 'initiator' ? eap : psk,
    eap && role === 'responder' ? eap : byMethod,
  ];
  return {
    ...policy,
    preSharedKeys: [{ secret: new Secret(fromHex('00'.repeat(16))), selectors: [], where: 'here' }],
    pki: {
      anchors: [certificate(recording.authority)],
      certificates: [],
      crls: [],
      revocation: { crlStrict: false, crlTimeout: 0, ocsp: 'off', ocspMethod: 'get', ocspTimeout: 0 },
      ...change.pki,
    },
    pad: policy.pad.map((entry) => ({
      ...entry,
      local: { ...entry.local, auth: [ours] },
      remote: {
        ...entry.remote,
        auth: [change.way ?? theirs],
        keys: change.keys ?? { raw: [], identityInCertificate: true },
      },
    })),
  };
}

const psk: AuthPolicy = { kind: 'psk' };

/** The EAP of the end in our place, as it was recorded; its key is that of the recorded AUTH. */
function eapOf(session: Session, role: Role, recording: Recording): (ask: Ask) => Answer {
  const said = ofSender(session, role).flatMap(({ payloads }) => find(payloads, 'eap') ?? []);
  const key = session.auths.find(({ psk: of }) => of !== undefined)?.psk ?? '';
  const end = () =>
    ({ ok: true, ...(recording.eap === 'tls' && { msk: new Secret(fromHex(key)) }) }) as const;
  return (ask) => {
    if (ask.kind !== 'eap') return { ok: true };
    if (ask.packet?.code === EapCode.SUCCESS) return { ok: true, eap: { outcome: end() } };
    const { kind: _, ...packet } = said.shift() ?? {
      kind: 'eap',
      code: EapCode.FAILURE,
      identifier: 0,
      data: new Uint8Array(),
    };
    return { ok: true, eap: { packet, ...(packet.code === EapCode.SUCCESS && { outcome: end() }) } };
  };
}

/** Our engine in the place of one end, hearing all that the other said until it is up or refused. */
function replay(
  session: Session,
  role: Role,
  crypto: Crypto,
  recording: Recording,
  change: Change = {},
): Stage {
  const policy = policyFor(session, role, recording, change);
  const stage = stageOf(session, role, policy, crypto, {
    unixTime: change.at ?? then,
    answer: eapOf(session, role, recording),
  });
  if (role === 'initiator') stage.command({ kind: 'up', name: 't' });
  for (const message of session.messages) {
    if (message.exchange > 35 || senderOf(message) !== peerOf(role)) continue;
    stage.receive(fromHex(message.hex), pathOf(message));
  }
  return stage;
}

describeWithVectors('09-ikev2-traces', () => {
  const sessions = strongSwanSessions('5.9.8').filter(({ name }) => name in recordings);
  const all = sessions.flatMap((session) => {
    const recording = recordings[session.name];
    return recording
      ? (['initiator', 'responder'] as const).map((role) => ({
          name: session.name,
          role,
          session,
          recording,
        }))
      : [];
  });

  it('has all of these', () =>
    expect(sessions.map(({ name }) => name).sort()).toEqual(Object.keys(recordings).sort()));

  describe.each(providers)('on $name', (crypto) => {
    // noble has no RSA.
    const able = all.filter(({ recording }) => recording.authority === 'eca' || crypto.name !== 'noble');
    for (const { name, role } of all.filter((each) => !able.includes(each)))
      it.skip(`${name}, we as the ${role} (${crypto.name} has no RSA)`, () => {});

    it.each(able)('$name, we as the $role: their AUTH holds', ({ role, session, recording }) => {
      const stage = replay(session, role, crypto, recording);
      const text = stage.event('ikeFailed')?.reason.text;
      expect(text).toBeUndefined();
      const signed = recording.eap === undefined || role === 'initiator';
      expect(stage.event('ikeEstablished')?.proofs.remote).toBe(signed ? 'signature' : 'eap');
      expect(stage.event('childEstablished')).toBeDefined();
      if (signed) {
        const auth = ofSender(session, peerOf(role)).flatMap(
          ({ payloads }) => find(payloads, 'auth') ?? [],
        )[0];
        expect(auth?.method).toBe(recording.method);
      }
    });

    const signed = able.filter(({ role, recording }) => recording.eap === undefined || role === 'initiator');
    it.each(signed)(
      '$name, we as the $role: not with another key, authority, time, policy',
      ({ role, session, recording }) => {
        const refusal = (change: Change) => {
          const stage = replay(session, role, crypto, recording, change);
          stage.runOut();
          return stage.event('ikeFailed')?.reason;
        };
        const other = certificate(recording.authority === 'ca' ? 'eca' : 'ca');
        const self = certificate(recording.authority);
        const cases: readonly (readonly [Change, RegExp])[] = [
          [
            { keys: { raw: [parseCertificate(self).spki], identityInCertificate: true } },
            /does not hold with the key known of it/,
          ],
          [
            { keys: { raw: [], certificate: certificate('edi'), identityInCertificate: true } },
            /another certificate than the one known/,
          ],
          [{ pki: { anchors: [other] } }, /is not trusted/],
          [{ at: Date.UTC(2026, 10, 20) / 1000 }, /is not trusted: .*not valid/],
          [{ at: Date.UTC(2036, 11, 1) / 1000 }, /is not trusted: .*expired/],
          [
            { way: { kind: 'signature', algorithms: [{ kind: 'ed25519' }] } },
            /which our policy does not take/,
          ],
        ];
        for (const [change, why] of cases)
          expect(refusal(change)).toMatchObject({
            code: 'AUTHENTICATION_FAILED',
            text: expect.stringMatching(why),
          });
      },
    );
  });
});
