/** Recorded exchanges: from g^ir and nonces to the same keys, every message opened, AUTH and KEYMAT of both ends. */
import { describe, expect, it } from 'vitest';
import { type Crypto, type IkeSuite, Secret } from '../../src/crypto/index.ts';
import { pskAuth } from '../../src/ike/auth/psk.ts';
import { signedOctets } from '../../src/ike/auth/signed-octets.ts';
import { Reassembly } from '../../src/ike/extensions/fragmentation.ts';
import { childKeys, type IkeKeys, ikeKeys, skeyseed } from '../../src/ike/keys.ts';
import { identityFromPayload } from '../../src/policy/identity.ts';
import { AuthMethod, ExchangeType, find, fromHex, toHex } from '../../src/wire/index.ts';
import { describeWithVectors } from '../wire/vectors.ts';
import { aospSessions, contents, type Session, strongSwanSessions, transformsOf } from './recorded.ts';
import {
  espSuiteOf,
  ikeKeysOf,
  ikeSuiteOf,
  peerOf,
  protectionOf,
  providers,
  roleOf,
  sealedOf,
} from './suites.ts';

/** With what must come out of it, so that nothing is passed over in silence: noble has no 3DES. */
const sources = [
  {
    source: 'strongSwan 5.9.8',
    sessions: () => strongSwanSessions('5.9.8'),
    node: { sessions: 22, messages: 109, fragmented: 5, pskAuths: 31, children: 18 },
    noble: { sessions: 21, messages: 105, fragmented: 5, pskAuths: 29, children: 17 },
  },
  {
    source: 'strongSwan 6.1.0',
    sessions: () => strongSwanSessions('6.1.0'),
    node: { sessions: 7, messages: 43, fragmented: 5, pskAuths: 12, children: 7 },
    noble: { sessions: 7, messages: 43, fragmented: 5, pskAuths: 12, children: 7 },
  },
  {
    source: 'AOSP CTS',
    sessions: aospSessions,
    node: { sessions: 9, messages: 27, fragmented: 1, pskAuths: 8, children: 0 },
    noble: { sessions: 9, messages: 27, fragmented: 1, pskAuths: 8, children: 0 },
  },
];

describeWithVectors('09-ikev2-traces', () => {
  for (const { source, sessions, ...expected } of sources) {
    describe.each(providers)(`${source} on $name`, (crypto) => {
      const counted = { sessions: 0, messages: 0, fragmented: 0, pskAuths: 0, children: 0 };
      for (const session of sessions()) {
        const suite = session.chosen && ikeSuiteOf(crypto, session.chosen);
        if (session.chosen === undefined) {
          it.skip(`${session.name} (nothing was agreed on: no keys)`, () => {});
        } else if (suite === undefined) {
          it.skip(`${session.name} (${crypto.name} does not claim the suite)`, () => {});
        } else {
          it(session.name, () => {
            derivesKeys(suite, session);
            counted.sessions++;
            counted.fragmented += sealsFragments(crypto, suite, session);
            counted.messages += opensAll(crypto, suite, session);
            counted.pskAuths += authenticates(suite, session);
            counted.children += keysChildren(crypto, suite, session);
          });
        }
      }

      it('that was all of them', () => {
        expect({ [crypto.name]: counted }).toEqual({
          [crypto.name]: crypto.name === 'node' ? expected.node : expected.noble,
        });
      });
    });
  }
});

/** RFC 7296 §2.14; the second set of RFC 9370 §2.2.2 starts from SKEYSEED = prf(SK_d, SK(1) | Ni | Nr). */
function derivesKeys(suite: IkeSuite, { name, keySets, ni, nr, messages }: Session): void {
  const last = sealedOf(fromHex(messages.at(-1)?.hex ?? ''));
  const { initiatorSpi = 0n, responderSpi = 0n } = last?.header ?? {};
  let d: Secret | undefined;
  for (const recorded of keySets) {
    const shared = fromHex(recorded.g_ir);
    const seed =
      d === undefined ? skeyseed(suite.prf, ni, nr, shared) : suite.prf.compute(d.octets, shared, ni, nr);
    expect(`${name} ${toHex(seed)}`).toBe(`${name} ${recorded.SKEYSEED}`);
    const keys = ikeKeys(suite, seed, ni, nr, initiatorSpi, responderSpi);
    expect(hexOf(keys)).toEqual(hexOf(ikeKeysOf(recorded)));
    d = keys.d;
  }
}

const hexOf = (keys: IkeKeys) =>
  Object.fromEntries(
    Object.entries(keys).map(([name, secret]: [string, Secret]) => [name, toHex(secret.octets)]),
  );

/** Opens SK and SKF with our own parser, puts fragments together, and seals to the recorded octets again. */
function opensAll(crypto: Crypto, suite: IkeSuite, { keySets, messages }: Session): number {
  let opened = 0;
  let reassembly: Reassembly | undefined;
  for (const message of messages) {
    const sealed = sealedOf(fromHex(message.hex));
    const keys = keySets[message.keySet ?? -1];
    if (sealed === undefined || keys === undefined) continue;
    const { octets, header, payload } = sealed;
    const inner = protectionOf(crypto, suite, keys, peerOf(roleOf(header))).open(octets, payload);
    if (inner === undefined) throw new Error(`message ${header.messageId} does not open`);
    expect(toHex(inner)).toBe(message.innerPlaintext);
    opened++;
    if (suite.integ === undefined && payload.kind === 'encrypted') {
      const iv = payload.data.subarray(0, suite.cipher.ivLength);
      const ours = protectionOf(crypto, suite, keys, roleOf(header), iv);
      expect(toHex(ours.seal(header, payload.first, inner))).toBe(message.hex);
    }
    if (payload.kind !== 'fragment') continue;
    if (payload.number === 1) reassembly = new Reassembly(header.messageId, header.response);
    expect(reassembly?.wants(payload)).toBe(true);
    const taken = reassembly?.take(payload, inner, octets);
    const whole = taken?.kind === 'whole' && { first: taken.first, inner: toHex(taken.inner) };
    const { firstInnerPayload: first, innerPlaintext } = message.reassembled ?? {};
    expect(whole).toEqual(payload.number === payload.total && { first, inner: innerPlaintext });
  }
  return opened;
}

/** The same cuts and, from an AEAD, the same octets as the sender's. */
function sealsFragments(crypto: Crypto, suite: IkeSuite, { keySets, messages }: Session): number {
  const fragments = messages.flatMap((message) => {
    const sealed = sealedOf(fromHex(message.hex));
    return sealed?.payload.kind === 'fragment' ? [{ ...sealed, payload: sealed.payload, message }] : [];
  });
  let count = 0;
  for (const [at, { octets, header, payload, message }] of fragments.entries()) {
    const keys = keySets[message.keySet ?? -1];
    if (payload.number !== 1 || keys === undefined) continue;
    const all = fragments.slice(at, at + payload.total);
    const inner = all.at(-1)?.message.reassembled?.innerPlaintext ?? '';
    const ivs = all.map(({ payload: { data } }) => data.subarray(0, suite.cipher.ivLength));
    const ours = protectionOf(crypto, suite, keys, roleOf(header), ...ivs);
    const sealed = ours.sealFragments(header, payload.first, fromHex(inner), octets.length);
    if (suite.integ === undefined) expect(sealed.map(toHex)).toEqual(all.map(({ message: { hex } }) => hex));
    else expect(sealed.map(({ length }) => length)).toEqual(all.map((each) => each.octets.length));
    count++;
  }
  return count;
}

/** The signed octets of both ends, whoever signed; with a shared key (or EAP's MSK) AUTH itself. */
function authenticates(suite: IkeSuite, session: Session): number {
  const keys = session.keySets.at(-1);
  if (keys === undefined) return 0;
  const opening = session.messages.filter(({ exchange }) => exchange === ExchangeType.IKE_SA_INIT);
  const request = opening.filter(({ flags }) => (flags & 0x20) === 0).at(-1)?.hex ?? '';
  const response = opening.at(-1)?.hex ?? '';
  const seen = contents(session).flatMap(({ payloads }) => find(payloads, 'auth') ?? []);
  const ids = contents(session).flatMap(({ payloads }) => payloads);
  const [idi, idr] = [
    find(ids, 'idi'),
    session.auths.length > 1 || request === '' ? idrOf(session) : undefined,
  ];
  let count = 0;
  for (const recorded of session.auths) {
    const byInitiator = recorded.signedOctets.slice(16, 32) === '0'.repeat(16);
    const id = byInitiator ? idi : idr;
    if (id === undefined) throw new Error('AUTH without an identity');
    const [skP, message, nonce] = byInitiator
      ? [keys.SK_pi, request, session.nr]
      : [keys.SK_pr, response, session.ni];
    const ours = signedOctets(
      suite.prf,
      new Secret(fromHex(skP)),
      fromHex(message),
      nonce,
      identityFromPayload(id),
    );
    expect(toHex(ours) + intermediate(session)).toBe(recorded.signedOctets);
    if (recorded.psk === undefined) continue;
    const auth = pskAuth(suite.prf, new Secret(fromHex(recorded.psk)), fromHex(recorded.signedOctets));
    if (recorded.AUTH !== undefined) expect(toHex(auth)).toBe(recorded.AUTH);
    expect(
      seen
        .filter(({ method }) => method === AuthMethod.SHARED_KEY_MESSAGE_INTEGRITY_CODE)
        .map(({ data }) => toHex(data)),
    ).toContain(toHex(auth));
    count++;
  }
  return count;
}

/** The responder's: an initiator may send an IDr too, to say whom it wants. */
const idrOf = (session: Session) =>
  contents(session).flatMap(
    ({ message, payloads }) => ((message.flags & 0x20) !== 0 && find(payloads, 'idr')) || [],
  )[0];

/** RFC 9242 §3.3.2: IntAuth_iN | IntAuth_rN | IKE_AUTH_MID. */
function intermediate({ intAuth, messages }: Session): string {
  if (intAuth.length === 0) return '';
  const of = (key: string) => intAuth.filter((each) => each.key === key).at(-1)?.IntAuth_N ?? '';
  const id = messages.find(({ exchange }) => exchange === ExchangeType.IKE_AUTH)?.messageId ?? 0;
  return of('SK_pi') + of('SK_pr') + id.toString(16).padStart(8, '0');
}

function keysChildren(crypto: Crypto, suite: IkeSuite, session: Session): number {
  for (const recorded of session.children) {
    const { ni, nr, esp } = childNegotiation(session, recorded.spis[1].spi);
    const espSuite = espSuiteOf(crypto, esp);
    if (espSuite === undefined) throw new Error(`${crypto.name} lacks the ESP suite`);
    const d = new Secret(fromHex(session.keySets.at(-1)?.SK_d ?? ''));
    const shared = recorded.dhSecret === null ? undefined : fromHex(recorded.dhSecret);
    const { initiator, responder } = childKeys(suite.prf, d, espSuite, ni, nr, shared);
    expect(
      [initiator.encryption, responder.encryption, initiator.integrity, responder.integrity].map(toHex),
    ).toEqual([
      recorded['encryption initiator key'],
      recorded['encryption responder key'],
      recorded['integrity initiator key'] ?? '',
      recorded['integrity responder key'] ?? '',
    ]);
  }
  return session.children.length;
}

/** The exchange whose response gave out the SPI: its nonces, and what was chosen. */
function childNegotiation(session: Session, spi: string) {
  const all = contents(session);
  const at = all.findIndex(({ payloads }) => {
    const proposal = find(payloads, 'sa')?.proposals[0];
    return proposal !== undefined && toHex(proposal.spi) === spi;
  });
  const [request, response] = [all[at - 1]?.payloads ?? [], all[at]?.payloads ?? []];
  const [proposal] = find(response, 'sa')?.proposals ?? [];
  if (proposal === undefined) throw new Error(`nobody chose SPI ${spi}`);
  const ni = find(request, 'nonce')?.data ?? session.ni;
  const nr = find(response, 'nonce')?.data ?? session.nr;
  return { ni, nr, esp: transformsOf(proposal) };
}
