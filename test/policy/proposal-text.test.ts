import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nobleCrypto, nodeCrypto } from '../../src/crypto/index.ts';
import type { EspProposal, IkeProposal } from '../../src/policy/proposal.ts';
import { isAead } from '../../src/policy/proposal.ts';
import { defaultGroups } from '../../src/policy/proposal-defaults.ts';
import { cipherNames, groupNames, hashNames } from '../../src/policy/proposal-keywords.ts';
import {
  defaultEspProposals,
  defaultIkeProposals,
  formatEspProposal,
  formatIkeProposal,
  ProposalTextError,
  parseEspProposals,
  parseIkeProposals,
} from '../../src/policy/proposal-text.ts';
import { Encr, Integ, KeyExchangeMethod, nameOf, Prf } from '../../src/wire/index.ts';

/** What Libreswan's own parser said: the text, then its proposals. */
const libreswan = readFileSync(new URL('algparse-4.10.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .reduce<{ text: string; lines: string[] }[]>((list, line) => {
    if (line.startsWith('\t')) list.at(-1)?.lines.push(line.slice(1));
    else list.push({ text: line, lines: [] });
    return list;
  }, []);

/** Refused by Libreswan, read by us: a word that can mean only one thing may stand where it likes. */
const liberal = [
  'ike=aes_ccm',
  'ike=aes-sha1-sha2-ecp_521',
  'ike=aes-sha2-sha2;ecp_521',
  'ike=aes_gcm-modp2048',
  'ike=aes_gcm-none-modp2048',
  'esp=3des-sha1;modp1024',
  'esp=3des-sha1-modp8192,3des-sha2-modp2048',
];

const ours = ({ text }: { text: string }): string[] => {
  const value = text.slice(text.indexOf('=') + 1);
  return text.startsWith('ike=')
    ? parseIkeProposals(value).map(ikeLine)
    : parseEspProposals(value).map(espLine);
};

const groupLine = (id: number): string =>
  id >= KeyExchangeMethod.ECP_256 || id === 0
    ? (id && `DH${id}`) || 'NONE'
    : nameOf(KeyExchangeMethod, id).replace('_', '');

const defaultLine = 'MODP2048+MODP3072+MODP4096+MODP8192+DH19+DH20+DH21+DH31';

/** As algparse prints them; a cipher without a size is printed so, and is two of ours. */
function cipherLine(encr: IkeProposal['encr']): string {
  const names = encr.map(({ id, keyBits }) => {
    const name = id === Encr.TRIPLE_DES ? '3DES_CBC' : nameOf(Encr, id);
    return keyBits === undefined ? name : `${name}_${keyBits}`;
  });
  return names.join('+');
}

function ikeLine({ encr, prf, integ, ke }: IkeProposal): string {
  const groups = ke.join() === defaultGroups.join() ? defaultLine : ke.map(groupLine).join('+');
  const derived = prf.map((id) => hashNames.find((each) => each.prf === id)?.integ);
  const named = integ.join() === derived.join() ? [] : [integ.map((id) => nameOf(Integ, id)).join('+')];
  const prfs = prf.map((id) => nameOf(Prf, id).replace('AES128_', 'AES_')).join('+');
  return [cipherLine(encr), ...(integ.length > 0 ? named : []), prfs, groups].join('-');
}

function espLine({ encr, integ, ke }: EspProposal): string {
  const protection = integ.length === 0 ? 'NONE' : integ.map((id) => nameOf(Integ, id)).join('+');
  return [cipherLine(encr), protection, ...(ke.length > 0 ? [ke.map(groupLine).join('+')] : [])].join('-');
}

/** `AES_CBC` without a size is both sizes: larger first in IKE, smaller first in ESP. */
function sized(line: string, protocol: string): string {
  const sizes = protocol === 'ike' ? ['256', '128'] : ['128', '256'];
  const [encr = '', ...rest] = line.split('-');
  const list = encr
    .split('+')
    .flatMap((name) =>
      /_(128|192|256)$|3DES|CHACHA|^NULL$/.test(name) ? [name] : sizes.map((bits) => `${name}_${bits}`),
    );
  return [[...new Set(list)].join('+'), ...rest].join('-');
}

describe("Libreswan 4.10's own parser", () => {
  for (const entry of libreswan) {
    const refused = entry.lines[0]?.startsWith('ERROR') ?? false;
    if (refused && liberal.includes(entry.text)) {
      it(`${entry.text}: read, though Libreswan refuses it`, () => {
        expect(ours(entry)).not.toEqual([]);
      });
    } else if (refused) {
      it(`${entry.text}: refused`, () => {
        expect(() => ours(entry)).toThrow(ProposalTextError);
      });
    } else {
      it(entry.text, () => {
        const expected = entry.lines.map((line) => sized(line, entry.text.slice(0, 3)));
        expect([...new Set(ours(entry))]).toEqual([...new Set(expected)]);
      });
    }
  }
});

const gcm = (keyBits: number) => ({ id: Encr.AES_GCM_16, keyBits });
const cbc = (keyBits: number) => ({ id: Encr.AES_CBC, keyBits });

describe("strongSwan's spelling", () => {
  it.each<[string, IkeProposal]>([
    [
      'aes128gcm16-prfsha256-x25519',
      { encr: [gcm(128)], prf: [Prf.HMAC_SHA2_256], integ: [], ke: [KeyExchangeMethod.CURVE25519] },
    ],
    [
      'chacha20poly1305-prfsha256-curve25519',
      {
        encr: [{ id: Encr.CHACHA20_POLY1305 }],
        prf: [Prf.HMAC_SHA2_256],
        integ: [],
        ke: [KeyExchangeMethod.CURVE25519],
      },
    ],
    [
      'aes128-aesxcbc-ecp256',
      {
        encr: [cbc(128)],
        prf: [Prf.AES128_XCBC],
        integ: [Integ.AES_XCBC_96],
        ke: [KeyExchangeMethod.ECP_256],
      },
    ],
    [
      'aes256-sha256-prfsha384-modp3072-ecp384bp',
      {
        encr: [cbc(256)],
        prf: [Prf.HMAC_SHA2_384],
        integ: [Integ.HMAC_SHA2_256_128],
        ke: [KeyExchangeMethod.MODP_3072, KeyExchangeMethod.BRAINPOOL_P384R1],
      },
    ],
    [
      'aes128-aes256-sha256-sha512-modp2048',
      {
        encr: [cbc(128), cbc(256)],
        prf: [Prf.HMAC_SHA2_256, Prf.HMAC_SHA2_512],
        integ: [Integ.HMAC_SHA2_256_128, Integ.HMAC_SHA2_512_256],
        ke: [KeyExchangeMethod.MODP_2048],
      },
    ],
    [
      // A hash beside an AEAD and a PRF is dropped: an AEAD has no INTEG (RFC 7296 §3.3).
      'aes128gcm16-sha256-prfsha384-ecp256',
      { encr: [gcm(128)], prf: [Prf.HMAC_SHA2_384], integ: [], ke: [KeyExchangeMethod.ECP_256] },
    ],
  ])('ike %s', (text, proposal) => {
    expect(parseIkeProposals(text)).toEqual([proposal]);
  });

  it.each<[string, EspProposal]>([
    ['aes128gcm16', { encr: [gcm(128)], integ: [], ke: [], esn: [true, false] }],
    ['aes128gcm16-esn', { encr: [gcm(128)], integ: [], ke: [], esn: [true] }],
    [
      'aes256-sha256-modp2048-noesn-esn',
      {
        encr: [cbc(256)],
        integ: [Integ.HMAC_SHA2_256_128],
        ke: [KeyExchangeMethod.MODP_2048],
        esn: [false, true],
      },
    ],
    [
      'aes192gmac-x25519-modpnone',
      {
        encr: [{ id: Encr.NULL_AUTH_AES_GMAC, keyBits: 192 }],
        integ: [],
        ke: [KeyExchangeMethod.CURVE25519, 0],
        esn: [true, false],
      },
    ],
    ['null-sha1', { encr: [{ id: Encr.NULL }], integ: [Integ.HMAC_SHA1_96], ke: [], esn: [true, false] }],
  ])('esp %s', (text, proposal) => {
    expect(parseEspProposals(text)).toEqual([proposal]);
  });
});

describe('mistakes', () => {
  it.each([
    ['ike', 'aes256-sha256-modp2048, ase-sha1', 24, "'ase' is not recognized; did you mean"],
    ['ike', 'aes256-sah1', 7, "'sah1' is not recognized; did you mean 'sha1'?"],
    ['ike', 'aes256-sha1-modp768', 12, "'modp768' is not supported"],
    ['ike', 'aes256-sha1-', 12, 'is empty'],
    ['ike', '', 0, 'encryption algorithm is empty'],
    ['ike', 'aes256-sha1;sha2', 12, 'DH algorithm'],
    ['ike', 'aes256+sha1', 7, "no alternative to the one before '+'"],
    ['ike', 'null-sha1-dh14', 0, 'for ESP only'],
    ['ike', 'aes128gcm16-prfsha256-x25519-esn', 29, 'no sequence numbers'],
    ['ike', 'aes128gcm16-prfsha256-x25519-ke1_mlkem768', 29, 'RFC 9370'],
    ['ike', 'aes256gcm16+aes128-sha256', 12, 'cannot be combined'],
    ['esp', 'aes512-sha1', 0, 'valid key lengths: 128, 192, 256'],
    ['esp', 'aes128-prfsha256', 7, 'no PRF'],
    ['esp', 'aes128-none', 7, 'needs an AEAD'],
    ['esp', 'aes_gcm-sha1', 0, "must have 'NONE'"],
    ['esp', 'aes-sha1-dh14,  aes_gcm', 16, 'in all ESP proposals or in none'],
  ])('%s=%s at %i', (protocol, text, at, what) => {
    const parse = protocol === 'ike' ? parseIkeProposals : parseEspProposals;
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'PROPOSAL_TEXT', at }));
    expect(() => parse(text)).toThrow(what);
  });

  it('what the provider does not claim is refused by name', () => {
    expect(() => parseIkeProposals('camellia256-sha2-dh14', { crypto: nodeCrypto })).toThrow(
      "'camellia256' is not supported",
    );
    expect(() => parseIkeProposals('3des-sha1-dh14', { crypto: nobleCrypto })).toThrow('not supported');
    expect(parseIkeProposals('3des-sha1-modp1024', { crypto: nodeCrypto })).toHaveLength(1);
  });

  it('any text is read or refused with a place in it', () => {
    const pieces = [
      'aes',
      'aes128gcm16',
      'sha1',
      'none',
      'null',
      'dh14',
      '-',
      ';',
      '+',
      ',',
      '_',
      '128',
      ' ',
      'esn',
    ];
    const text = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom(...pieces)).map((list) => list.join('')),
    );
    fc.assert(
      fc.property(text, (input) => {
        for (const parse of [parseIkeProposals, parseEspProposals]) {
          try {
            expect(parse(input).length).toBeGreaterThan(0);
          } catch (error) {
            if (!(error instanceof ProposalTextError)) throw error;
            expect(error.at).toBeGreaterThanOrEqual(0);
            expect(error.at).toBeLessThanOrEqual(input.length);
          }
        }
      }),
    );
  });
});

describe('round trip', () => {
  const some = <T>(list: readonly T[], minLength = 1) =>
    fc.uniqueArray(fc.constantFrom(...list), { minLength, maxLength: 4 });
  // NULL is a cipher only where it comes first, so it has its own case.
  const named = cipherNames.filter(({ id }) => id !== Encr.NULL);
  const choices = named.flatMap(({ id, keyBits }) =>
    keyBits.length === 0 ? [{ id }] : keyBits.map((bits) => ({ id, keyBits: bits })),
  );
  const ikeOnly = choices.filter(({ id }) => id !== Encr.NULL_AUTH_AES_GMAC);
  const prfs = hashNames.map(({ prf }) => prf);
  const integs = hashNames.map(({ integ }) => integ);
  const groups = groupNames.map(({ id }) => id);
  const aead = (list: typeof choices) => list.filter(({ id }) => isAead(id));
  const plain = (list: typeof choices) => list.filter(({ id }) => !isAead(id));

  const ike: fc.Arbitrary<IkeProposal> = fc.oneof(
    fc.record({ encr: some(aead(ikeOnly)), prf: some(prfs), integ: fc.constant([]), ke: some(groups) }),
    fc.record({ encr: some(plain(ikeOnly)), prf: some(prfs), integ: some(integs), ke: some(groups) }),
  );
  const esn = some([true, false]);
  const esp: fc.Arbitrary<EspProposal> = fc.oneof(
    fc.record({ encr: some(aead(choices)), integ: fc.constant([]), ke: some([0, ...groups], 0), esn }),
    fc.record({ encr: some(plain(choices)), integ: some(integs), ke: some([0, ...groups], 0), esn }),
  );

  it.each(['libreswan', 'strongswan'] as const)('IKE in the spelling of %s', (spelling) => {
    fc.assert(
      fc.property(ike, (proposal) => {
        expect(parseIkeProposals(formatIkeProposal(proposal, spelling))).toEqual([proposal]);
      }),
    );
  });

  it.each(['libreswan', 'strongswan'] as const)('ESP in the spelling of %s', (spelling) => {
    fc.assert(
      fc.property(esp, (proposal) => {
        const text = formatEspProposal(proposal, spelling);
        expect(parseEspProposals(text, { esn: proposal.esn })).toEqual([proposal]);
      }),
    );
  });

  it('ESP with ENCR_NULL', () => {
    const proposal = { encr: [{ id: Encr.NULL }], integ: [Integ.AES_CMAC_96], ke: [0], esn: [false] };
    expect(parseEspProposals(formatEspProposal(proposal, 'strongswan'))).toEqual([proposal]);
    expect(parseEspProposals(formatEspProposal(proposal, 'libreswan'), { esn: [false] })).toEqual([proposal]);
  });

  it('writes what people write', () => {
    const [proposal] = parseIkeProposals('aes_gcm256-sha2_512-dh19');
    if (proposal === undefined) throw new Error('no proposal');
    expect(formatIkeProposal(proposal, 'libreswan')).toBe('aes_gcm256-sha2_512-dh19');
    expect(formatIkeProposal(proposal, 'strongswan')).toBe('aes256gcm16-prfsha512-ecp256');
  });
});

describe('defaults', () => {
  it.each([nobleCrypto, nodeCrypto])('are all claimed by $name, and strong', (crypto) => {
    for (const { encr, prf, integ, ke } of defaultIkeProposals(crypto)) {
      expect(encr.every(({ id, keyBits = 256 }) => crypto.ciphers.get(id)?.keyBits.includes(keyBits))).toBe(
        true,
      );
      expect(prf.every((id) => crypto.prfs.has(id) && id >= Prf.HMAC_SHA2_256)).toBe(true);
      expect(integ.every((id) => crypto.integs.has(id) && id >= Integ.HMAC_SHA2_256_128)).toBe(true);
      expect(ke.every((id) => crypto.keyExchanges.has(id) && id >= KeyExchangeMethod.MODP_2048)).toBe(true);
      expect(Math.min(prf.length, ke.length)).toBeGreaterThan(0);
    }
    expect(defaultIkeProposals(crypto)).toHaveLength(2);
    expect(defaultEspProposals(crypto)).toHaveLength(2);
  });
});
