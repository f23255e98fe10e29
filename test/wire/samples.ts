/** One or more of every payload, with unusual and unknown contents too. */
import {
  AttributeType,
  AuthMethod,
  CertEncoding,
  CfgAttribute,
  CfgType,
  EapCode,
  EapType,
  Encr,
  fromHex,
  HashAlgorithm,
  IdType,
  Integ,
  KeyExchangeMethod,
  NotifyType,
  type Payload,
  PayloadType,
  Prf,
  ProtocolId,
  SequenceNumbers,
  TransformType,
} from '../../src/wire/index.ts';

const octets = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const none = new Uint8Array();

export const samples: readonly Payload[] = [
  {
    kind: 'sa',
    proposals: [
      {
        number: 1,
        protocol: ProtocolId.ESP,
        spi: fromHex('c0ffee01'),
        transforms: [
          { type: TransformType.ENCR, id: Encr.AES_GCM_16, keyLength: 256 },
          { type: TransformType.ENCR, id: Encr.CHACHA20_POLY1305 },
          { type: TransformType.INTEG, id: Integ.NONE },
          { type: TransformType.KE, id: KeyExchangeMethod.ML_KEM_768 },
          { type: TransformType.ADDKE1, id: KeyExchangeMethod.CURVE25519 },
          { type: TransformType.SN, id: SequenceNumbers.ESN },
        ],
      },
      {
        number: 2,
        protocol: ProtocolId.IKE,
        spi: octets(8),
        transforms: [
          { type: TransformType.PRF, id: Prf.AES128_CMAC },
          { type: 241, id: 65535 },
          {
            type: TransformType.ENCR,
            id: 1024,
            keyLength: 0,
            attributes: [
              { type: 300, value: none, short: false },
              { type: AttributeType.KEY_LENGTH, value: octets(3), short: false },
              { type: AttributeType.KEY_LENGTH, value: octets(2), short: true },
            ],
          },
        ],
      },
      { number: 255, protocol: 201, spi: none, transforms: [] },
    ],
  },
  { kind: 'ke', group: KeyExchangeMethod.CURVE25519, data: octets(32) },
  { kind: 'ke', group: 65535, data: none },
  { kind: 'idi', idType: IdType.FQDN, data: text('west.example.org') },
  { kind: 'idr', idType: IdType.NULL, data: none },
  { kind: 'idr', idType: 250, data: octets(300) },
  { kind: 'cert', encoding: CertEncoding.X509_CERTIFICATE_SIGNATURE, data: octets(1200) },
  { kind: 'certreq', encoding: CertEncoding.X509_CERTIFICATE_SIGNATURE, data: octets(40) },
  { kind: 'certreq', encoding: 255, data: none },
  { kind: 'auth', method: AuthMethod.DIGITAL_SIGNATURE, data: octets(100) },
  { kind: 'nonce', data: octets(16) },
  { kind: 'nonce', data: octets(256) },
  { kind: 'notify', protocol: 0, spi: none, type: NotifyType.INITIAL_CONTACT, data: none },
  {
    kind: 'notify',
    protocol: ProtocolId.ESP,
    spi: fromHex('c0ffee02'),
    type: NotifyType.REKEY_SA,
    data: none,
  },
  {
    kind: 'notify',
    protocol: 0,
    spi: none,
    type: NotifyType.SIGNATURE_HASH_ALGORITHMS,
    data: Uint8Array.of(0, HashAlgorithm.SHA2_256, 0, HashAlgorithm.IDENTITY),
  },
  { kind: 'notify', protocol: 77, spi: octets(255), type: 65535, data: octets(9) },
  { kind: 'delete', protocol: ProtocolId.IKE, spis: [] },
  { kind: 'delete', protocol: ProtocolId.ESP, spis: [fromHex('c0ffee03'), fromHex('c0ffee04')] },
  { kind: 'vendorId', data: text('strongSwan') },
  { kind: 'vendorId', data: none },
  {
    kind: 'tsi',
    selectors: [
      {
        kind: 'range',
        protocol: 17,
        startPort: 500,
        endPort: 4500,
        start: fromHex('c0000201'),
        end: fromHex('c00002fe'),
      },
      // OPAQUE ports.
      { kind: 'range', protocol: 58, startPort: 65535, endPort: 0, start: octets(16), end: octets(16) },
      { kind: 'label', label: text('system_u:object_r:ipsec_spd_t:s0') },
      { kind: 'unknown', type: 9, protocol: 0, data: octets(12) },
      { kind: 'unknown', type: 255, protocol: 255, data: none },
    ],
  },
  { kind: 'tsr', selectors: [] },
  {
    kind: 'configuration',
    type: CfgType.REQUEST,
    attributes: [
      ...Object.values(CfgAttribute).map((type) => ({ type, value: none })),
      { type: CfgAttribute.INTERNAL_IP4_ADDRESS, value: octets(4) },
      { type: CfgAttribute.INTERNAL_IP6_SUBNET, value: octets(17) },
      { type: CfgAttribute.APPLICATION_VERSION, value: text('1.0') },
      { type: 0x7fff, value: octets(5) },
    ],
  },
  { kind: 'configuration', type: 200, attributes: [] },
  { kind: 'eap', code: EapCode.REQUEST, identifier: 7, type: EapType.IDENTITY, data: none },
  { kind: 'eap', code: EapCode.RESPONSE, identifier: 7, type: EapType.MSCHAPV2, data: octets(20) },
  { kind: 'eap', code: EapCode.SUCCESS, identifier: 8, data: none },
  { kind: 'eap', code: 200, identifier: 8, data: octets(3) },
  { kind: 'unknown', type: PayloadType.gspm, critical: false, data: octets(5) },
  { kind: 'unknown', type: 1, critical: true, data: none },
  { kind: 'unknown', type: 255, critical: true, data: octets(1) },
];

/** These end a chain. */
export const enclosing: readonly Payload[] = [
  { kind: 'encrypted', first: PayloadType.idi, data: octets(64) },
  { kind: 'encrypted', first: PayloadType.none, data: octets(32) },
  { kind: 'fragment', first: PayloadType.idi, number: 1, total: 3, data: octets(64) },
  { kind: 'fragment', first: PayloadType.none, number: 65535, total: 65535, data: none },
];
