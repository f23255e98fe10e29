/** Reading the shared vectors: ../shared/vectors beside the project, or nothing. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex } from '../../../src/wire/hex.ts';

export const sharedVectors = join(import.meta.dirname, '../../../../shared/vectors');
export const ownVectors = join(import.meta.dirname, '../../../vectors');
export const hasSharedVectors = existsSync(sharedVectors);

/** A JSON object of hexadecimal texts and numbers, as the vector files hold them. */
export type Row = { readonly [field: string]: string };

export const text = (path: string): string => readFileSync(path, 'utf8');

export const json = <T>(path: string): T => JSON.parse(text(path)) as T;

/** The `cases` of a file under 03-rfc-and-algorithm/rfc. */
export const rfcCases = (file: string): Row[] =>
  json<{ cases: Row[] }>(join(sharedVectors, '03-rfc-and-algorithm/rfc', file)).cases;

/** The octets of a field; throws when the row lacks it. */
export function hex(row: Row, field: string): Uint8Array {
  const value = row[field];
  if (value === undefined) throw new Error(`vector without ${field}: ${JSON.stringify(row).slice(0, 200)}`);
  return fromHex(value);
}

export const concat = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

export const none = new Uint8Array(0);
