/** One word of a proposal string and what it names. */
import leven from 'leven';
import {
  type CipherNames,
  cipherNames,
  groupNames,
  type HashNames,
  hashNames,
  noGroupNames,
  noneNames,
  sequenceNames,
  unsupportedNames,
} from './proposal-keywords.ts';

export type Word =
  /** `keyBits` is absent when the word names no size; it may then be any number at all. */
  | { readonly role: 'cipher'; readonly cipher: CipherNames; readonly keyBits?: number }
  | { readonly role: 'hash'; readonly as: 'prf' | 'integ' | 'either'; readonly hash: HashNames }
  | { readonly role: 'group'; readonly id: number }
  | { readonly role: 'none' }
  | { readonly role: 'sequence'; readonly esn: boolean };

const words: ReadonlyMap<string, Word> = new Map<string, Word>([
  ...cipherNames.flatMap(namesOfCipher),
  ...hashNames.flatMap(namesOfHash),
  ...groupNames.flatMap(({ id, libreswan, strongswan }) =>
    [...libreswan, ...strongswan].map((name): [string, Word] => [name, { role: 'group', id }]),
  ),
  ...noGroupNames.map((name): [string, Word] => [name, { role: 'group', id: 0 }]),
  ...noneNames.map((name): [string, Word] => [name, { role: 'none' }]),
  ...[...sequenceNames].map(([name, esn]): [string, Word] => [name, { role: 'sequence', esn }]),
]);

function namesOfCipher(cipher: CipherNames): [string, Word][] {
  const named = cipher.strongswan.flatMap((name) => [
    ...cipher.keyBits.map((keyBits): [string, Word] => [
      name.replace('*', String(keyBits)),
      { role: 'cipher', cipher, keyBits },
    ]),
    ...(name.includes('*') ? [] : [[name, { role: 'cipher', cipher }] as [string, Word]]),
  ]);
  return [...named, ...cipher.libreswan.map((name): [string, Word] => [name, { role: 'cipher', cipher }])];
}

function namesOfHash(hash: HashNames): [string, Word][] {
  const list = (as: 'prf' | 'integ' | 'either', names: readonly string[]) =>
    names.map((name): [string, Word] => [name, { role: 'hash', as, hash }]);
  return [
    ...list('either', [...hash.libreswan, ...hash.strongswan]),
    ...list('integ', hash.integOnly),
    ...list('prf', [hash.prfOnly]),
  ];
}

/** What a word names, in either spelling and any case; undefined when it is no word of ours. */
export function wordOf(text: string): Word | undefined {
  const name = text.toLowerCase();
  const known = words.get(name);
  if (known !== undefined) return known;
  const sized = /^(?<base>.+?)[-_]?(?<bits>\d+)$/.exec(name)?.groups;
  const base = words.get(sized?.base ?? '');
  return base?.role === 'cipher' ? { ...base, keyBits: Number(sized?.bits) } : undefined;
}

/** `null` is a cipher where a cipher is expected. */
export const nullCipher: Word | undefined = (() => {
  const cipher = cipherNames.find(({ libreswan }) => libreswan.includes('null'));
  return cipher && { role: 'cipher', cipher };
})();

/** Why a word is none of ours, and the nearest one that is. */
export function complaint(text: string): string {
  const name = text.toLowerCase();
  if (unsupportedNames.has(name)) return `'${text}' is not supported`;
  if (/^ke\d_/.test(name)) return `'${text}': additional key exchanges (RFC 9370) are not supported yet`;
  const near = [...words.keys()]
    .map((known) => ({ known, distance: leven(known, name, { maxDistance: 3 }) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const hint = near !== undefined && near.distance < 3 && name.length > 2;
  return `'${text}' is not recognized${hint ? `; did you mean '${near.known}'?` : ''}`;
}
