/** A key as it is written: `"characters"`, `0xHEX`, `0sBASE64`, `0tTEXT`. ipsec.secrets(5). */
import type { Token } from './secret-tokens.ts';
import type { BadValue } from './values.ts';

const expected = '"key" in quotes, 0xHEX, 0sBASE64 or 0tTEXT';

/** The key's octets, or what is wrong with it without a word of it. Every character of the token is one octet. */
export function secretOctets({ text, quote }: Token): Uint8Array | BadValue {
  const octets = quote ? characters(text) : unquoted(text);
  if (octets === undefined) return { wrong: 'the key is not in a form a key can have', expected };
  return octets.length > 0 ? octets : { wrong: 'the key is empty', expected };
}

function unquoted(text: string): Uint8Array | undefined {
  const body = text.slice(2);
  switch (text.slice(0, 2).toLowerCase()) {
    case '0x':
      return hexadecimal(body);
    case '0s':
      return base64(body);
    case '0t':
      return characters(body);
    default:
      return undefined;
  }
}

/** Pairs of digits; a single `_` may stand between pairs. */
function hexadecimal(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{2}(_?[0-9a-f]{2})*$/i.test(text)) return undefined;
  return Uint8Array.from(text.match(/[0-9a-f]{2}/gi) ?? [], (pair) => Number.parseInt(pair, 16));
}

function base64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  return characters(atob(text));
}

function characters(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The text whose UTF-8 octets stand in `text`, one a character; `text` itself when they are not UTF-8. */
export function utf8(text: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(characters(text));
  } catch {
    return text;
  }
}
