/** The independent test material that several wire tests read. */
import { existsSync, readFileSync } from 'node:fs';
import { globSync } from 'tinyglobby';
import { describe, it } from 'vitest';
import { fromHex } from '../../src/wire/index.ts';
import { ikeMessages } from './pcap.ts';

const root = new URL('../../../shared/vectors/', import.meta.url).pathname;

export const vectorPath = (name: string): string => `${root}${name}`;

export const readVector = (name: string): unknown => JSON.parse(readFileSync(vectorPath(name), 'utf8'));

/** Paths below the vectors' root, sorted. */
export const globVectors = (pattern: string): string[] => globSync(pattern, { cwd: root }).sort();

/** A suite that reads `folder` of the vectors, or all of them; skipped, and says so, where they are not at hand. */
export function describeWithVectors(folder: string, body: () => void): void {
  const name = folder || 'all vectors';
  if (existsSync(vectorPath(folder))) describe(name, body);
  else describe.skip(`${name}: none at ${root}`, () => it('is skipped', () => {}));
}

/** A message as it was sent. */
export interface Recorded {
  readonly name: string;
  readonly octets: Uint8Array;
}

/** A chain of payloads in clear. */
export interface Chain extends Recorded {
  readonly first: number;
  /** The payloads as another parser saw them. */
  readonly payloads?: readonly RawPayload[];
}

export interface RawPayload {
  readonly type: number;
  /** What follows the generic payload header, in hexadecimal. */
  readonly body: string;
}

/** A message of the files of 09-ikev2-traces. */
export interface TraceMessage extends Partial<Inner> {
  readonly hex: string;
  readonly exchange: number;
  readonly flags: number;
  readonly messageId: number;
  readonly fragment?: unknown;
  /** With the last fragment: the whole content. */
  readonly reassembled?: Inner;
}

interface Inner {
  readonly firstInnerPayload: number;
  readonly innerPlaintext: string;
  readonly payloads: readonly RawPayload[];
}

export function traceMessages(): { readonly name: string; readonly message: TraceMessage }[] {
  return globVectors('09-ikev2-traces/{strongswan,aosp-cts}*/**/*.json').flatMap((file) => {
    const { messages } = readVector(file) as { messages: TraceMessage[] };
    const session = file.split('/').slice(2).join('/');
    return messages.map((message, i) => ({ name: `${session} #${i}`, message }));
  });
}

interface GoldenCapture {
  readonly capture: string;
  readonly messages: readonly {
    readonly frame: number;
    readonly ikeMessage: string;
    readonly firstInnerPayload?: number;
    readonly innerPayloads?: string;
  }[];
}

export const goldenCaptures = (): GoldenCapture[] =>
  readVector('02-wireshark-ikev2/golden.json') as GoldenCapture[];

/** Well-formed captures of IKEv2 without keys. */
const captures = [
  '02-tcpdump-ikev2/{ikev2four,ikev2pI2}.pcap',
  '09-ikev2-traces/pcaps-no-keys/*.{pcap,pcapng,cap}',
];

/** Every well-formed IKEv2 message of the vectors. */
export function recordedMessages(): Recorded[] {
  const fromTraces = traceMessages().map(({ name, message }) => ({ name, octets: fromHex(message.hex) }));
  const fromGolden = goldenCaptures().flatMap(({ capture, messages }) =>
    messages.map(({ frame, ikeMessage }) => ({ name: `${capture} ${frame}`, octets: fromHex(ikeMessage) })),
  );
  const fromCaptures = captures
    .flatMap(globVectors)
    .flatMap((file) =>
      ikeMessages(vectorPath(file)).flatMap((octets, i) =>
        (octets[17] ?? 0) >> 4 === 2 ? [{ name: `${file} #${i}`, octets }] : [],
      ),
    );
  return [...fromTraces, ...fromGolden, ...fromCaptures];
}

/** What was inside every Encrypted payload of the vectors that is known in clear. */
export function recordedChains(): Chain[] {
  const fromTraces = traceMessages().flatMap(({ name, message }) => {
    const inner = message.fragment === undefined ? message : message.reassembled;
    if (inner?.innerPlaintext === undefined || inner.firstInnerPayload === undefined) return [];
    const { firstInnerPayload: first, innerPlaintext, payloads } = inner;
    return [{ name, first, octets: fromHex(innerPlaintext), ...(payloads && { payloads }) }];
  });
  const fromGolden = goldenCaptures().flatMap(({ capture, messages }) =>
    messages.flatMap(({ frame, firstInnerPayload: first, innerPayloads }) =>
      first === undefined || innerPayloads === undefined
        ? []
        : [{ name: `${capture} ${frame}`, first, octets: fromHex(innerPayloads) }],
    ),
  );
  return [...fromTraces, ...fromGolden];
}
