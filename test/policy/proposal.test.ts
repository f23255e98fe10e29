import { describe, expect, it } from 'vitest';
import {
  acceptEsp,
  acceptIke,
  chooseEsp,
  chooseIke,
  type EspProposal,
  espPayload,
  type IkeProposal,
  ikePayload,
  withGroup,
} from '../../src/policy/proposal.ts';
import { parseEspProposals, parseIkeProposals } from '../../src/policy/proposal-text.ts';
import {
  Encr,
  fromHex,
  Integ,
  KeyExchangeMethod,
  Prf,
  type Proposal,
  ProtocolId,
  type Transform,
  TransformType,
} from '../../src/wire/index.ts';

const ike = (text: string): IkeProposal[] => parseIkeProposals(text);
const esp = (text: string): EspProposal[] => parseEspProposals(text, { esn: [false] });

const proposal = (protocol: number, spi: string, transforms: readonly Transform[], number = 1): Proposal => ({
  number,
  protocol,
  spi: fromHex(spi),
  transforms,
});

const gcm: Transform = { type: TransformType.ENCR, id: Encr.AES_GCM_16, keyLength: 128 };
const cbc: Transform = { type: TransformType.ENCR, id: Encr.AES_CBC, keyLength: 128 };
const prf: Transform = { type: TransformType.PRF, id: Prf.HMAC_SHA2_256 };
const integ: Transform = { type: TransformType.INTEG, id: Integ.HMAC_SHA2_256_128 };
const noInteg: Transform = { type: TransformType.INTEG, id: Integ.NONE };
const group: Transform = { type: TransformType.KE, id: KeyExchangeMethod.ECP_256 };
const noGroup: Transform = { type: TransformType.KE, id: KeyExchangeMethod.NONE };
const seq32: Transform = { type: TransformType.SN, id: 0 };
const esn: Transform = { type: TransformType.SN, id: 1 };

const ikeOf = (...transforms: Transform[]) => [proposal(ProtocolId.IKE, '', transforms)];
const espOf = (...transforms: Transform[]) => [proposal(ProtocolId.ESP, '01020304', transforms)];

describe('payloads', () => {
  it('an AEAD is offered without INTEG, and IKE_AUTH without KE', () => {
    expect(ikePayload(ike('aes128gcm16-prfsha256-ecp256'))).toEqual(ikeOf(gcm, prf, group));
    expect(espPayload(esp('aes128gcm16-ecp256'), 0x01020304, true)).toEqual(espOf(gcm, group, seq32));
    expect(espPayload(esp('aes128gcm16-ecp256'), 0x01020304, false)).toEqual(espOf(gcm, seq32));
    expect(espPayload(esp('aes128gcm16;none'), 0x01020304, true)).toEqual(espOf(gcm, seq32));
    expect(espPayload(esp('aes128gcm16;dh19+none'), 0x01020304, true)).toEqual(
      espOf(gcm, group, noGroup, seq32),
    );
  });

  it('proposals are numbered from 1, an SPI above 2^31 included', () => {
    const payload = espPayload(esp('aes128gcm16,aes128-sha256'), 0xfedcba98, false);
    expect(payload.map(({ number }) => number)).toEqual([1, 2]);
    expect(payload[1]?.spi).toEqual(fromHex('fedcba98'));
  });

  it("PFS without a group takes the IKE SA's", () => {
    expect(withGroup(esp('aes128gcm16'), 31)[0]?.ke).toEqual([31]);
    expect(withGroup(esp('aes128gcm16;none'), 31)[0]?.ke).toEqual([0]);
  });
});

describe('order', () => {
  const offered = ikePayload(ike('aes128-sha1-modp2048+dh19,aes256gcm16-prfsha256-dh31+dh19'));
  const own = ike('aes256gcm16-prfsha256-dh19+dh31,aes128-sha1-modp2048');

  it("the responder's own", () => {
    const choice = chooseIke(offered, own, 'own');
    expect(choice?.proposal.number).toBe(2);
    expect(choice?.chosen).toEqual({ encr: Encr.AES_GCM_16, keyBits: 256, prf: Prf.HMAC_SHA2_256, ke: 19 });
  });

  it("the initiator's offer", () => {
    const choice = chooseIke(offered, own, 'offer');
    expect(choice?.proposal.number).toBe(1);
    expect(choice?.chosen).toEqual({
      encr: Encr.AES_CBC,
      keyBits: 128,
      prf: Prf.HMAC_SHA1,
      integ: Integ.HMAC_SHA1_96,
      ke: 14,
    });
    expect(chooseIke(offered, own.slice(0, 1), 'offer')?.chosen.ke).toBe(31);
  });

  it('what was chosen is accepted by the one who offered', () => {
    for (const order of ['own', 'offer'] as const) {
      const choice = chooseIke(offered, own, order);
      const wanted = ike('aes128-sha1-modp2048+dh19,aes256gcm16-prfsha256-dh31+dh19');
      expect(acceptIke(choice ? [choice.proposal] : [], wanted)).toEqual(choice?.chosen);
    }
  });

  it('extended sequence numbers', () => {
    const both = parseEspProposals('aes128gcm16-noesn-esn');
    const offer = espPayload(both, 0x1000, false);
    expect(chooseEsp(offer, parseEspProposals('aes128gcm16-esn-noesn'), 'own')?.chosen.esn).toBe(true);
    expect(chooseEsp(offer, parseEspProposals('aes128gcm16-esn-noesn'), 'offer')?.chosen.esn).toBe(false);
    expect(chooseEsp(offer, parseEspProposals('aes128gcm16-esn'), 'offer')?.chosen.esn).toBe(true);
  });
});

const unknown = { attributes: [{ type: 77, value: fromHex('0001'), short: true }] };

describe('what a responder can choose of (RFC 7296 §3.3)', () => {
  it.each<[string, Proposal[], boolean]>([
    ['INTEG absent with an AEAD', ikeOf(gcm, prf, group), true],
    ['INTEG NONE with an AEAD', ikeOf(gcm, noInteg, prf, group), true],
    ['INTEG NONE among others with an AEAD', ikeOf(gcm, integ, noInteg, prf, group), true],
    ['only a real INTEG with an AEAD', ikeOf(gcm, integ, prf, group), false],
    ['no PRF', ikeOf(gcm, group), false],
    ['no KE', ikeOf(gcm, prf), false],
    ['KE NONE', ikeOf(gcm, prf, noGroup), false],
    ['another key length', ikeOf({ ...gcm, keyLength: 192 }, prf, group), false],
    ['no key length', ikeOf({ type: gcm.type, id: gcm.id }, prf, group), false],
    ['an unknown attribute', ikeOf({ ...gcm, ...unknown }, prf, group), false],
    ['an unknown attribute beside a plain transform', ikeOf({ ...gcm, ...unknown }, gcm, prf, group), true],
    ['a key length of the PRF', ikeOf(gcm, { ...prf, keyLength: 256 }, group), false],
    ['an unknown transform among known', ikeOf(gcm, { ...prf, id: 4711 }, prf, group), true],
    ['an unknown transform type', ikeOf(gcm, prf, group, { type: 6, id: 36 }), false],
    ['a sequence number type in IKE', ikeOf(gcm, prf, group, seq32), false],
    ['another protocol', [proposal(ProtocolId.AH, '', [gcm, prf, group])], false],
    ['nothing', [], false],
    [
      'an unknown transform type, then a plain proposal',
      [...ikeOf(gcm, prf, group, { type: 6, id: 36 }), proposal(ProtocolId.IKE, '', [gcm, prf, group], 2)],
      true,
    ],
  ])('IKE: %s', (_, offered, good) => {
    for (const order of ['own', 'offer'] as const) {
      const choice = chooseIke(offered, ike('aes128gcm16-prfsha256-ecp256'), order);
      expect(choice?.chosen).toEqual(
        good ? { encr: Encr.AES_GCM_16, keyBits: 128, prf: Prf.HMAC_SHA2_256, ke: 19 } : undefined,
      );
      const types = choice?.proposal.transforms.map(({ type }) => type) ?? [];
      expect(new Set(types).size).toBe(types.length);
    }
  });

  it.each<[string, Proposal[], boolean]>([
    ['as ours', espOf(cbc, integ, seq32), true],
    ['SN absent: 32 bits', espOf(cbc, integ), true],
    ['only extended sequence numbers', espOf(cbc, integ, esn), false],
    ['INTEG absent', espOf(cbc, seq32), false],
    ['INTEG NONE', espOf(cbc, noInteg, seq32), false],
    ['KE NONE', espOf(cbc, integ, noGroup, seq32), true],
    ['KE', espOf(cbc, integ, group, seq32), false],
    ['KE or NONE', espOf(cbc, integ, group, noGroup, seq32), true],
    ['only a KE with an unknown attribute', espOf(cbc, integ, { ...group, ...unknown }, seq32), false],
    ['a PRF', espOf(cbc, prf, integ, seq32), false],
    ['an SPI of 8 octets', [proposal(ProtocolId.ESP, '0102030405060708', [cbc, integ, seq32])], false],
  ])('ESP without PFS: %s', (_, offered, good) => {
    const choice = chooseEsp(offered, esp('aes128-sha256'), 'own');
    expect(choice?.chosen).toEqual(
      good ? { encr: Encr.AES_CBC, keyBits: 128, integ: Integ.HMAC_SHA2_256_128, esn: false } : undefined,
    );
    if (choice === undefined) return;
    expect(choice.peerSpi).toEqual(fromHex('01020304'));
    const offeredTypes = new Set(offered[0]?.transforms.map(({ type }) => type));
    expect(new Set(choice.proposal.transforms.map(({ type }) => type))).toEqual(offeredTypes);
  });

  it('ESP with PFS', () => {
    const own = esp('aes128-sha256-ecp256');
    expect(chooseEsp(espOf(cbc, integ, group, seq32), own, 'own')?.chosen.ke).toBe(19);
    expect(chooseEsp(espOf(cbc, integ, seq32), own, 'own')).toBeUndefined();
    expect(chooseEsp(espOf(cbc, integ, seq32), own, 'own', false)?.chosen).not.toHaveProperty('ke');
  });
});

describe('what an initiator accepts as an answer', () => {
  const own = ike('aes128gcm16-prfsha256-ecp256+dh31');

  it.each<[string, Proposal[], boolean]>([
    ['one of each', ikeOf(gcm, prf, group), true],
    ['INTEG NONE added to an AEAD', ikeOf(gcm, noInteg, prf, group), true],
    ['no proposal', [], false],
    ['two proposals', [...ikeOf(gcm, prf, group), ...ikeOf(gcm, prf, group)], false],
    ['a number we did not give', [proposal(ProtocolId.IKE, '', [gcm, prf, group], 2)], false],
    ['two groups', ikeOf(gcm, prf, group, { type: TransformType.KE, id: 31 }), false],
    ['a group we did not offer', ikeOf(gcm, prf, { type: TransformType.KE, id: 20 }), false],
    ['another key length', ikeOf({ ...gcm, keyLength: 256 }, prf, group), false],
    ['an unknown attribute', ikeOf({ ...gcm, ...unknown }, prf, group), false],
    ['an unknown type', ikeOf(gcm, prf, group, { type: 200, id: 1 }), false],
    ['a real INTEG with an AEAD', ikeOf(gcm, integ, prf, group), false],
    ['no group', ikeOf(gcm, prf), false],
  ])('IKE: %s', (_, answer, good) => {
    expect(acceptIke(answer, own) !== undefined).toBe(good);
  });

  it('ESP: extended sequence numbers only when offered, and PFS only when asked for', () => {
    expect(acceptEsp(espOf(cbc, integ, esn), esp('aes128-sha256'))).toBeUndefined();
    expect(acceptEsp(espOf(cbc, integ), esp('aes128-sha256'))?.esn).toBe(false);
    expect(acceptEsp(espOf(cbc, integ), parseEspProposals('aes128-sha256-esn'))).toBeUndefined();
    expect(acceptEsp(espOf(cbc, integ, seq32), esp('aes128-sha256-ecp256'))).toBeUndefined();
    expect(acceptEsp(espOf(cbc, integ, seq32), esp('aes128-sha256-ecp256'), false)).toBeDefined();
    expect(acceptEsp(espOf(cbc, integ, group, seq32), esp('aes128-sha256-ecp256'), false)).toBeUndefined();
  });
});
