/** The values of parameters: booleans, times, sizes, numbers and words from a list. */
import { quoted } from './mistake.ts';

/** A value that cannot be read: what is wrong and what was expected. */
export interface BadValue {
  readonly wrong: string;
  readonly expected: string;
}

/** What a keyword takes. A record is a list of words, each with the word it stands for. */
export type ValueType =
  | 'text'
  /** Separated by blanks, and never none. */
  | 'labels'
  | 'seconds'
  | 'milliseconds'
  | 'count'
  | 'port'
  | 'bytes'
  | 'packets'
  | 'percent'
  | 'tries'
  | Readonly<Record<string, string>>;

/** `yes`, `no` and their other names. */
export const yesNo = {
  yes: 'yes',
  no: 'no',
  true: 'yes',
  false: 'no',
  on: 'yes',
  off: 'no',
  y: 'yes',
  n: 'no',
  '1': 'yes',
  '0': 'no',
} as const;

/** A word type of these words, each standing for itself, and of aliases. */
export function oneOf(
  words: string,
  aliases: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return { ...Object.fromEntries(words.split(' ').map((word) => [word, word])), ...aliases };
}

/** The word `text` stands for; words are compared without case. */
export function parseWord(text: string, words: Readonly<Record<string, string>>): string | BadValue {
  const lower = text.toLowerCase();
  if (Object.hasOwn(words, lower)) return words[lower] ?? lower;
  const main = Object.keys(words).filter((word) => words[word] === word);
  const listed = main.length === 1 ? main.join() : `${main.slice(0, -1).join(', ')} or ${main.at(-1)}`;
  return { wrong: `${quoted(text)} is not one of its values`, expected: listed };
}

const timeUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** A time in milliseconds: `8h`, `30s`, `500ms`, `1d`, `1.5h`; a bare number counts in `unit`. */
export function parseTime(text: string, unit: 's' | 'ms'): number | BadValue {
  const expected = `a number with ms, s, m, h, d or w, such as ${unit === 's' ? '30s or 8h' : '500ms or 1s'}`;
  const found = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(text);
  const scale = timeUnits[found?.[2]?.toLowerCase() || unit];
  if (found === null || scale === undefined || !Object.hasOwn(timeUnits, found[2]?.toLowerCase() || unit)) {
    return { wrong: `${quoted(text)} is not a time`, expected };
  }
  const milliseconds = Math.round(Number(found[1]) * scale);
  return Number.isSafeInteger(milliseconds)
    ? milliseconds
    : { wrong: `${quoted(text)} is too long a time`, expected };
}

/** A whole number from `least` to `most`. */
export function parseCount(text: string, least = 0, most = 0xffff_ffff): number | BadValue {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : -1;
  if (value >= least && value <= most) return value;
  return {
    wrong: `${quoted(text)} is not such a number`,
    expected: `a whole number from ${least} to ${most}`,
  };
}

const binaryPrefixes = ['', 'ki', 'mi', 'gi', 'ti', 'pi', 'ei'];

/** A number with a binary prefix: `10MiB` when `unit` is `b`, `10Mi` when it is empty. */
export function parseBinary(text: string, unit: 'b' | ''): bigint | BadValue {
  const found = /^(\d{1,19})([a-z]*)$/i.exec(text);
  const suffix = found?.[2]?.toLowerCase() ?? '?';
  const power = binaryPrefixes.findIndex((prefix) => suffix === (prefix === '' ? '' : `${prefix}${unit}`));
  if (found !== null && power >= 0) {
    const value = BigInt(found[1] ?? '0') << BigInt(10 * power);
    if (value < 1n << 63n) return value;
  }
  return {
    wrong: `${quoted(text)} is not such a number`,
    expected: `a whole number below 2^63, bare or with ${unit === 'b' ? 'KiB, MiB, GiB, TiB, PiB or EiB' : 'Ki, Mi, Gi, Ti, Pi or Ei'}`,
  };
}

/** Why `text` is no value of `type`; undefined when it is one. */
export function checkValue(text: string, type: ValueType): BadValue | undefined {
  const value = readValue(text, type);
  return typeof value === 'object' ? value : undefined;
}

/** A port number, 1 to 65535. */
export function parsePort(text: string): number | BadValue {
  return parseCount(text, 1, 65535);
}

function readValue(text: string, type: ValueType): string | number | bigint | BadValue {
  switch (type) {
    case 'text':
      return text;
    case 'labels':
      return /^\s*$/.test(text)
        ? { wrong: 'there is no label', expected: 'a context, or no such line' }
        : text;
    case 'seconds':
      return parseTime(text, 's');
    case 'milliseconds':
      return parseTime(text, 'ms');
    case 'count':
      return parseCount(text);
    case 'port':
      return parsePort(text);
    case 'bytes':
      return parseBinary(text, 'b');
    case 'packets':
      return parseBinary(text, '');
    case 'tries':
      return text === '%forever' ? 0 : parseCount(text);
    case 'percent':
      return /^\d{1,9}%$/.test(text)
        ? text
        : {
            wrong: `${quoted(text)} is not a percentage`,
            expected: 'a whole number followed by %, such as 100%',
          };
    default:
      return parseWord(text, type);
  }
}
