/** Keys in their files, written out by hand for the tests. */
import { DerTag, der, derBits, derNatural, derOid, namedCurves } from '../../src/crypto/index.ts';

const edwardsOids = { ed25519: derOid('1.3.101.112'), ed448: derOid('1.3.101.113') };
const zero = derNatural(Uint8Array.of(0));

export const edwardsSpki = (kind: 'ed25519' | 'ed448', point: Uint8Array): Uint8Array =>
  der(DerTag.SEQUENCE, der(DerTag.SEQUENCE, edwardsOids[kind]), derBits(point));

export const edwardsPkcs8 = (kind: 'ed25519' | 'ed448', seed: Uint8Array): Uint8Array =>
  der(
    DerTag.SEQUENCE,
    zero,
    der(DerTag.SEQUENCE, edwardsOids[kind]),
    der(DerTag.OCTET_STRING, der(DerTag.OCTET_STRING, seed)),
  );

const ecIdentifier = (curve: string): Uint8Array => {
  const oid = namedCurves.find(({ name }) => name === curve)?.oid;
  if (oid === undefined) throw new Error(`no curve ${curve}`);
  return der(DerTag.SEQUENCE, derOid('1.2.840.10045.2.1'), oid);
};

export const ecSpki = (curve: string, x: Uint8Array, y: Uint8Array): Uint8Array =>
  ecPointSpki(curve, Uint8Array.of(4, ...x, ...y));

export const ecPointSpki = (curve: string, point: Uint8Array): Uint8Array =>
  der(DerTag.SEQUENCE, ecIdentifier(curve), derBits(point));

export const ecPkcs8 = (curve: string, scalar: Uint8Array): Uint8Array =>
  der(
    DerTag.SEQUENCE,
    zero,
    ecIdentifier(curve),
    der(
      DerTag.OCTET_STRING,
      der(DerTag.SEQUENCE, derNatural(Uint8Array.of(1)), der(DerTag.OCTET_STRING, scalar)),
    ),
  );

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

/** PKCS #8 files of `openssl genpkey`, DER in base64. They guard nothing. */
export const rsaKeys = {
  rsa2048: fromBase64(
    'MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDD50EGMpeOOchy20EcvB29IQ9h+6dE9Nj43SyFLzjuNywPt2BA' +
      '6hiJHIucncCEW80I9B6VcxNspwLZNaXhtE93OFnY0l2PV+qeeEhL/fASucDV1NNKolFc2VQZyx6GXpuqVZP6fDpXBQyaRhHiBWoN' +
      'SxJxbLZvfjLHYgFDtcf0YKrfiHQoJUq1XmPncrNYHd12uUAURtPFOiaBAhLVP9xyyW4+vYU9BP2mYEUNiYEDHStsulUdQN0K733G' +
      'drT1pBFqy1kytDljL06LBsY1wXTr6GFNy+llsFRpg3I68q8lP5iy/DyJ/5dQPIam7zwPs5nsrsM44iDZvOtzMWh/kkoDAgMBAAEC' +
      'ggEAFZJS2ixa/OnG9ULIZjIesjNAPuFXl2PAupKcMuQyyCRiIS7nle5RGlP+2ZWTW9/B8ZD0By/fPTEcwq9CH1rb/zxAxHvRmpWr' +
      'O5zyFRAWzfEPV1xykb7S5770oEx6BYDIclavDz97qxZev2Qk1vcSqPkRxFScuCU00Tis+/g51uJWzJ7i5lNPh9hH7QV7a5s7kvkt' +
      'BxcRgr3Kix81/gtR6fJb0AytIhm9gHYoCeinTv8ZdwaX+2ghNwPmmoAoaMnq5BO1165d2Gs791YysqBcigdWYqG5ci3FAuzoWuZV' +
      'ZOycjjjM17mct3XhNrtxp5gqbIjavCEQEC5fOFfnvbHS8QKBgQDg1+XBJsI7cZJnwylVNOrhmMLkgWjQzYM+V9KCfl/x4HgM2klK' +
      'pRRQZCrZ4kT97C0rcy0czUUwLhELsXr0mIDdrBPDgNhslnNPDBBTvYCiH02PQAmKjD7/oEu1/VbINFuqjtmg1Mmnld33fav1w8wX' +
      'xyMtfCb4fFEqd55DuwuKcQKBgQDfDLy8k3HbhSWnfUt2eD5GqD7U4uBCuLypTbcbXyWW18ROzqD9rKTURe2HsCEwkja8qHAKx/0S' +
      'eUDLNuxJr8NhOSKdCrJLTv42/i9vcWMIUOkP4vAcn1QF0DoMhpcw+/5b+bICuWXz8mXFpUr+h9y5OygtLWwYscNlgTOt7OTNswKB' +
      'gBEPsOp4M3LpSk+/WmqRymT1/4vxWe/GOHhJl7q5NjSXcOSgx8D3R9RV1X6VEeEmw8KxSbIOzXo7dKWrgQYAcH7hqNpD86hBvlw4' +
      'MSD5l0I2F9+P32l4/OrO0g/sOmKUvoPxtQfkPa0OzToTejH6+oivXrb73cUrQcl0LDk9f0GxAoGBAMGk7EKHe6TKjqs/gwFiWSa8' +
      'sHfgVDR48AnIV7ziuN6himOkzm4Nsbg80YAosFfbyLu3PDaP861TKaaDk1ZRyr0gfmV6wNnSxa92tDX7aa/xlrVdH3qp9KdrZMo1' +
      'GxPC4sx1Fk95KANHIYYa/+XEjCMgMbwvIBa8VdhM+FH6RZYzAoGBANKOiLk53cERV4pyQ125GE+9IJyCyeeYio+yw6aR4LMMGd7k' +
      'zp8AGN8mVlPmlFOa++PgOvX3Qa4eRpHy8KxRZAh7PdOPMs0R1PlHCbd8jTYxA0nArto3q8YV4kWDBj2uYZ9SH8/5ivHH0DjrGE7I' +
      '8BmMQ+CoFOdX5xgkuZNsfxdh',
  ),
  rsa1025: fromBase64(
    'MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAYZ7U3P7akONLqJMI7dkhtPMnbcyHtepYZIX2TGtfu+phIcI6Zbt' +
      'gvgjucn3DqVm5QGk6G5njcS24KOb2/iLgWUhPxw3kDdpkisQ7/+aOj+Vavjb2FxYXrKxx25JBykjAIru+yjOcTVBxEtDlUksrHMb' +
      'FTmuqs0jkJ2BmNTpbOWFAgMBAAECgYEAheeAxMMwu52MomdN0DQO8E64vvvXC8mwBfNbred7IiCVq+DoibNFOGa37YRlZ18TpS6x' +
      '7jpgqVa1TiXCl0bvxZ0hWiogY9EqCrYrwxAMCBtGLJJXmp5HZkNw+xe+8ooCpfv/erxcxIT3DeH4bjnk0llxeAfClj0kYbAbZPB3' +
      'E8ECQQHbteOSBVkVqrGNrmZXTtjnYq1ahI6StXYH8duqo4qHxFw7v98TuYaUTy2/Mu24yDq/Emb1mnvxaIroLM1TxfZpAkEA0iKB' +
      'fHuyRc3HMk6MKfvTOHmFzFLEhiUeYHCNQbZE246+eB5kaKPaICtK12XXMz9SduVNxtEknWgUjZAmV3rqvQJAFbI0/9roljljwa97' +
      'kW3SLLNubptvGTfXe0NHnn+4+Lo27q6wkOi8P5Vg48CB4RSYwVAoi/kQwBDhjPdGIhT8SQJAOXvHAE62TfIk89YY8cM53NEhkOtz' +
      'Z17wGGGxwrAh1g4OfL2TqixolzRAnPv3CsXfwTapOCIuagD23mL4miW94QJAWwq0NrLekHuTHwTHCkylvx69u6uSMu7lnv6iKGqJ' +
      'muxXi76ydfnhDPSU0HLzfCMLJ4HW9ePGmu5fnVgXG6uy7Q==',
  ),
  pss2048: fromBase64(
    'MIIEvAIBADALBgkqhkiG9w0BAQoEggSoMIIEpAIBAAKCAQEAyPvZ9w4GJFeT4KhGjpyC9PN37iyPTYEZ4Cg5Ia3DEZa9WbY4ZhRk' +
      'JzqFqgqSmoTegyX1c2vCCw5LfC/S08J0aiWOO1I0v8BfbhyG08fb6SxCUiM37nKbO1/rHjs5ytTlRRcSqnHAmbtxWI3KRSVXSASx' +
      'vddvUBo8ohnwGl+dp05hDj0thCMCpfA38/ohJwPelKCyI91K6HD1xEAJ2TA5t02a22quLzCdSWEV7wLFNJ7x6dmn9YCLig06Oo/y' +
      '1PUDbLYQYRV2Fsmyk8a6xWRfSPLh5BjVIPDOhcKFrKhUUIR6lPelf/dkCdj6eLhCukFg3RID2JVRf1EHjyJFZAA2ZwIDAQABAoIB' +
      'ACtK/O+XyMDpUIRTGye7FQZ4r3vRg2jZh15eq7fSezN9ufnqI4nxmIVOuN4g+uVn+5pagd3D9390K9RrZMmSmIsI3fNvSMeJQ8Uv' +
      'Ree2pGs8ymhxB6pIa6HFjprrfQ5w/5X7W1z1tdwnoUnG+Swd2Ag+Yp8XGfYyQJ9WYP79W7Ne8BZBc3dMhZmp63Bfwx9hEHFErLJ3' +
      'Uz0DBrspK1u74iZ+1bBkemw8AfB8zqNVnfG1OFwdffkz+ch3t5MkK4YbT+4VfpEzWBIQQVTH0wy82Bqq+g1gI6xbDGRjd7/ZvV1h' +
      'vnKpo43LSJpZZfAtZLr863yvu4Hk0QU8UcY9izq5SKECgYEA4yXmiZCTpZwiKiLxweGJdJz/GYgvUO+lZMuM/6RRkLLMjsAYqMSV' +
      'QnibdQ2Iyog0/vcVg16ZJWrLZeNDZlL/tpjBjl7BEagPglwDY/qOUiooMZLiTQve12LodhB5UrmGbnSE87UQ1LfeL3SIZ/SNAVKw' +
      'dvYj4HINofdiILqviDECgYEA4oMtIunJMfK6k3XCgqYKCi03L3tYkeTOePC43qHC042wdvxA5+YzloETsZkP6Ew1ikDx/AdkG5nM' +
      'e4W+yDNG69t9wOdm66bPc9uMSWrRUjPA3XcE7woDbSU2N19e8vQOEBvga5+nUZ3Hy2ellU+/iQVBEYrwnjkbAwqkkh1GGhcCgYEA' +
      'smnOjja1AduFKjuQUIzp/mJiLJe/Mn9JFcab1SAnwNPvwCA6PjVKV4+L64DZ9NrPZYSFrU3cVHtxj3HWOsTufWm2fjEGzOuIYwgK' +
      '0bi3mOnr8CRDA+lS+zKBDFscMFHwuUlkNFgABFT3e6a4jY6UQnnEiWwD+gMbmiBJPxPjU8ECgYA7rBUK+o3fU7OlP0OjyXwhnDHK' +
      'l3MI1D80iy4YsIKz2sLfRasPrIxwnMaEZe9T4ifEqUFWhNfxkX3WGLDe6utHHUauuAdcE1DZk8AMY1CLmEi5zy4Ejx3B9iinQ7+u' +
      'v26o/b8Mez3H+Yn14vMzN5Qc076FkZW8CQ09quMZ/w5FtwKBgQCJ5XP1rcSNCPnlybEEZzVpy2XD6U/iKCGQuFKpq5AlDzmug+gx' +
      'FCJeuXe1PqTb0jbo9Sdir/etZRIh3c6a52gAasgxUoT4ajIBqTMTAVC7JWaCFPNfGOFpTk/oWLtlm5NgmCmQJeyukTGmcd0WB4tX' +
      'LRZSyaNEe7jgWk1HxSPv1w==',
  ),
  pss2048Sha256: fromBase64(
    'MIIE8QIBADBBBgkqhkiG9w0BAQowNKAPMA0GCWCGSAFlAwQCAQUAoRwwGgYJKoZIhvcNAQEIMA0GCWCGSAFlAwQCAQUAogMCASAE' +
      'ggSnMIIEowIBAAKCAQEAs7G7toOIR+qv8Ks0SNaa4hpu7Qe2/e3l98xjef2JtnjdKhYHDKj8gISi3owpnN8vpfpww5Zfxww/7r0V' +
      'Qkaklphyqh87+PyN7TK0N8ysjcGlNBaXXvNOHfMVj/sb1phipFk0jT6c9xjmBg6ZMOvUiaqiYX7hsU61mjoCGVwXRlXfbwjAJl+O' +
      'T/9l/MdYbi0ahimIyIBTOgLgiau3H9gsnBBaFORCM+TpESBZL7kxN7i7jF4oYXdKHpfGUzGKBai9bBLVULeywmRwvytzLUJ7y7yk' +
      '913Y+BwnbRD7MmlkZfZtwcrS6y0da4q0nMYh6qJ+QUExjsN6EU7VO4hhsNBOtQIDAQABAoIBADmsL50Sdijuz+0kZbGC/07WQQfe' +
      'VAMH2alAdiTvFMX14LXjP/v2OKRe7Y8T2T85+qcAzDRaDP9rlRFgqnQNDEIxR4wGXk85b6vTfDf0fuU4Y3dmUMruuAGwxRji9TpY' +
      'ykAJSW6Ty/kaiqkjAlPLPPm6REeaW4F2y55mQ8oz3lx6JWt/UYwigY/iU3Xvg8PureZvcpEL7XrHrm7txa1GiK11oMNyZMiBuLVV' +
      'ooK1DIuBYiw3feTxW4z8di2A6e8aDgYkJ6QrLJPb0gDJtrvLsLeaK1Nmi5IUXxb6roxaXk2drnwUyQhzYrnulVQnF5yU4sBI9yCP' +
      'zz8WOVty/W1PBXkCgYEA3hika5aF/4qMWiabbx9PjbxGM+/MCdInz23oPVEsd5S49mgGpwe9u6fS8ah30lyIIs8GwNpHg3JMjUpF' +
      '5BXIUE3qBdRkQCGvv1Ae6s8S3gUA2j2cGDiNzOdH/KuS/O5Pg/4dFa/gnOUoffABK+axlYG0x15mCOduv1AkAjhsUicCgYEAzyAN' +
      'd4wf+0G9GecgLrAtcOEw2Ng8WXyhGEgivcGSid8HLmcjK+V1hJ0+N5h+mT6ssZjhwqhTFvJ+pG4ejZ6f7ooWb24ThI4OLJ5yBLXi' +
      'J8C13Zh1jVTRsUJpGCVQa5sLd4IQEMG7aYGSimBhaC5i+1S3h+QwXSTX1BRhBwioTcMCgYBI5QGiJkdYthqWxDEj6bzsoizQgxYO' +
      '6yER3drptSjJHtEOXtpAHDRT0SNVGZwqOSCdfCGVTo9GP0+M2CHUWKnkYY4715gHzIaoXh2np8tjf3TmLG59LKKt7AMelRmrVnRW' +
      'uCLHqXApTrVZkFpyFEeY8HdrMDqBFaStuhn3eJlk5QKBgQCG7Ac5v7K5lkobjH5fS25eYKLULo+pb1D1I1BWMblGTF0+MfssRg22' +
      'dEOqLZESPEx8Z+1wQvvVL+OlMwJ+GD1wQs14isj2CR9cm14EiYKniJYvone4t+7cvDj/fJcVcWsXz0at07VEdh5CO6RYHBdoRvhC' +
      '8jc7BZv+T8Qgs9gGxwKBgHhvHDjH4K1yWrsTH0a6VK43cQOUeTo3ig8iCaHbHZjvJyqtYfoO683+J+s/zpsbaOhRQ5kmQxzcc7Ga' +
      'AfoP7+4qUtaiP4jTfJwDxThUSTQYup06+p8WKuijMfrNmucaG1mzM+PUdes8Sw53CqOA5lsHuQ/2UWafIxYEJJxY9ogd',
  ),
} as const;
