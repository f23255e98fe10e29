/** Identities and amounts as pluto writes them, for those who read them there. */
const octetsOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const isPrintable = (octet: number): boolean => octet >= 0x20 && octet < 0x7f;

const octal = (octet: number): string => `\\${octet.toString(8).padStart(3, '0')}`;

/** What a shell takes for more than text, even between double quotes. */
const shellCharacters = new Set(octetsOf('\'\\"`$'));

/** For a variable of a shell: those characters, and what is not printable ASCII, as `\ooo`. */
export const shellText = (text: string | Uint8Array): string =>
  Array.from(typeof text === 'string' ? octetsOf(text) : text, (octet) =>
    isPrintable(octet) && !shellCharacters.has(octet) ? String.fromCharCode(octet) : octal(octet),
  ).join('');

/** One line for a terminal: what is not printable ASCII as `\ooo`. */
export const terminalText = (octets: Uint8Array): string =>
  Array.from(octets, (octet) => (isPrintable(octet) ? String.fromCharCode(octet) : octal(octet))).join('');

/** The octets pluto would write of an identity, from `formatIdentity`'s text of it. */
export function plutoIdentity(text: string): Uint8Array {
  if (text === '%null') return octetsOf('ID_NULL');
  if (text.startsWith('@#')) return octetsOf(`@#0x${text.slice(2)}`);
  const isName = text.startsWith('@') || !text.includes('=');
  // A distinguished name's escapes are its own.
  return isName ? unescaped(text) : octetsOf(text);
}

/** `\xx` in a name is an octet. */
function unescaped(text: string): Uint8Array {
  const octets = text.match(/\\[0-9a-f]{2}|./gs) ?? [];
  return Uint8Array.from(octets, (each) =>
    each.length === 3 ? Number.parseInt(each.slice(1), 16) : each.charCodeAt(0),
  );
}

/** `84B`, `12KB`, `3MB`. */
export function readableOctets(count: number): string {
  if (count < 1024) return `${count}B`;
  const kilo = Math.floor(count / 1024);
  return kilo < 1024 ? `${kilo}KB` : `${Math.floor(kilo / 1024)}MB`;
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** A limit: `97KiB`, and `2^63B` for 0, which is none. */
export function readableLimit(octets: number): string {
  if (octets === 0) return '2^63B';
  const power = Math.min(units.length - 1, Math.floor(Math.log2(octets) / 10));
  return `${Math.floor(octets / 1024 ** power)}${units[power]}`;
}
