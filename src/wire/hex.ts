const digits = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));

/** Lower-case hexadecimal digits, two an octet. */
export function toHex(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) text += digits[octet];
  return text;
}

/** The octets of hexadecimal digits of either case, without prefix. Throws SyntaxError on anything else. */
export function fromHex(text: string): Uint8Array {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) throw new SyntaxError('expected pairs of hexadecimal digits');
  const octets = new Uint8Array(text.length / 2);
  for (let i = 0; i < octets.length; i++) octets[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return octets;
}
