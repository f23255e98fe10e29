/** Proposal strings in Libreswan's and in strongSwan's spelling: `aes_gcm256-sha2_512-dh19`, `aes128gcm16-prfsha256-x25519`. */
import type { Crypto } from '../crypto/provider.ts';
import { Encr } from '../wire/numbers.ts';
import { type EncrChoice, type EspProposal, type IkeProposal, isAead } from './proposal.ts';
import { claims, defaultEsn, defaultGroups, defaultIntegs, defaultPrfs } from './proposal-defaults.ts';
import { type CipherNames, hashNames } from './proposal-keywords.ts';
import { complaint, nullCipher, type Word, wordOf } from './proposal-words.ts';

export { defaultEspProposals, defaultIkeProposals } from './proposal-defaults.ts';
export { formatEspProposal, formatIkeProposal } from './proposal-format.ts';

/** A mistake in a proposal string; `at` is the offset in the string. */
export class ProposalTextError extends Error {
  readonly code = 'PROPOSAL_TEXT';
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message);
  }
}

export interface ProposalTextOptions {
  /** Refuses by name what this provider does not claim. */
  readonly crypto?: Crypto;
}

export interface EspTextOptions extends ProposalTextOptions {
  /** For a proposal without `esn` or `noesn`; both by default, as Libreswan's `esn=either`. */
  readonly esn?: readonly boolean[];
}

/**
 * Reads `ike=`: proposals separated by commas, in either spelling. A hash alone is both PRF and INTEG; with an AEAD it
 * is the PRF; a `prf...` beside it leaves it the INTEG, a truncated name (`sha1_96`) beside it the PRF. What is not named is
 * Libreswan's default. Throws ProposalTextError.
 */
export function parseIkeProposals(text: string, options: ProposalTextOptions = {}): IkeProposal[] {
  return split(text).map((tokens) => ikeProposal(readFields('IKE', tokens, options.crypto), options.crypto));
}

/** Reads `esp=` (or `phase2alg=`), as `parseIkeProposals`. A proposal without a group has an empty `ke`. */
export function parseEspProposals(text: string, options: EspTextOptions = {}): EspProposal[] {
  const proposals = split(text).map((tokens) => {
    const fields = readFields('ESP', tokens, options.crypto);
    return { proposal: espProposal(fields, options), at: fields.at };
  });
  const withGroups = proposals.filter(({ proposal }) => proposal.ke.length > 0).length;
  const odd = proposals.find(({ proposal }) => proposal.ke.length === 0);
  if (withGroups > 0 && odd !== undefined) {
    throw new ProposalTextError("a group in all ESP proposals or in none ('none' counts as one)", odd.at);
  }
  return proposals.map(({ proposal }) => proposal);
}

type Protocol = 'IKE' | 'ESP';

interface Token {
  readonly text: string;
  readonly at: number;
  /** What separates it from the word before it; empty at the start of a proposal. */
  readonly separator: string;
}

function split(text: string): Token[][] {
  const proposals: Token[][] = [];
  for (const match of text.matchAll(/(^|[-+;,])([^-+;,]*)/g)) {
    const [, separator = '', word = ''] = match;
    const at = match.index + separator.length + (word.length - word.trimStart().length);
    const token = { text: word.trim(), at, separator: separator === ',' ? '' : separator };
    if (token.separator === '') proposals.push([token]);
    else proposals.at(-1)?.push(token);
  }
  return proposals.map(joinSizes);
}

/** `aes-256`: the size of a key may be a word of its own. */
function joinSizes(tokens: readonly Token[]): Token[] {
  const joined: Token[] = [];
  for (const token of tokens) {
    const last = joined.at(-1);
    const word = last && wordOf(last.text);
    if (last && word?.role === 'cipher' && token.separator === '-' && /^\d+$/.test(token.text)) {
      joined[joined.length - 1] = { ...last, text: `${last.text}-${token.text}` };
    } else {
      joined.push(token);
    }
  }
  return joined;
}

/** What the words of one proposal name, in their order. */
interface Fields {
  readonly at: number;
  readonly encr: EncrChoice[];
  readonly hashes: Extract<Word, { role: 'hash' }>[];
  readonly ke: number[];
  readonly esn: boolean[];
  /** An INTEG of NONE was named. */
  noInteg: boolean;
}

function readFields(protocol: Protocol, tokens: readonly Token[], crypto: Crypto | undefined): Fields {
  const fields: Fields = { at: tokens[0]?.at ?? 0, encr: [], hashes: [], ke: [], esn: [], noInteg: false };
  let before: Word['role'] | undefined;
  for (const token of tokens) {
    const fail = (what: string): never => {
      throw new ProposalTextError(`${protocol} ${what}`, token.at);
    };
    const word = readWord(token, fields) ?? fail(expected(token, fields));
    if (token.separator === '+' && word.role !== before) {
      fail(`algorithm '${token.text}' is no alternative to the one before '+'`);
    }
    if (token.separator === ';' && word.role !== 'group')
      fail(`DH algorithm '${token.text}' is not recognized`);
    const mistake = take(protocol, word, fields, crypto);
    if (mistake !== undefined) fail(`${mistake.replace('%', `'${token.text}'`)}`);
    before = word.role;
  }
  return fields;
}

function expected({ text, separator }: Token, fields: Fields): string {
  const kind =
    fields.encr.length === 0 ? 'encryption algorithm' : separator === ';' ? 'DH algorithm' : 'algorithm';
  return text === '' ? `${kind} is empty` : `${kind} ${complaint(text)}`;
}

/** `null` is a cipher at first, then an INTEG, then a group; so is `none`, but for the cipher. */
function readWord({ text, separator }: Token, fields: Fields): Word | undefined {
  if (text.toLowerCase() === 'null' && fields.encr.length === 0) return nullCipher;
  const word = wordOf(text);
  if (word?.role !== 'none') return word;
  const integ = separator === '-' && !fields.noInteg && fields.hashes.length + fields.ke.length === 0;
  return integ ? word : { role: 'group', id: 0 };
}

/** Puts a word where it belongs. A string is what is wrong with it, `%` the word. */
function take(
  protocol: Protocol,
  word: Word,
  fields: Fields,
  crypto: Crypto | undefined,
): string | undefined {
  switch (word.role) {
    case 'cipher':
      return takeCipher(protocol, word, fields, crypto);
    case 'hash': {
      if (protocol === 'ESP' && word.as === 'prf') return 'proposal has no PRF: %';
      const { prf, integ } = word.hash;
      const lacks =
        (word.as !== 'prf' && !crypto?.integs.has(integ)) || (word.as !== 'integ' && !crypto?.prfs.has(prf));
      if (crypto && lacks) return 'algorithm % is not supported';
      fields.hashes.push(word);
      return undefined;
    }
    case 'group':
      if (protocol === 'IKE' && word.id === 0) return 'DH algorithm % not permitted';
      if (crypto && word.id !== 0 && !crypto.keyExchanges.has(word.id))
        return 'DH algorithm % is not supported';
      if (!fields.ke.includes(word.id)) fields.ke.push(word.id);
      return undefined;
    case 'sequence':
      if (protocol === 'IKE') return 'proposal has no sequence numbers: %';
      if (!fields.esn.includes(word.esn)) fields.esn.push(word.esn);
      return undefined;
    case 'none':
      fields.noInteg = true;
      return fields.encr.every(({ id }) => isAead(id))
        ? undefined
        : 'integrity % needs an AEAD encryption algorithm';
  }
}

function takeCipher(
  protocol: Protocol,
  { cipher, keyBits }: Extract<Word, { role: 'cipher' }>,
  fields: Fields,
  crypto: Crypto | undefined,
): string | undefined {
  if (protocol === 'IKE' && espOnly.includes(cipher.id)) return 'encryption algorithm % is for ESP only';
  if (keyBits !== undefined && !cipher.keyBits.includes(keyBits)) {
    const sizes = cipher.keyBits.join(', ');
    return `encryption algorithm %: ${sizes === '' ? 'takes no key length' : `valid key lengths: ${sizes}`}`;
  }
  if (fields.encr.some(({ id }) => isAead(id) !== isAead(cipher.id))) {
    return 'encryption algorithm %: AEAD and non-AEAD cannot be combined in one proposal';
  }
  const choices = choicesOf(protocol, cipher, keyBits).filter((each) => !crypto || claims(crypto, each));
  if (choices.length === 0) return 'encryption algorithm % is not supported';
  for (const each of choices) {
    if (!fields.encr.some((other) => other.id === each.id && other.keyBits === each.keyBits))
      fields.encr.push(each);
  }
  return undefined;
}

const espOnly: readonly number[] = [Encr.NULL, Encr.NULL_AUTH_AES_GMAC];

/** Without a size, Libreswan takes the larger first for IKE and the smaller first for ESP. */
function choicesOf(protocol: Protocol, cipher: CipherNames, keyBits: number | undefined): EncrChoice[] {
  if (cipher.keyBits.length === 0) return [{ id: cipher.id }];
  const sizes = keyBits === undefined ? cipher.unnamed : [keyBits];
  const ordered = protocol === 'IKE' ? sizes.toReversed() : sizes;
  return ordered.map((bits) => ({ id: cipher.id, keyBits: bits }));
}

const isCombined = ({ encr }: Fields): boolean => encr.every(({ id }) => isAead(id));

const unique = (list: readonly number[]): number[] => [...new Set(list)];

function ikeProposal(fields: Fields, crypto: Crypto | undefined): IkeProposal {
  const { encr, hashes } = fields;
  const [prfs, integs] = [hashes.filter(({ as }) => as === 'prf'), hashes.filter(({ as }) => as === 'integ')];
  const prf = (prfs.length > 0 ? prfs : hashes.filter(({ as }) => as === 'either')).map(
    ({ hash }) => hash.prf,
  );
  const known = prf.length > 0 ? prf : defaultPrfs.filter((id) => !crypto || crypto.prfs.has(id));
  const named = prfs.length > 0 || integs.length === 0 ? hashes.filter(({ as }) => as !== 'prf') : integs;
  const integ = named.length > 0 ? named.map(({ hash }) => hash.integ) : known.map(integOfPrf);
  if (isCombined(fields) && integs.length > 0) throw aeadWithInteg('IKE', fields);
  const ke =
    fields.ke.length > 0 ? fields.ke : defaultGroups.filter((id) => !crypto || crypto.keyExchanges.has(id));
  return { encr, prf: unique(known), integ: isCombined(fields) ? [] : unique(integ), ke };
}

const integOfPrf = (prf: number): number => hashNames.find((each) => each.prf === prf)?.integ ?? 0;

function espProposal(fields: Fields, { crypto, esn = defaultEsn }: EspTextOptions): EspProposal {
  const { encr, hashes, ke } = fields;
  if (isCombined(fields) && hashes.length > 0) throw aeadWithInteg('ESP', fields);
  const named = hashes.map(({ hash }) => hash.integ);
  const integ = named.length > 0 ? named : defaultIntegs.filter((id) => !crypto || crypto.integs.has(id));
  return {
    encr,
    integ: isCombined(fields) ? [] : unique(integ),
    ke,
    esn: fields.esn.length > 0 ? fields.esn : esn,
  };
}

const aeadWithInteg = (protocol: Protocol, { at }: Fields): ProposalTextError =>
  new ProposalTextError(
    `AEAD ${protocol} encryption algorithm must have 'NONE' as the integrity algorithm`,
    at,
  );
