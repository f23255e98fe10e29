/** The LD_PRELOAD libraries that let a peer believe this kernel has ESP. Their sources lie beside the project. */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { cache, project } from './places.ts';
import { must } from './process.ts';

const sources = join(project, '..', 'shared', 'peers');

export type Shim = 'fakexfrm' | 'fakeselinux' | 'fakepfkey';

/** The C file of a shim, which may not be there. */
export const shimSource = (name: Shim): string => join(sources, `${name}.c`);

export const haveShim = (name: Shim): boolean => existsSync(shimSource(name));

/** Compiles a shim, unless this very text has been compiled before. The path of the library. */
export async function shim(name: Shim): Promise<string> {
  const text = readFileSync(shimSource(name));
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const library = join(cache, `${name}-${digest}.so`);
  if (existsSync(library)) return library;
  mkdirSync(cache, { recursive: true });
  // Tests of one process ask side by side.
  const fresh = `${library}.${randomUUID()}`;
  await must(['gcc', '-O2', '-shared', '-fPIC', '-o', fresh, shimSource(name), '-ldl'], { within: 60_000 });
  renameSync(fresh, library);
  return library;
}
