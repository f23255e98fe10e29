/** A scratch directory, and commands that see their own /run and files of ours in the places of the system's. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inNetwork } from './namespaces.ts';

const prefix = 'ikev2t-';
const base = join(tmpdir(), `${prefix}${process.pid}`);
process.once('exit', () => rmSync(base, { recursive: true, force: true }));

/** A directory that goes with this process at the latest, or with the next run if that was killed. */
export function scratch(name: string): { path: string; remove(): void } {
  if (!existsSync(base)) sweep();
  mkdirSync(base, { recursive: true, mode: 0o700 });
  const path = mkdtempSync(join(base, `${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Texts by their paths below a directory. */
export type Files = { readonly [path: string]: string };

/** Writes them, for their owner alone. */
export function writeFiles(directory: string, files: Files): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, text, { mode: 0o600 });
  }
}

function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    if (!/^\d+$/.test(owner) || existsSync(`/proc/${owner}`)) continue;
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

/** A directory of ours and the place where the command is to see it. Both exist. */
export type Bind = readonly [from: string, to: string];

/**
 * Runs in a network namespace and a mount namespace of its own: /run is empty but for `runDirs`.
 * Everything before the command execs, so that the process started is the command itself.
 */
export function privately(
  namespace: string,
  runDirs: readonly string[],
  binds: readonly Bind[],
  command: readonly string[],
): string[] {
  const steps = ['mount -t tmpfs tmpfs /run', ...runDirs.map((dir) => `mkdir -p '${dir}'`)];
  for (const [from, to] of binds) steps.push(`mkdir -p '${to}'`, `mount --bind '${from}' '${to}'`);
  const script = `set -e; ${steps.join('; ')}; exec "$@"`;
  return [...inNetwork(namespace), 'unshare', '-m', '--', 'sh', '-c', script, 'sh', ...command];
}

/** What to put before a command so that it sees what the process `pid` sees. */
export const beside = (pid: number): string[] => ['nsenter', '-t', String(pid), '-m', '-n', '--'];
