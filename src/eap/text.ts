/** Names and messages of the other end: UTF-8 (RFC 3748 §5.1, §5.2), and hostile until shown otherwise. */

const longest = 200;
/** Control characters, and those that reorder or hide text on a terminal. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** The text of a name; undefined when it is not UTF-8 or has characters that do not show, so that no two names look the same here. */
export function nameOf(octets: Uint8Array): string | undefined {
  const text = decoded(octets);
  return text === undefined || text.search(unprintable) >= 0 ? undefined : text;
}

/** For people: cut to a readable length, what does not show replaced. */
export function shown(octets: Uint8Array): string {
  const text = new TextDecoder('utf-8').decode(octets.subarray(0, longest));
  return `${text.replace(unprintable, '\u{FFFD}')}${octets.length > longest ? '...' : ''}`;
}

export const octetsOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function decoded(octets: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    return undefined;
  }
}
