/** A scratch directory, and commands that see their own /run and files of ours in the places of the system's. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inNetwork } from './namespaces.ts';

const scratches = new Set<string>();
process.once('exit', () => {
  for (const path of scratches) rmSync(path, { recursive: true, force: true });
});

/** A directory that goes with this process at the latest. */
export function scratch(name: string): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `ikev2t-${name}-`));
  scratches.add(path);
  const remove = () => {
    rmSync(path, { recursive: true, force: true });
    scratches.delete(path);
  };
  return { path, remove };
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
