/** BoringSSL's path and CRL tests. */
import { readdirSync, readFileSync } from 'node:fs';
import { ikePathOptions, KeyPurpose } from '../../../src/pki/index.ts';
import { pemBlocks } from '../pem.ts';
import { directory, type PathCase } from './case.ts';

interface Entry {
  readonly id: string;
  readonly dir: string;
  readonly chain: string;
  readonly last_cert_trust: string;
  readonly utc_time: string;
  readonly key_purpose: string;
  readonly digest_policy?: string;
  readonly valid: boolean;
}

const root = `${directory}/boringssl-pki`;
/** What their tests use where a case says DEFAULT. */
const standardTime = '211005120000Z';

const unixTime = (text: string): number => {
  const [, year, month, day, hour, minute, second] = (/^(..)(..)(..)(..)(..)(..)Z$/.exec(text) ?? []).map(
    Number,
  );
  return Date.UTC(2000 + (year ?? 0), (month ?? 1) - 1, day, hour, minute, second) / 1000;
};

const purposeOf: Readonly<Record<string, readonly string[] | undefined>> = {
  SERVER_AUTH: [KeyPurpose.SERVER_AUTH, KeyPurpose.ANY],
  CLIENT_AUTH: [KeyPurpose.CLIENT_AUTH, KeyPurpose.ANY],
  ANY_EKU: undefined,
};

/** The cases of path validation that anchor a path in a plain or constrained anchor, for purposes that are not TLS's alone. */
export function boringsslPaths(): PathCase[] {
  const { cases } = JSON.parse(readFileSync(`${root}/chain-tests-index.json`, 'utf8')) as { cases: Entry[] };
  return cases
    .filter(
      ({ last_cert_trust: trust, key_purpose: purpose }) =>
        /^TRUSTED_ANCHOR(?!_OR_LEAF)/.test(trust) && purpose in purposeOf,
    )
    .map((one) => {
      const chain = pemBlocks(readFileSync(`${root}/${one.dir}/${one.chain}`, 'utf8')).map(
        ({ octets }) => octets,
      );
      const anchor = chain.length > 1 ? chain.pop() : chain[0];
      const [leaf = new Uint8Array(), ...intermediates] = chain;
      return {
        id: one.id,
        valid: one.valid,
        leaf,
        intermediates,
        anchors: anchor === undefined ? [] : [anchor],
        crls: [],
        at: unixTime(one.utc_time === 'DEFAULT' ? standardTime : one.utc_time),
        options: {
          ...ikePathOptions,
          purposes: purposeOf[one.key_purpose],
          keyUsage: 0,
          anchorConstraints: /WITH_(?:EXPIRATION_AND_)?CONSTRAINTS/.test(one.last_cert_trust),
          anchorExpiry: one.last_cert_trust.includes('EXPIRATION'),
          sha1: one.digest_policy !== 'STRONG',
          leastRsaBits: 1024,
          revocation: 'off',
        },
      };
    });
}

/** The cases of CRLs, each once with its certificate as a leaf: `good_` is valid, the rest is not. */
export function boringsslCrls(): PathCase[] {
  return readdirSync(`${root}/crl_unittest`)
    .filter((name) => /^(?:good|bad|revoked|invalid)_?.*\.pem$/.test(name))
    .sort()
    .map((name) => {
      const blocks = pemBlocks(readFileSync(`${root}/crl_unittest/${name}`, 'utf8'));
      const labelled = (label: RegExp) =>
        blocks.filter((block) => label.test(block.label)).map(({ octets }) => octets);
      const authorities = labelled(/^CA CERTIFICATE/);
      const [leaf = new Uint8Array()] = labelled(/^CERTIFICATE/);
      return {
        id: name.replace('.pem', ''),
        valid: name.startsWith('good'),
        leaf,
        intermediates: authorities.slice(1),
        anchors: authorities,
        crls: labelled(/CRL/),
        at: unixTime('170309000000Z'),
        options: {
          ...ikePathOptions,
          purposes: undefined,
          keyUsage: 0,
          anchorConstraints: false,
          anchorExpiry: false,
          leastRsaBits: 1024,
          revocation: 'strict',
          maxStatusAge: 7 * 86_400, // as their test has it
        },
      };
    });
}
