/** EAP-TLS, both roles against each other, over TLS 1.2 and 1.3. RFC 5216, RFC 9190. */
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/crypto/index.ts';
import { type EapTlsOptions, tlsAuthenticator, tlsPeer } from '../../src/daemon/eap-tls.ts';
import { TlsEnd } from '../../src/daemon/eap-tls-end.ts';
import {
  type EapPacket,
  eapAuthenticator,
  eapPeer,
  type PeerOffer,
  TlsFragments,
} from '../../src/eap/index.ts';
import { EapCode, EapType } from '../../src/wire/numbers.ts';
import { Certificates, type Credential, hasOpenssl, tlsOptions } from './certificates.ts';
import { converse, mskOf, reason } from './converse.ts';

const versions = ['TLSv1.2', 'TLSv1.3'] as const;
const only = (version: (typeof versions)[number]) => ({ versions: [version, version] as const });
const flags = { length: 0x80, more: 0x40, start: 0x20 };

describe.skipIf(!hasOpenssl)('EAP-TLS (needs the openssl command)', () => {
  const made = new Certificates();
  let root: Credential;
  let gate: Credential;
  let carol: Credential;
  let stranger: Credential;
  let mallory: Credential;
  beforeAll(() => {
    root = made.authority('root');
    gate = made.issue('gate', 'root');
    carol = made.issue('carol', 'root');
    stranger = made.authority('stranger');
    mallory = made.issue('mallory', 'stranger');
  });
  afterAll(() => made.end());

  const peer = (more: Partial<EapTlsOptions> = {}, own = carol, anchor = root) =>
    eapPeer({ identity: 'carol', methods: [tlsPeer(tlsOptions(own, anchor, more))] });
  const authenticator = (more: Partial<EapTlsOptions> = {}, own = gate, anchor = root) =>
    eapAuthenticator({
      identity: 'carol',
      methods: () => [tlsAuthenticator(tlsOptions(own, anchor, more))],
    });

  for (const version of versions) {
    describe(version, () => {
      it('ends with one key on both sides', async () => {
        const seen: string[] = [];
        const see = (who: string) => (certificates: readonly Uint8Array[]) => {
          seen.push(
            `${who}: ${certificates.map((der) => new X509Certificate(der).subject.split('\n').at(-1))}`,
          );
          return undefined;
        };
        const talk = await converse(
          peer({ ...only(version), checkPeer: see('peer') }),
          authenticator({ checkPeer: see('authenticator') }),
        );
        expect(talk.peer).toMatchObject({ ok: true, method: EapType.TLS });
        expect(mskOf(talk.peer)).toMatch(/^[0-9a-f]{128}$/);
        expect(mskOf(talk.peer)).toBe(mskOf(talk.authenticator));
        expect(seen.sort()).toEqual(['authenticator: CN=carol,CN=root', 'peer: CN=gate,CN=root']);
        expect(talk.packets.at(-1)?.code).toBe(EapCode.SUCCESS);
      });

      it.each([64, 333, 1024, 4096, 100_000])('in pieces of %i octets', async (fragment) => {
        const limits = { rounds: 400, octets: 65_536 };
        const talk = await converse(
          eapPeer({
            identity: 'carol',
            methods: [tlsPeer(tlsOptions(carol, root, { ...only(version), fragment }))],
            limits,
          }),
          eapAuthenticator({
            methods: () => [tlsAuthenticator(tlsOptions(gate, root, { fragment }))],
            limits,
          }),
        );
        expect(talk.peer?.ok).toBe(true);
        expect(mskOf(talk.peer)).toBe(mskOf(talk.authenticator));
        const pieces = talk.packets.filter(({ type }) => type === EapType.TLS).map(({ data }) => data);
        expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(fragment + 5);
        // L in the first of several, and only there; M in all but the last.
        for (const [at, piece] of pieces.entries()) {
          const first = ((pieces[at - 2]?.[0] ?? 0) & flags.more) === 0;
          const more = ((piece[0] ?? 0) & flags.more) !== 0;
          expect(((piece[0] ?? 0) & flags.length) !== 0).toBe(first && more);
        }
      });

      it.each([
        ['an authority the peer does not trust', () => [peer(only(version)), authenticator({}, mallory)]],
        ['no authority in common', () => [peer(only(version), carol, stranger), authenticator({})]],
      ])('a peer refuses %s', async (_, ends) => {
        const [first, second] = ends();
        if (first === undefined || second === undefined) throw new Error('two ends');
        const talk = await converse(first, second);
        expect(reason(talk.peer)).toMatch(/^the peer's certificate: .*(?:SELF_SIGNED|UNABLE_TO)/);
        expect(talk.authenticator).toBeUndefined();
      });

      it('an authenticator refuses an authority it does not trust', async () => {
        const talk = await converse(peer(only(version), mallory), authenticator());
        expect(reason(talk.authenticator)).toMatch(/^the peer's certificate: .*UNABLE_TO/);
        expect(reason(talk.peer)).toBe('the authenticator refused TLS');
        expect(talk.packets.at(-1)?.code).toBe(EapCode.FAILURE);
      });

      it('each side asks whose certificate it is', async () => {
        const checkPeer = () => 'not whom we wanted';
        const first = await converse(peer({ ...only(version), checkPeer }), authenticator());
        expect(reason(first.peer)).toBe('not whom we wanted');
        const second = await converse(peer(only(version)), authenticator({ checkPeer }));
        expect(reason(second.authenticator)).toBe('not whom we wanted');
        expect(reason(second.peer)).toBe('the authenticator refused TLS');
        const unreadable = () => {
          throw new RangeError('trailing\u001b octets');
        };
        const third = await converse(peer(only(version)), authenticator({ checkPeer: unreadable }));
        expect(reason(third.authenticator)).toBe("the peer's certificate: trailing\ufffd octets");
      });

      it('a certificate for the other role only is refused', async () => {
        const wrong = made.issue('wrong', 'root', 'extendedKeyUsage=clientAuth');
        const talk = await converse(peer(only(version)), authenticator({}, wrong));
        expect(reason(talk.peer)).toMatch(/INVALID_PURPOSE/);
      });

      it('a Success before the end is not believed', async () => {
        for (let at = 2; ; at += 2) {
          const early = (each: EapPacket, index: number): EapPacket =>
            index === at ? { code: EapCode.SUCCESS, identifier: 1, data: new Uint8Array(0) } : each;
          const talk = await converse(peer(only(version)), authenticator(), early);
          if (talk.authenticator?.ok) break;
          // TLS 1.2 is through for the peer with the other's Finished, which it has before the last request.
          if (talk.peer?.ok) {
            expect(version).toBe('TLSv1.2');
            break;
          }
          expect(reason(talk.peer)).toBe('an EAP Success before the method came to its end');
        }
      });

      it('an octet changed on the way ends both sides', async () => {
        const length = (await converse(peer(only(version)), authenticator())).packets.length;
        for (let at = 1; at < length - 2; at++) {
          const flip = (each: EapPacket, index: number): EapPacket =>
            index === at && each.data.length > 60
              ? { ...each, data: each.data.with(60, (each.data[60] ?? 0) ^ 0x55) }
              : each;
          const talk = await converse(peer(only(version)), authenticator(), flip);
          const changed = (talk.packets[at]?.data.length ?? 0) > 60;
          expect([talk.peer?.ok === true && talk.authenticator?.ok === true]).toEqual([!changed]);
        }
      });
    });
  }

  it('no version in common: an alert crosses, is acknowledged, and the reason is known', async () => {
    const talk = await converse(peer(only('TLSv1.2')), authenticator(only('TLSv1.3')));
    expect(reason(talk.authenticator)).toMatch(/^TLS: .*unsupported protocol/);
    expect(reason(talk.peer)).toMatch(/^TLS: .*alert protocol version/);
    expect(talk.packets.slice(-3).map(({ code }) => code)).toEqual([
      EapCode.REQUEST,
      EapCode.RESPONSE,
      EapCode.FAILURE,
    ]);
  });

  it.each(versions)('a peer without a certificate is refused, %s', async (version) => {
    const fragments = new TlsFragments({ fragment: 1024, message: 65_536 });
    const tls = new TlsEnd('client', { minVersion: version, maxVersion: version });
    const bare: PeerOffer = {
      type: EapType.TLS,
      start: () => ({
        async request(data) {
          const received = fragments.receive(data);
          if (received !== 'next')
            fragments.queue(await tls.receive(received instanceof Uint8Array ? received : new Uint8Array(0)));
          return { reply: fragments.next() };
        },
        close: () => tls.close(),
      }),
    };
    const talk = await converse(eapPeer({ identity: '', methods: [bare] }), authenticator());
    expect(reason(talk.authenticator)).toBe("the peer's certificate: no certificate");
  });

  it('what it cannot use is said when it is given', () => {
    expect(() => tlsPeer(tlsOptions(carol, root, { anchors: [] }))).toThrow(RangeError);
    expect(() => tlsPeer(tlsOptions(carol, root, { certificates: [] }))).toThrow(RangeError);
    expect(() => tlsPeer(tlsOptions(carol, root, { privateKey: gate.privateKey }))).toThrow(/mismatch/);
    const privateKey = new Secret(Uint8Array.of(1, 2, 3));
    expect(() => tlsAuthenticator(tlsOptions(gate, root, { privateKey }))).toThrow();
  });
});
