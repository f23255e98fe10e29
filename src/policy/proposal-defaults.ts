/** What is offered when the configuration names nothing: strong by RFC 8247 and RFC 8221, and claimed by the provider. */
import type { Crypto } from '../crypto/provider.ts';
import { Encr, Integ, KeyExchangeMethod, Prf } from '../wire/numbers.ts';
import type { EncrChoice, EspProposal, IkeProposal } from './proposal.ts';

const aeads: readonly EncrChoice[] = [
  { id: Encr.AES_GCM_16, keyBits: 256 },
  { id: Encr.AES_GCM_16, keyBits: 128 },
  { id: Encr.CHACHA20_POLY1305 },
];

const blockCiphers: readonly EncrChoice[] = [
  { id: Encr.AES_CBC, keyBits: 256 },
  { id: Encr.AES_CBC, keyBits: 128 },
];

/** As Libreswan: a proposal without a PRF or an INTEG gets these. */
export const defaultPrfs: readonly number[] = [Prf.HMAC_SHA2_512, Prf.HMAC_SHA2_256];
export const defaultIntegs: readonly number[] = [Integ.HMAC_SHA2_512_256, Integ.HMAC_SHA2_256_128];

/** Libreswan 4.10's set, the fast ones first: the first is what our KE payload is made for. */
export const defaultGroups: readonly number[] = [
  KeyExchangeMethod.CURVE25519,
  KeyExchangeMethod.ECP_256,
  KeyExchangeMethod.ECP_384,
  KeyExchangeMethod.ECP_521,
  KeyExchangeMethod.MODP_2048,
  KeyExchangeMethod.MODP_3072,
  KeyExchangeMethod.MODP_4096,
  KeyExchangeMethod.MODP_8192,
];

/** `esn=either`, Libreswan's default: extended sequence numbers when the peer can. */
export const defaultEsn: readonly boolean[] = [true, false];

/** IKE proposals for a connection without `ike=`. They fit the defaults of pluto 4.10 and charon 5.9.8. */
export function defaultIkeProposals(crypto: Crypto): IkeProposal[] {
  const prf = defaultPrfs.filter((id) => crypto.prfs.has(id));
  const ke = defaultGroups.filter((id) => crypto.keyExchanges.has(id));
  const integ = defaultIntegs.filter((id) => crypto.integs.has(id));
  const proposals: IkeProposal[] = [
    { encr: aeads.filter((each) => claims(crypto, each)), prf, integ: [], ke },
    { encr: blockCiphers.filter((each) => claims(crypto, each)), prf, integ, ke },
  ];
  return proposals.filter(({ encr }) => encr.length > 0);
}

/** ESP proposals for a connection without `esp=`; with PFS they take the IKE SA's group. */
export function defaultEspProposals(crypto: Crypto, esn: readonly boolean[] = defaultEsn): EspProposal[] {
  const integ = defaultIntegs.filter((id) => crypto.integs.has(id));
  const proposals: EspProposal[] = [
    { encr: aeads.filter((each) => claims(crypto, each)), integ: [], ke: [], esn },
    { encr: blockCiphers.filter((each) => claims(crypto, each)), integ, ke: [], esn },
  ];
  return proposals.filter(({ encr }) => encr.length > 0);
}

/** Whether the provider has the cipher with that key size. */
export function claims(crypto: Crypto, { id, keyBits }: EncrChoice): boolean {
  const cipher = crypto.ciphers.get(id);
  return cipher !== undefined && (keyBits === undefined || cipher.keyBits.includes(keyBits));
}
