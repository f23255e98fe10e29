/** EAP inside IKE_AUTH: both ends of a conversation and the methods they may run. RFC 3748, RFC 7296 §2.16. */
export { type AuthenticatorOptions, eapAuthenticator } from './authenticator.ts';
export { type Md5AuthenticatorOptions, type Md5PeerOptions, md5Authenticator, md5Peer } from './md5.ts';
export type {
  AuthenticatorMethod,
  AuthenticatorOffer,
  AuthenticatorStep,
  MethodEnd,
  MethodOffer,
  PeerMethod,
  PeerOffer,
  PeerStep,
} from './method.ts';
export {
  type Mschapv2AuthenticatorOptions,
  type Mschapv2PeerOptions,
  mschapv2Authenticator,
  mschapv2Peer,
} from './mschapv2.ts';
export {
  type EapPasswords,
  type EapSecretEntry,
  parseEapSecrets,
  type SecretMistakes,
  type SecretPlace,
} from './passwords.ts';
export { eapPeer, type PeerOptions } from './peer.ts';
export type { EapPacket, EapSession, Limits, Outcome, Turn } from './session.ts';
export { type FragmentLimits, type Received, TlsFragments, tlsStart } from './tls-fragments.ts';
