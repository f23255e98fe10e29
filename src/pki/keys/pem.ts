/** PEM: blocks between text that does not matter. RFC 7468, and the encryption of RFC 1421 §4.6 as OpenSSL has it. */
import { base64Of, fromBase64 } from './base64.ts';
import { malformed } from './key-file-error.ts';

export interface PemBlock {
  readonly label: string;
  /** From 1, of the BEGIN line. */
  readonly line: number;
  readonly octets: Uint8Array;
  /** `AES-256-CBC` and its IV, of a block that is encrypted itself. */
  readonly encryption?: { readonly cipher: string; readonly iv: Uint8Array };
}

const begin = /^-----BEGIN ([A-Z0-9 ]{1,64})-----\s*$/;

export const looksLikePem = (text: string): boolean => /^-----BEGIN /m.test(text);

/** Every block, in order. Throws KeyFileError, with the line at fault. */
export function pemBlocks(text: string): PemBlock[] {
  const lines = text.split(/\r\n|\n|\r/);
  const blocks: PemBlock[] = [];
  for (let at = 0; at < lines.length; at++) {
    const label = begin.exec(lines[at] ?? '')?.[1];
    if (label === undefined) continue;
    const line = at + 1;
    const end = `-----END ${label}-----`;
    let last = line;
    while (last < lines.length && lines[last]?.trimEnd() !== end) {
      if (lines[last]?.startsWith('-----')) break;
      last++;
    }
    if (lines[last]?.trimEnd() !== end) throw malformed(`line ${line}: BEGIN ${label} has no ${end}`);
    blocks.push(block(label, line, lines.slice(line, last)));
    at = last;
  }
  return blocks;
}

function block(label: string, line: number, body: readonly string[]): PemBlock {
  const blank = body.findIndex((each) => each.trim() === '');
  const hasHeaders = /^[A-Za-z-]+:/.test(body[0] ?? '');
  if (hasHeaders && blank < 0) throw malformed(`line ${line + 1}: no empty line after the headers`);
  const begins = hasHeaders ? blank : 0;
  const octets = base64(body.slice(begins), line + 1 + begins);
  const encryption = hasHeaders ? encryptionOf(body.slice(0, blank), line + 1) : undefined;
  return { label, line, octets, ...(encryption && { encryption }) };
}

function encryptionOf(headers: readonly string[], line: number): PemBlock['encryption'] {
  if (!headers.some((header) => /^Proc-Type:\s*4,\s*ENCRYPTED\s*$/.test(header))) return undefined;
  for (const header of headers) {
    const [, cipher, iv] = /^DEK-Info:\s*([A-Z0-9-]{1,32}),([0-9A-Fa-f]{16,32})\s*$/.exec(header) ?? [];
    if (cipher !== undefined && iv !== undefined)
      return { cipher, iv: Uint8Array.from(iv.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)) };
  }
  throw malformed(`line ${line}: encrypted, without a DEK-Info`);
}

function base64(lines: readonly string[], first: number): Uint8Array {
  const wrong = lines.findIndex((line) => !/^[A-Za-z0-9+/]*={0,2}\s*$/.test(line.trimStart()));
  if (wrong >= 0) throw malformed(`line ${first + wrong}: not base64`);
  const octets = fromBase64(lines.join('').replace(/\s+/g, ''));
  if (octets === undefined)
    throw malformed(`line ${first + lines.length - 1}: the base64 ends in the middle`);
  return octets;
}

/** One block, with lines of 64 characters. */
export function formatPem(label: string, octets: Uint8Array): string {
  const lines = base64Of(octets).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
