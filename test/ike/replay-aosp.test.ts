/** Our engine as Android's initiator against strongSwan's recorded answers, and as the responder of Android's own example. */
import { describe, expect, it } from 'vitest';
import { type ChosenTransforms, type Crypto, Secret } from '../../src/crypto/index.ts';
import { pskAuth } from '../../src/ike/auth/psk.ts';
import { signedOctets } from '../../src/ike/auth/signed-octets.ts';
import { ikeKeys, skeyseed } from '../../src/ike/keys.ts';
import { errorIn } from '../../src/ike/notify.ts';
import { formatIdentity, identityFromPayload } from '../../src/policy/identity.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { IkeProposal } from '../../src/policy/proposal.ts';
import type { FixedSelector } from '../../src/policy/selector.ts';
import { connection } from '../../src/testing/connection.ts';
import {
  Encr,
  ExchangeType,
  find,
  fromHex,
  Integ,
  KeyExchangeMethod,
  NotifyType,
  notifies,
  type Payload,
  Prf,
  parsePayloads,
  toHex,
} from '../../src/wire/index.ts';
import { describeWithVectors, readVector } from '../wire/vectors.ts';
import { type AospSession, aospSessions, contents, transformsOf } from './recorded.ts';
import { agreeing, drawing, Stage } from './stage.ts';
import { ikeKeysOf, ikeSuiteOf, providers, type RecordedKeys, sealedOf } from './suites.ts';

const [here, there] = ['10.80.80.13', '10.80.80.80'];

describeWithVectors('09-ikev2-traces/aosp-cts-strongswan-sessions', () => {
  describe.each(providers)('as the initiator, on $name', (crypto) => {
    for (const session of aospSessions()) {
      const psk = session.auths[0]?.psk;
      if (psk === undefined) it.skip(`${session.name} (it proves itself by EAP or a certificate)`, () => {});
      else it(session.name, () => initiates(session, psk, crypto));
    }
  });
});

/** The rest of some sessions answers requests (more children) that we do not send yet. */
function initiates(session: AospSession, psk: string, crypto: Crypto): void {
  const stage = new Stage({
    policy: policyOf(session, psk),
    crypto: withPrivateValue(crypto, session),
    random: drawing([fromHex(session.messages[0]?.hex ?? '').slice(0, 8), session.ni]),
  });
  const [init, auth, ...rest] = session.messages;
  const said = contents(session).find(({ message }) => message.messageId === 1)?.payloads ?? [];
  stage.command({ kind: 'up', name: 'c' });
  expect(toHex(find(clear(stage), 'ke')?.data ?? new Uint8Array())).toBe(toHex(session.dhPublic));
  stage.answer(fromHex(init?.hex ?? ''));
  stage.answer(fromHex(auth?.hex ?? ''));
  expect(stage.event('ikeEstablished')?.remoteId).toBe('@server.test.ike.android.net');
  expect(stage.event('childEstablished')?.child.outboundSpi).toBe(spiIn(said));
  expect(stage.event('childFailed')?.reason.notify).toBe(errorIn(said)?.type);

  for (const { hex, flags, messageId, payloads = [] } of rest) {
    const response = (flags & 0x20) !== 0;
    if (!response) stage.answer(fromHex(hex));
    if (messageId !== 2 || payloads.length > 0) continue;
    stage.command({ kind: rest.length > 1 ? 'liveness' : 'down', name: 'c' });
    stage.answer(fromHex(hex));
  }
  const gone = rest.some(
    ({ messageId, flags, payloads = [] }) => flags === 0 || (messageId === 2 && !payloads[0]),
  );
  const rekeyed = rest.some(
    ({ flags, hex }) => flags === 0 && exchangeOf(hex) === ExchangeType.CREATE_CHILD_SA,
  );
  // What strongSwan rekeys lives on in the heir that we make for it.
  expect(stage.event('ikeRekeyed') !== undefined).toBe(rekeyed);
  expect(stage.engine.idle).toBe(gone && !rekeyed);
}

const exchangeOf = (hex: string): number => fromHex(hex)[18] ?? 0;

const clear = (stage: Stage): readonly Payload[] => {
  const octets = stage.sent[0]?.octets ?? new Uint8Array();
  return parsePayloads(octets[16] ?? 0, octets.subarray(28), 28);
};

function spiIn(payloads: readonly Payload[]): number | undefined {
  const spi = find(payloads, 'sa')?.proposals[0]?.spi;
  return spi && Number(`0x${toHex(spi)}`);
}

/** Our own arithmetic, but the private value is the one Android's test drew. */
function withPrivateValue(crypto: Crypto, { chosen, dhPrivate }: AospSession): Crypto {
  const method = crypto.keyExchanges.get(chosen?.ke ?? 0);
  if (method === undefined) throw new Error(`${crypto.name} lacks group ${chosen?.ke}`);
  const drawn = { ...method, generate: () => method.generate(() => dhPrivate.slice()) };
  return { ...crypto, keyExchanges: new Map([[method.id, drawn]]) };
}

/** What makes Android's offer: it is not recorded, but what was agreed on of it is. */
function policyOf(session: AospSession, psk: string): Policy {
  const [{ payloads: init = [] } = {}] = contents(session);
  const said = contents(session).find(({ message }) => message.messageId === 1)?.payloads ?? [];
  const esp = find(said, 'sa')?.proposals[0];
  const ike = find(init, 'sa')?.proposals[0];
  const idr = find(said, 'idr');
  if (ike === undefined || idr === undefined) throw new Error(`${session.name}: nothing was agreed on`);
  const child = offerOf(esp ? transformsOf(esp) : { encr: Encr.AES_GCM_16, keyBits: 128 });
  const made = connection({
    name: 'c',
    address: here,
    identity: '@client.test.ike.android.net',
    mode: notifies(said, NotifyType.USE_TRANSPORT_MODE).length > 0 ? 'transport' : 'tunnel',
    peer: { address: there, identity: formatIdentity(identityFromPayload(idr)) },
    entry: { ike: numbered(offerOf(transformsOf(ike)), ike.number) },
    child: {
      proposals: numbered(child, esp?.number ?? 1).map((each) => ({ ...each, ke: [], esn: [false] })),
      ...(esp && { local: ranges(said, 'tsi'), remote: ranges(said, 'tsr') }),
    },
  });
  return { ...made, preSharedKeys: [{ secret: new Secret(fromHex(psk)), selectors: [], where: 'test:1' }] };
}

const offerOf = ({ encr, keyBits, prf, integ, ke }: ChosenTransforms): IkeProposal => ({
  encr: [{ id: encr, ...(keyBits !== undefined && { keyBits }) }],
  prf: prf === undefined ? [] : [prf],
  integ: integ === undefined ? [] : [integ],
  ke: ke === undefined ? [] : [ke],
});

/** The proposal with others before it, so that it has its number. */
function numbered(proposal: IkeProposal, number: number): IkeProposal[] {
  const other: IkeProposal = { ...proposal, encr: [{ id: Encr.AES_GCM_8, keyBits: 256 }], integ: [] };
  return [...Array.from({ length: number - 1 }, () => other), proposal];
}

function ranges(payloads: readonly Payload[], kind: 'tsi' | 'tsr'): FixedSelector[] {
  const selectors = find(payloads, kind)?.selectors ?? [];
  return selectors.flatMap((each) => (each.kind === 'range' ? [each] : []));
}

interface UnitExample extends RecordedKeys {
  readonly spiI: string;
  readonly spiR: string;
  readonly Ni: string;
  readonly Nr: string;
  readonly g_ir: string;
  readonly SKEYSEED: string;
  readonly SK_pi: string;
  readonly psk: string;
  readonly ikeSaInitRequest: string;
  readonly ikeAuthRequest: string;
  readonly ikeAuthRequest_innerPayloads: string;
  readonly AUTHi_data: string;
  readonly childKeys: Readonly<
    Record<'initEncr' | 'initAuth' | 'respEncr' | 'respAuth' | 'spiI' | 'spiR', string>
  >;
}

describeWithVectors('09-ikev2-traces/aosp-unit', () => {
  const example = readVector('09-ikev2-traces/aosp-unit/exchange-psk-full-keys.json') as UnitExample;
  const octets = (name: 'Ni' | 'Nr' | 'g_ir' | 'psk' | 'ikeSaInitRequest' | 'ikeAuthRequest') =>
    fromHex(example[name]);
  const [request] = [sealedOf(octets('ikeAuthRequest'))];
  const inner = parsePayloads(request?.payload.first ?? 0, fromHex(example.ikeAuthRequest_innerPayloads));

  describe.each(providers)('on $name', (crypto) => {
    const suite = ikeSuiteOf(crypto, {
      encr: Encr.AES_CBC,
      keyBits: 128,
      integ: Integ.HMAC_SHA1_96,
      prf: Prf.HMAC_SHA1,
      ke: KeyExchangeMethod.MODP_1024,
    });
    if (suite === undefined) throw new Error(`${crypto.name} lacks an algorithm`);

    it('has the keys and the AUTH of the example', () => {
      const [ni, nr] = [octets('Ni'), octets('Nr')];
      const seed = skeyseed(suite.prf, ni, nr, octets('g_ir'));
      expect(toHex(seed)).toBe(example.SKEYSEED);
      const keys = ikeKeys(suite, seed, ni, nr, BigInt(`0x${example.spiI}`), BigInt(`0x${example.spiR}`));
      const recorded = ikeKeysOf(example);
      for (const name of ['d', 'ai', 'ar', 'ei', 'er', 'pi', 'pr'] as const)
        expect(`${name} ${toHex(keys[name].octets)}`).toBe(`${name} ${toHex(recorded[name].octets)}`);
      const idi = find(inner, 'idi');
      if (idi === undefined) throw new Error('no IDi');
      const signed = signedOctets(
        suite.prf,
        keys.pi,
        octets('ikeSaInitRequest'),
        nr,
        identityFromPayload(idi),
      );
      expect(toHex(pskAuth(suite.prf, new Secret(octets('psk')), signed))).toBe(example.AUTHi_data);
    });

    it('answers it as the responder and has its child', () => {
      const opening = parsePayloads(0x21, octets('ikeSaInitRequest').subarray(28), 28);
      const made = connection({
        name: 'c',
        address: there,
        subnet: '0.0.0.0/0',
        ike: 'aes128-sha1-modp1024',
        esp: 'aes128-sha1',
        peer: { address: here, subnet: '0.0.0.0/0' },
      });
      const secret = new Secret(octets('psk'));
      const { childKeys } = example;
      const stage = new Stage({
        policy: { ...made, preSharedKeys: [{ secret, selectors: [], where: 'test:1' }] },
        crypto: agreeing(crypto, [
          {
            group: KeyExchangeMethod.MODP_1024,
            value: new Uint8Array(128).fill(7),
            outcome: { peer: find(opening, 'ke')?.data ?? new Uint8Array(), shared: octets('g_ir') },
          },
        ]),
        random: drawing([fromHex(example.spiR), octets('Nr'), fromHex(childKeys.spiR)]),
      });
      const path = {
        socket: 'ike',
        local: { address: there, port: 500 },
        remote: { address: here, port: 500 },
      } as const;
      stage.receive(octets('ikeSaInitRequest'), path);
      stage.receive(octets('ikeAuthRequest'), path);
      expect(stage.event('ikeEstablished')).toMatchObject({ localId: there, remoteId: here });
      const added = stage.commands.flatMap((command) => (command.kind === 'addSa' ? [command.sa] : []));
      expect(
        added.map(({ id, encryption, integrity }) => [
          id.spi.toString(16),
          toHex(encryption.key),
          integrity && toHex(integrity.key),
        ]),
      ).toEqual([
        [childKeys.spiR, childKeys.initEncr, childKeys.initAuth],
        [childKeys.spiI, childKeys.respEncr, childKeys.respAuth],
      ]);
    });
  });
});
