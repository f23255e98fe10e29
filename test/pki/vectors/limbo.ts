/** C2SP's x509-limbo, but for what is about the Web PKI. */
import { readFileSync } from 'node:fs';
import { ikePathOptions, KeyPurpose, type PathOptions } from '../../../src/pki/index.ts';
import { pemBlocks } from '../pem.ts';
import { directory, type PathCase } from './case.ts';

interface Entry {
  readonly id: string;
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
  readonly validation_time: string | null;
  readonly extended_key_usage: readonly string[];
  readonly expected_result: 'SUCCESS' | 'FAILURE';
  readonly max_chain_depth: number | null;
  readonly crls: readonly string[];
}

/** When the set was made: the time of cases that give none. */
const made = 1_740_000_000;

const purposes: Readonly<Record<string, string>> = {
  serverAuth: KeyPurpose.SERVER_AUTH,
  clientAuth: KeyPurpose.CLIENT_AUTH,
};

/** The cases whose ID begins with one of `groups`. */
export function limbo(groups: readonly string[], change: Partial<PathOptions> = {}): PathCase[] {
  const file = readFileSync(`${directory}/limbo/limbo-nobettertls.json`, 'utf8');
  const { testcases } = JSON.parse(file) as { testcases: Entry[] };
  return testcases
    .filter(({ id }) => groups.includes(id.slice(0, id.indexOf('::'))))
    .map((one) => ({
      id: one.id,
      valid: one.expected_result === 'SUCCESS',
      leaf: certificates([one.peer_certificate])[0] ?? new Uint8Array(),
      intermediates: certificates(one.untrusted_intermediates),
      anchors: certificates(one.trusted_certs),
      crls: certificates(one.crls),
      at: one.validation_time === null ? made : Date.parse(one.validation_time) / 1000,
      options: {
        ...ikePathOptions,
        purposes: (one.extended_key_usage.length > 0 ? one.extended_key_usage : ['serverAuth']).flatMap(
          (name) => purposes[name] ?? [],
        ),
        keyUsage: 0,
        pathLength: one.max_chain_depth ?? ikePathOptions.pathLength,
        revocation: one.crls.length > 0 ? 'strict' : 'off',
        ...change,
      },
    }));
}

const certificates = (texts: readonly string[]): Uint8Array[] =>
  texts.flatMap((text) => pemBlocks(text).map(({ octets }) => octets));
