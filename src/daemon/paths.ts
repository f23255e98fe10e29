/** Where things are when nobody says otherwise. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export const defaultConfig = '/etc/ipsec.conf';
export const defaultSecrets = '/etc/ipsec.secrets';
/** Of keys and certificates: `private/ certs/ cacerts/ crls/`. */
export const defaultStore = '/etc/ipsec.d';

/** `/run/ikev2/control.sock` for root; else in the user's runtime directory, or at home when there is none. */
export function defaultControl(env: NodeJS.ProcessEnv = process.env, uid = process.getuid?.() ?? 0): string {
  if (uid === 0) return '/run/ikev2/control.sock';
  const runtime = env.XDG_RUNTIME_DIR;
  return runtime ? join(runtime, 'ikev2', 'control.sock') : join(homedir(), '.ikev2', 'control.sock');
}
