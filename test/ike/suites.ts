/** Suites, keys and protection from recorded numbers. */
import {
  type ChosenTransforms,
  type Crypto,
  type EspSuite,
  espSuite,
  type IkeSuite,
  ikeSuite,
  nobleCrypto,
  nodeCrypto,
  type Random,
  Secret,
} from '../../src/crypto/index.ts';
import type { KeyExchange } from '../../src/crypto/provider.ts';
import type { Role } from '../../src/ike/actions.ts';
import type { IkeKeys } from '../../src/ike/keys.ts';
import { Protection } from '../../src/ike/protect.ts';
import {
  type Encrypted,
  type Fragment,
  fromHex,
  type Header,
  KeyExchangeMethod,
  type Payload,
  parseMessage,
} from '../../src/wire/index.ts';

export const providers: readonly Crypto[] = [nodeCrypto, nobleCrypto];

/** A suite of the provider's algorithms, whatever the key exchange; undefined when it lacks one of them. */
export function ikeSuiteOf(crypto: Crypto, chosen: ChosenTransforms): IkeSuite | undefined {
  const ke = chosen.ke ?? KeyExchangeMethod.MODP_2048;
  const method = crypto.keyExchanges.get(ke) ?? absent(ke);
  return ikeSuite({ ...crypto, keyExchanges: new Map([[ke, method]]) }, { ...chosen, ke });
}

export function espSuiteOf(crypto: Crypto, { encr, keyBits, integ }: ChosenTransforms): EspSuite | undefined {
  return espSuite(crypto, {
    encr,
    ...(keyBits !== undefined && { keyBits }),
    ...(integ !== undefined && { integ }),
  });
}

/** A group whose outcome is recorded needs no arithmetic. */
function absent(id: number): KeyExchange {
  const refuse = (): never => {
    throw new Error(`no key exchange ${id} here`);
  };
  return { id, name: `${id}`, initiatorLength: 0, responderLength: 0, generate: refuse, respond: refuse };
}

/** SK_* in hexadecimal, as recordings name them; absent ones are empty. */
export interface RecordedKeys {
  readonly SK_d?: string;
  readonly SK_ai?: string;
  readonly SK_ar?: string;
  readonly SK_ei: string;
  readonly SK_er: string;
  readonly SK_pi?: string;
  readonly SK_pr?: string;
}

export function ikeKeysOf(recorded: RecordedKeys): IkeKeys {
  const secret = (hex = ''): Secret => new Secret(fromHex(hex));
  return {
    d: secret(recorded.SK_d),
    ai: secret(recorded.SK_ai),
    ar: secret(recorded.SK_ar),
    ei: secret(recorded.SK_ei),
    er: secret(recorded.SK_er),
    pi: secret(recorded.SK_pi),
    pr: secret(recorded.SK_pr),
  };
}

/** One end of an IKE SA under recorded keys; what it seals carries `ivs`, one after the other. */
export function protectionOf(
  crypto: Crypto,
  suite: IkeSuite,
  keys: RecordedKeys,
  role: Role,
  ...ivs: Uint8Array[]
): Protection {
  const random: Random = () => {
    const iv = ivs.shift();
    if (iv === undefined) throw new Error('nothing to draw here');
    return iv.slice();
  };
  const drawing: IkeSuite = { ...suite, cipher: { ...suite.cipher, iv: 'random' } };
  return new Protection(crypto, random, drawing, ikeKeysOf(keys), role);
}

/** A message that ends with an SK or SKF payload, taken apart. */
export interface Sealed {
  readonly octets: Uint8Array;
  readonly header: Header;
  readonly outer: readonly Payload[];
  readonly payload: Encrypted | Fragment;
}

/** Undefined when nothing in it is encrypted. Throws WireError. */
export function sealedOf(octets: Uint8Array): Sealed | undefined {
  const { header, payloads } = parseMessage(octets);
  const payload = payloads.at(-1);
  if (payload?.kind !== 'encrypted' && payload?.kind !== 'fragment') return undefined;
  return { octets, header, outer: payloads, payload };
}

export const roleOf = ({ initiator }: Header): Role => (initiator ? 'initiator' : 'responder');
export const peerOf = (role: Role): Role => (role === 'initiator' ? 'responder' : 'initiator');
