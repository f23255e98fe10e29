/** Suites and selectors in one line, for people. */
import type { EspSuite, IkeSuite } from '../crypto/suite.ts';
import { Encr, Integ, KeyExchangeMethod, nameOf, Prf } from '../wire/numbers.ts';

/** `AES_GCM_16-128 HMAC_SHA2_256 CURVE25519`. */
export function describeIkeSuite(suite: IkeSuite): string {
  const prf = nameOf(Prf, suite.prf.id);
  return `${encryption(suite)} ${prf} ${nameOf(KeyExchangeMethod, suite.keyExchange.id)}`;
}

/** `AES_CBC-128/HMAC_SHA2_256_128 ESN`. */
export const describeEspSuite = (suite: EspSuite): string => `${encryption(suite)}${suite.esn ? ' ESN' : ''}`;

function encryption({ cipher, keyBits, integ }: Pick<IkeSuite, 'cipher' | 'keyBits' | 'integ'>): string {
  const key = cipher.keyLengthAttribute ? `-${keyBits}` : '';
  return `${nameOf(Encr, cipher.id)}${key}${integ ? `/${nameOf(Integ, integ.id)}` : ''}`;
}
