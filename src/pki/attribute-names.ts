/** How attribute types of names are spelled: pluto's abbreviations, and what OpenSSL and RFC 4519 write. */

/** Spelling, type and whether its value is an IA5String; the first spelling of a type is the one written. */
const spellings: readonly (readonly [name: string, type: string, ia5?: 'ia5'])[] = [
  ['CN', '2.5.4.3'],
  ['C', '2.5.4.6'],
  ['ST', '2.5.4.8'],
  ['L', '2.5.4.7'],
  ['O', '2.5.4.10'],
  ['OU', '2.5.4.11'],
  ['E', '1.2.840.113549.1.9.1', 'ia5'],
  ['Email', '1.2.840.113549.1.9.1', 'ia5'],
  ['emailAddress', '1.2.840.113549.1.9.1', 'ia5'],
  ['DC', '0.9.2342.19200300.100.1.25', 'ia5'],
  ['UID', '0.9.2342.19200300.100.1.1'],
  ['S', '2.5.4.4'],
  ['surname', '2.5.4.4'],
  ['SN', '2.5.4.5'],
  ['serialNumber', '2.5.4.5'],
  ['street', '2.5.4.9'],
  ['T', '2.5.4.12'],
  ['title', '2.5.4.12'],
  ['D', '2.5.4.13'],
  ['description', '2.5.4.13'],
  ['N', '2.5.4.41'],
  ['name', '2.5.4.41'],
  ['G', '2.5.4.42'],
  ['GN', '2.5.4.42'],
  ['givenName', '2.5.4.42'],
  ['I', '2.5.4.43'],
  ['initials', '2.5.4.43'],
  ['ID', '2.5.4.45'],
  ['dnQualifier', '2.5.4.46'],
  ['UN', '1.2.840.113549.1.9.2', 'ia5'],
  ['unstructuredName', '1.2.840.113549.1.9.2', 'ia5'],
  ['TCGID', '1.3.6.1.4.1.2289.1.1.2.2.75'],
  ['ND', '0.2.262.1.10.7.20'],
];

const byType = new Map<string, string>();
const byName = new Map<string, { type: string; ia5: boolean }>();
for (const [name, type, ia5] of spellings) {
  if (!byType.has(type)) byType.set(type, name);
  byName.set(name.toLowerCase(), { type, ia5: ia5 !== undefined });
}

/** The abbreviation of a type; undefined when it has none. */
export const attributeName = (type: string): string | undefined => byType.get(type);

/** The type an abbreviation stands for, of either case. */
export const attributeType = (name: string): { type: string; ia5: boolean } | undefined =>
  byName.get(name.toLowerCase());
