/** The floors of the house: who may import whom, what a pure room never says, how long a file may be. */
import { posix } from 'node:path';
import { strip } from './strip.ts';

export interface SourceFile {
  /** Below `src/`: `wire/reader.ts`. */
  readonly path: string;
  readonly text: string;
}

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

/**
 * What a room may import beside itself: a room, a file of one, or a module of Node. `type` in front: only types.
 * A file's own entry (`kernel/userspace`, by the beginning of its path) adds to its room's.
 */
const floors: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  crypto: ['wire/numbers'],
  'crypto/node/': ['node:crypto'],
  pki: ['crypto', 'wire/numbers'],
  // A policy names its secrets and asks which algorithms there are: types.
  // A distinguished name is an identity, and pki writes it.
  policy: ['wire', 'crypto/suite', 'type crypto', 'type pki', 'pki/dn-text'],
  eap: ['wire/numbers', 'wire/hex', 'type wire/payloads/eap', 'crypto'],
  // Text comes from files.
  config: ['policy', 'pki', 'eap', 'crypto', 'wire', 'node:fs', 'node:path', 'node:os'],
  ike: ['wire', 'crypto', 'pki', 'policy', 'type kernel/port'],
  esp: ['wire/numbers', 'crypto'],
  // The port speaks of traffic selectors; addresses and hexadecimal text are octets too.
  kernel: ['policy', 'wire/numbers', 'wire/address', 'wire/hex', 'type wire/payloads/ts', 'type crypto'],
  // The user space data plane makes its suites from the command's transforms.
  'kernel/userspace': ['esp', 'crypto/suite'],
  'kernel/echoes': ['esp'],
  'kernel/libc': ['node:'],
  // SELinux is asked through files.
  'kernel/selinux': ['node:'],
  // A device is one of the host, whose addresses it knows.
  'kernel/userspace-tun': ['node:os'],
  // The system's data plane is reached through a socket.
  'kernel/xfrm/': ['node:'],
  daemon: ['config', 'ike', 'esp', 'kernel', 'policy', 'pki', 'eap', 'crypto', 'wire', 'node:'],
  load: ['config', 'ike', 'esp', 'kernel', 'policy', 'pki', 'eap', 'crypto', 'wire', 'node:'],
  testing: ['config', 'ike', 'esp', 'kernel', 'policy', 'pki', 'eap', 'crypto', 'wire', 'node:'],
  cli: ['daemon', 'load', 'testing', 'config', 'node:'],
};

/** Rooms without time, promises, randomness and the process they run in. */
const pure = new Set(['ike', 'esp', 'wire', 'policy']);
const impure =
  /\b(?:async|await|Promise|Date|setTimeout|setInterval|setImmediate|queueMicrotask|performance|Math\.random|process|console)\b/g;

/** A room that may hand on the promise of another's answer (TLS is the daemon's), and is pure else. */
const waiting = new Set(['eap']);

/** `generateKeyPair` in a synchronous program deadlocks under load (facts of node:crypto). */
const nowhere = /\bgenerateKeyPair(?:Sync)?\b/g;

const empty = /^(?:utils?|helpers?|common|managers?|core|base)$/;
const emptyClass = /\bclass\s+(\w*(?:Manager|Helper|Util|Handler|Base))\b/g;

const longest = 400;
/** Registries and keyword tables are long by nature. */
const tables = /(?:^|[/-])(?:numbers|keywords?)\.ts$/;

/** Every breach, as `path:line: what is wrong`. */
export function breaches(file: SourceFile): string[] {
  return [...importBreaches(file), ...wordBreaches(file), ...shapeBreaches(file)];
}

function importBreaches(file: SourceFile): string[] {
  const room = roomOf(file.path);
  if (room === undefined) return [];
  if (floors[room] === undefined) return [`${file.path}:1: no such room: ${room}`];
  const allowed = Object.entries(floors).flatMap(([place, may]) =>
    place === room || (place.includes('/') && file.path.startsWith(place)) ? may : [],
  );
  return importsOf(file)
    .filter((one) => !mayImport(room, allowed, one))
    .map((one) => `${file.path}:${one.line}: ${room} may not import ${one.from}`);
}

function mayImport(room: string, allowed: readonly string[], one: Import): boolean {
  const isNode = one.from.startsWith('node:');
  // A package of the registry: dependencies are chosen in package.json.
  if (!isNode && !one.from.startsWith('/')) return true;
  const target = isNode ? one.from : one.from.slice(1);
  if (roomOf(target) === room) return true;
  return allowed.some((entry) => {
    const typeOnly = entry.startsWith('type ');
    const place = typeOnly ? entry.slice('type '.length) : entry;
    if (typeOnly && !one.typeOnly) return false;
    return target === place || target === `${place}.ts` || target.startsWith(isNode ? place : `${place}/`);
  });
}

/** Specifiers of a file; relative ones become `/room/file.ts`. */
function importsOf(file: SourceFile): Import[] {
  const text = strip(file.text, 'keep');
  const statement =
    /(?:^|[;\n])\s*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;
  return [...text.matchAll(statement)].map((found) => {
    const named = found[2] ?? found[3] ?? '';
    const from = named.startsWith('.') ? `/${posix.join(posix.dirname(file.path), named)}` : named;
    return {
      from: from.replace(/^\/\.\.\//, '/'),
      typeOnly: found[1] !== undefined,
      line: lineOf(text, found),
    };
  });
}

function wordBreaches(file: SourceFile): string[] {
  const text = strip(file.text, 'drop');
  const room = roomOf(file.path) ?? '';
  const words = pure.has(room) || waiting.has(room) ? [impure, nowhere] : [nowhere];
  return words.flatMap((word) =>
    [...text.matchAll(word)]
      .filter(([found]) => !(waiting.has(room) && found === 'Promise'))
      .map((found) => `${file.path}:${lineOf(text, found)}: ${found[0]} does not belong here`),
  );
}

function shapeBreaches(file: SourceFile): string[] {
  const found: string[] = [];
  const lines = file.text.split('\n').length - (file.text.endsWith('\n') ? 1 : 0);
  if (lines > longest && !tables.test(file.path)) {
    found.push(`${file.path}:${longest}: ${lines} lines, at ${longest} stop and split`);
  }
  for (const word of file.path.replace(/\.ts$/, '').split(/[/.-]/)) {
    if (empty.test(word)) found.push(`${file.path}:1: "${word}" names nothing`);
  }
  const text = strip(file.text, 'drop');
  for (const name of text.matchAll(emptyClass)) {
    found.push(`${file.path}:${lineOf(text, name)}: ${name[1]} names nothing`);
  }
  return found;
}

/** The directory right under `src/`; the files of `src/` itself, the package's public names, have none. */
function roomOf(path: string): string | undefined {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : undefined;
}

function lineOf(text: string, found: RegExpMatchArray): number {
  const at = (found.index ?? 0) + found[0].search(/\S/);
  return text.slice(0, at).split('\n').length;
}
