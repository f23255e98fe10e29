/** Where things are. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const project = fileURLToPath(new URL('../../../', import.meta.url));
export const cache = join(project, '.cache', 'interop');
/** The built command of this package, or of the build that IKEV2_DIST names. */
export const ikev2 = join(process.env.IKEV2_DIST ?? join(project, 'dist'), 'cli', 'main.js');
