/** EAP entries of ipsec.secrets. */
import { describe, expect, it } from 'vitest';
import { Mistakes } from '../../src/config/mistake.ts';
import { Secret } from '../../src/crypto/index.ts';
import { type EapSecretEntry, parseEapSecrets } from '../../src/eap/index.ts';
import { secret } from './converse.ts';

const place = (line: number, column = 1) => ({ file: '/etc/ipsec.secrets', line, column });
const entry = (line: number, names: string[], password: Secret): EapSecretEntry => ({
  names: names.map((text, at) => ({ text, ...place(line, 1 + 8 * at) })),
  secret: password,
  at: place(line),
});

function read(...entries: EapSecretEntry[]) {
  const mistakes = new Mistakes();
  const passwords = parseEapSecrets(entries, mistakes);
  const remarks = mistakes.all.map(
    ({ line, column, severity, message }) => `${line}:${column} ${severity}: ${message}`,
  );
  return { passwords, remarks };
}

const word = (password: Secret | undefined): string => new TextDecoder().decode(password?.octets);

describe('passwords for EAP', () => {
  it('are found by name, several names to a password', () => {
    const { passwords, remarks } = read(
      entry(1, ['carol', 'carol@home.example'], secret('one')),
      entry(2, ['päul'], secret('zwei ü')),
    );
    expect(remarks).toEqual([]);
    expect([...passwords.keys()]).toEqual(['carol', 'carol@home.example', 'päul']);
    expect(word(passwords.get('päul'))).toBe('zwei ü');
    expect(word(passwords.get('carol@home.example'))).toBe('one');
    expect(passwords.get('Carol')).toBeUndefined();
    expect(passwords.get('__proto__')).toBeUndefined();
  });

  it('of one name: the first counts', () => {
    const { passwords, remarks } = read(
      entry(1, ['carol'], secret('one')),
      entry(7, ['carol'], secret('two')),
    );
    expect(remarks).toEqual(['7:1 warning: another EAP password for the same name; the first counts']);
    expect(word(passwords.get('carol'))).toBe('one');
  });

  it.each([
    ['for nobody', [], secret('x'), 'an EAP password for nobody'],
    ['for everybody', ['%any'], secret('x'), 'an EAP password for everybody'],
    ['of no UTF-8', ['a'], new Secret(Uint8Array.of(0xff)), 'is not UTF-8 text'],
    ['with a control character', ['a'], secret('x\u0007'), 'characters that do not show'],
    ['of 257 characters', ['a'], secret('y'.repeat(257)), 'longer than 256 characters'],
  ])('%s are mistakes, which do not tell them', (_, names, password, expected) => {
    const { passwords, remarks } = read(entry(4, names, password));
    expect(remarks).toEqual([expect.stringMatching(/^4:1 error: /)]);
    expect(remarks[0]).toContain(expected);
    expect(passwords.size).toBe(0);
  });
});
