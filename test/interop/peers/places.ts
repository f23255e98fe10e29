/** Where things are. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Above this file, or above where a bench compiled it to. */
export const project = above(dirname(fileURLToPath(import.meta.url)));
export const cache = join(project, '.cache', 'interop');
/** The built command of this package, or of the build that IKEV2_DIST names. */
export const ikev2 = join(process.env.IKEV2_DIST ?? join(project, 'dist'), 'cli', 'main.js');

function above(directory: string): string {
  return existsSync(join(directory, 'package.json')) ? directory : above(dirname(directory));
}
