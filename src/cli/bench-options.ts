/** Options of `ikev2 bench`: how each is read, and what does not go together. */
import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import {
  type Credentials,
  type Limit,
  type Mode,
  type Pace,
  parseSources,
  parseSuite,
} from '../load/index.ts';
import { CommandError } from './failure.ts';

export interface BenchOptions {
  readonly target?: TargetOption;
  readonly self?: boolean;
  readonly provider?: 'node' | 'noble';
  readonly mode: Mode;
  readonly psk?: Uint8Array;
  readonly cert?: readonly string[];
  readonly ca?: readonly string[];
  readonly id?: string;
  readonly peerId: string;
  readonly suite?: readonly string[];
  readonly concurrency?: readonly number[];
  readonly rate?: readonly number[];
  readonly duration?: number;
  readonly count?: number;
  readonly warmUp?: Limit;
  readonly children?: number;
  readonly rekey?: true | 'children' | 'ike';
  readonly keep?: boolean;
  readonly leave?: boolean;
  readonly subnet: string;
  readonly peerSubnet: string;
  readonly timeout: number;
  readonly sourceRange?: readonly string[];
  readonly workers: number;
  readonly targetPid?: number;
  readonly json?: boolean;
  readonly html?: string;
}

export interface TargetOption {
  readonly host: string;
  readonly port: number;
}

/** `192.0.2.1`, `192.0.2.1:4500`, `[2001:db8::1]:500`, `gateway.example:500`. */
export function target(text: string): TargetOption {
  const found = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? /^([0-9a-f:.]+)$/i.exec(text);
  const host = found?.[1] ?? found?.[2];
  const port = Number(found?.[3] ?? 500);
  if (host === undefined || port < 1 || port > 65_535)
    throw new InvalidArgumentError('It is not ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT.');
  return { host, port };
}

/** `10s`, `500ms`, `2m`, or seconds. */
export function duration(text: string): number {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  const value = Number(found?.[1]) * units[(found?.[2] ?? 's') as keyof typeof units];
  if (value > 0 && value <= 86_400_000) return value;
  throw new InvalidArgumentError('It is not a time such as 10s, 500ms or 2m.');
}

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** `2s`, or a number of attempts. */
export function limit(text: string): Limit {
  if (/^\d{1,9}$/.test(text)) return { kind: 'count', count: Number(text) };
  try {
    return { kind: 'duration', milliseconds: duration(text) };
  } catch {
    throw new InvalidArgumentError('It is neither a number of attempts nor a time such as 2s.');
  }
}

export function suite(text: string, before: readonly string[] = []): readonly string[] {
  try {
    parseSuite(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
  return [...before, text];
}

/** A number above 0; the option may be given again. */
export function numbers(most: number, whole: boolean) {
  return (text: string, before: readonly number[] = []): readonly number[] => {
    const value = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && value > 0 && value <= most && (!whole || Number.isInteger(value)))
      return [...before, value];
    throw new InvalidArgumentError(`It is not a ${whole ? 'whole ' : ''}number above 0, at most ${most}.`);
  };
}

/** `0x0a0b` or `0s...` (base64), a file's content as `@FILE`, or text. */
export function secret(text: string): Uint8Array {
  const hex = /^0x((?:[0-9a-f]{2})+)$/i.exec(text)?.[1];
  if (hex !== undefined) return new Uint8Array(Buffer.from(hex, 'hex'));
  if (/^0s[A-Za-z0-9+/]+=*$/.test(text)) return new Uint8Array(Buffer.from(text.slice(2), 'base64'));
  const octets = text.startsWith('@') ? file(text.slice(1)).replace(/\r?\n$/, '') : text;
  if (octets.length === 0) throw new InvalidArgumentError('It is empty.');
  return new TextEncoder().encode(octets);
}

/** Contents of files, in their order. */
export const pem = (path: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  file(path),
];

export function sources(text: string): readonly string[] {
  const found = parseSources(text);
  if (found === undefined || found.length === 0)
    throw new InvalidArgumentError('It is no network such as 127.1.0.0/24 or 2001:db8::/120.');
  return found;
}

function file(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

/** Throws CommandError, which names the options, on what does not go together. */
export function check(options: BenchOptions): void {
  const { self, psk, cert, ca, mode, concurrency, rate } = options;
  const wrong = (text: string): never => {
    throw new CommandError(text, 2);
  };
  if ((options.target === undefined) === (self === undefined))
    wrong('give --target ADDRESS[:PORT], or --self for a responder of its own');
  if (options.provider && !self) wrong('--provider is of the responder that --self starts: give --self too');
  if (options.targetPid !== undefined && self) wrong('--target-pid is not needed with --self');
  if (concurrency && rate) wrong('--concurrency (closed loop) and --rate (open loop) exclude each other');
  if (options.duration !== undefined && options.count !== undefined)
    wrong('--duration and --count exclude each other');
  if (psk && cert) wrong('--psk and --cert exclude each other');
  if (cert && !ca) wrong('--cert needs --ca FILE: the authority of the responder');
  if (ca && !cert) wrong('--ca goes with --cert FILE: our certificate and its key');
  if (mode === 'handshake' && options.target && !psk && !cert)
    wrong('give --psk SECRET, or --cert FILE with --ca FILE');
  if (mode !== 'handshake') {
    for (const name of ['psk', 'cert', 'children', 'rekey', 'keep', 'leave'] as const)
      if (options[name] !== undefined)
        wrong(`--${name} has no place in --mode ${mode}: nothing comes after IKE_SA_INIT`);
  }
  if (options.rekey && options.rekey !== 'ike' && options.children === 0)
    wrong('--rekey children needs a child: --children 1 or more');
}

/** What the load proves itself with; `fallback` is the secret of our own responder. */
export function credentialsOf({ psk, cert, ca }: BenchOptions, fallback: Uint8Array): Credentials {
  if (cert) return { kind: 'certificate', pem: cert, authorities: ca ?? [] };
  return { kind: 'psk', secret: psk ?? fallback };
}

/** One run for each. */
export function pacesOf({ concurrency, rate }: BenchOptions): readonly Pace[] {
  if (rate) return rate.map((each) => ({ kind: 'open', rate: each }));
  return (concurrency ?? [16]).map((each) => ({ kind: 'closed', concurrency: each }));
}

export function limitOf({ duration: milliseconds, count }: BenchOptions): Limit {
  if (count !== undefined) return { kind: 'count', count };
  return { kind: 'duration', milliseconds: milliseconds ?? 10_000 };
}
