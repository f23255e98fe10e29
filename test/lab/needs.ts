/** What the lab needs of the machine. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { ikev2 } from '../interop/peers/places.ts';

const install = 'apt-get install -y --no-install-recommends user-mode-linux mmdebstrap';

/** Why it cannot run, and what to do. */
export function lacking(): string | undefined {
  const missing = ['linux.uml', 'mmdebstrap'].filter((command) => !isThere(command));
  if (missing.length > 0) return `${missing.join(' and ')} not installed: ${install}`;
  if (process.getuid?.() !== 0) return 'needs root to unpack Debian packages';
  return existsSync(ikev2) ? undefined : 'dist/ is not built: npm run build';
}

function isThere(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
