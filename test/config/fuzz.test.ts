import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ConfigText, formatMistake, hostsToResolve, parseConfig } from '../../src/config/index.ts';
import { keywords } from '../../src/config/keywords.ts';
import { defaultCrypto } from '../../src/crypto/index.ts';
import { publicKeyText } from '../../src/pki/keys/index.ts';
import { certificate, credential } from '../scenes/certificates.ts';
import { facts, text } from './read.ts';

const config = `version 2.0
config setup
\tlisten=192.0.2.1
\tplutodebug="all"
\tddos-mode=busy
include d/*.conf
conn %default
\tike=aes_gcm256-sha2_512-dh19,aes128-sha1;modp2048
\tesp=aes_gcm256,aes128-sha2_256
conn base
\tleft=%defaultroute
\tleftsubnets={10.0.0.0/8 10.1.0.0/16}
\tleftprotoport=tcp/22
conn a # comment
\talso=base
\tleftid=@left.example
\tauthby=secret
\tright=198.51.100.2
\trightsubnet="10.2.0.0/16,10.3.0.0/16"
\tretransmit-timeout=30s
\tauto=start
conn b
\talsoflip=base
\tauthby=secret
\tleft=peer.example.net
\tauto=add
conn c
\talso=base
\tright=198.51.100.3
\tleftauth=rsasig
\trightauth=eaponly
\trightautheap=mschapv2
\tleftcert=east
\tleftid=%fromcert
\tleftsendcert=always
\tsendca=issuer
conn d
\talso=base
\tright=198.51.100.4
\tauthby=ecdsa,secret
\trightid="C=CA, O=Example, CN=*"
\trightca="/C=CA/CN=ca"
\trightecdsakey=0s${publicKeyText(credential('west').spki).text}
\trequire-id-on-certificate=no
\tauto=add
`;
const credentials = {
  certificates: new Map([['east', certificate('east')]]),
  keys: [credential('east').spki],
  authorities: [certificate('ca')],
  crls: [],
};
const secrets = `192.0.2.1 @left.example %any : PSK "secret one"
: PSK 0x0011_22
@a 2001:db8::1
  : PSK 0saGVsbG8=
"C=CA, CN=east" : PSK "x"
carol : EAP "password"
: P12 "a file.p12" "passphrase"
include *.x
`;

const parse = (source: ConfigText) =>
  parseConfig(source, { ...facts, credentials, unixTime: 1_700_000_000 }, defaultCrypto);

/** Cuts, copies and inserts, at any place. */
const edit = fc.record({
  at: fc.nat(),
  length: fc.nat({ max: 30 }),
  to: fc.nat(),
  insert: fc.oneof(
    fc.constant(''),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom(
      '"',
      '{',
      '}',
      '=',
      '\n',
      '\n\t',
      '#',
      ' ',
      '\0',
      '\u001b[31m',
      'conn a\n',
      '\talso=a\n',
      '%any',
      'include c\n',
      ':',
      '::',
      '0x',
      '\\',
      '__proto__=1',
    ),
    fc
      .constantFrom(...keywords)
      .map(({ name, where }) => `\n\t${where === 'end' ? 'left' : ''}${name}=yes\n`),
  ),
});

function mutate(
  original: string,
  edits: readonly { at: number; length: number; to: number; insert: string }[],
): string {
  return edits.reduce((current, { at, length, to, insert }) => {
    const start = at % (current.length + 1);
    const piece = current.slice(start, start + length);
    const cut = current.slice(0, start) + insert + current.slice(start + length);
    const target = to % (cut.length + 1);
    return to % 3 === 0 ? cut.slice(0, target) + piece + cut.slice(target) : cut;
  }, original);
}

test('without a mutation it is good', () => {
  const result = parse(text({ '/c': config, '/d/1.conf': 'conn %default\n' }, secrets));
  const errors = 'mistakes' in result ? result.mistakes.filter(({ severity }) => severity === 'error') : [];
  expect(errors.map(formatMistake)).toEqual([]);
});

test('no mutation of a good file throws, and every remark is printable', () => {
  const edits = fc.array(edit, { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(edits, edits, fc.boolean(), (first, second, also) => {
      const files = {
        '/c': mutate(config, first),
        '/d/1.conf': also ? mutate(config, second) : 'conn %default\n',
      };
      const source = text(files, mutate(secrets, second));
      hostsToResolve(source);
      const result = parse(source);
      const remarks = 'mistakes' in result ? result.mistakes : result.notes;
      for (const each of remarks)
        expect(formatMistake(each)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      if ('mistakes' in result)
        expect(result.mistakes.some(({ severity }) => severity === 'error')).toBe(true);
      else expect(result.notes.every(({ severity }) => severity !== 'error')).toBe(true);
    }),
    { numRuns: 1500 },
  );
});

test('no text at all throws', () => {
  const any = fc.string({ unit: 'binary', maxLength: 300 });
  fc.assert(
    fc.property(any, any, (first, second) => {
      parseConfig(text({ '/c': first }, second), facts, defaultCrypto);
    }),
    { numRuns: 500 },
  );
});
