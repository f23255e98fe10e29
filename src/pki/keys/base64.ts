/** Base64. RFC 4648 §4. */

export const base64Of = (octets: Uint8Array): string =>
  btoa(Array.from(octets, (octet) => String.fromCharCode(octet)).join(''));

/** Undefined when `text` is not base64 without blanks. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const characters = atob(text);
  const octets = new Uint8Array(characters.length);
  for (let i = 0; i < octets.length; i++) octets[i] = characters.charCodeAt(i);
  return octets;
}
