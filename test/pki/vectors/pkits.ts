/** NIST PKITS: certificates, CRLs and 174 cases, each with its initial policy settings. */
import { readFileSync } from 'node:fs';
import { ikePathOptions } from '../../../src/pki/index.ts';
import { directory, type PathCase } from './case.ts';

interface Entry {
  readonly test: string;
  readonly title: string;
  readonly certs: readonly string[];
  readonly crls: readonly string[];
  readonly should_validate: boolean;
  readonly settings: {
    readonly SetInitialExplicitPolicy?: boolean;
    readonly SetInitialInhibitAnyPolicy?: boolean;
    readonly SetInitialPolicyMappingInhibit?: boolean;
    readonly SetInitialPolicySet?: string;
  };
}

const policyOf = (name: string): string =>
  name === 'anyPolicy' ? '2.5.29.32.0' : `2.16.840.1.101.3.2.1.48.${name.replace('NIST-test-policy-', '')}`;

export function pkits(): PathCase[] {
  const { cases } = JSON.parse(readFileSync(`${directory}/pkits/pkits.json`, 'utf8')) as { cases: Entry[] };
  const certificate = (name: string) => Uint8Array.from(readFileSync(`${directory}/pkits/certs/${name}.crt`));
  const crl = (name: string) => Uint8Array.from(readFileSync(`${directory}/pkits/crls/${name}.crl`));
  return cases.map(({ test, title, certs, crls, should_validate: valid, settings }) => {
    const policies = settings.SetInitialPolicySet?.split(',').map(policyOf);
    const [anchor = '', ...rest] = certs;
    return {
      id: `${test} ${title}`,
      valid,
      leaf: certificate(rest.pop() ?? anchor),
      intermediates: rest.map(certificate),
      anchors: [certificate(anchor)],
      crls: crls.map(crl),
      at: 1_300_000_000, // 2011: within every certificate that is not meant to be out of time
      options: {
        ...ikePathOptions,
        purposes: undefined,
        keyUsage: 0,
        revocation: 'strict',
        policies: {
          ...(policies && { acceptable: policies }),
          explicit: settings.SetInitialExplicitPolicy ?? false,
          inhibitMapping: settings.SetInitialPolicyMappingInhibit ?? false,
          inhibitAny: settings.SetInitialInhibitAnyPolicy ?? false,
        },
      },
    };
  });
}
