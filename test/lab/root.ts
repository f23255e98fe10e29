/** The guest's root tree: built once, kept by the hash of what it is made of. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must, run } from '../interop/peers/process.ts';

const recipe = fileURLToPath(new URL('root/', import.meta.url));

export interface Root {
  /** A real path, as hostfs wants it. */
  readonly tree: string;
  /** For LD_PRELOAD of the guest's kernel; see root/xstate.c. Absent where there is no compiler. */
  readonly preload?: string;
}

/** Builds it unless it is there. Throws with what the build printed. */
export async function rootTree(): Promise<Root> {
  const place = join(cache(), fingerprint());
  if (!existsSync(place)) await build(place);
  const preload = join(place, 'xstate.so');
  return { tree: join(place, 'tree'), ...(existsSync(preload) && { preload }) };
}

async function build(place: string): Promise<void> {
  mkdirSync(cache(), { recursive: true });
  const partial = mkdtempSync(join(cache(), 'partial-'));
  try {
    await must([join(recipe, 'build'), join(partial, 'tree')], { within: 240_000 });
    const compile = ['gcc', '-O2', '-shared', '-fPIC', '-o', join(partial, 'xstate.so')];
    await run([...compile, join(recipe, 'xstate.c'), '-ldl']);
    if (!existsSync(place)) renameSync(partial, place);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

const cache = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ikev2', 'lab');

function fingerprint(): string {
  const hash = createHash('sha256').update(process.version);
  for (const name of readdirSync(recipe).sort()) hash.update(name).update(readFileSync(join(recipe, name)));
  return hash.digest('hex').slice(0, 16);
}
