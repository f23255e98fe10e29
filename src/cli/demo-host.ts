/** One end of the demo: a daemon in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ControlClient } from '../daemon/control-client.ts';
import type { LocalPorts } from '../daemon/udp.ts';
import { CommandError } from './failure.ts';

export interface DemoHost {
  readonly pid: number;
  readonly local: LocalPorts;
  readonly control: ControlClient;
  /** Writes the host's configuration anew. */
  configure(text: string): void;
  /** Ends the process, peacefully when it can. */
  stop(): Promise<void>;
}

/** Starts a daemon on free ports of `address`; all its files lie in `directory`. Throws CommandError. */
export async function startHost(
  directory: string,
  name: string,
  address: string,
  secrets: string,
  options: readonly string[] = [],
): Promise<DemoHost> {
  const config = join(directory, `${name}.conf`);
  const controlPath = join(directory, `${name}.sock`);
  writeFileSync(config, '');
  const main = fileURLToPath(new URL('./main.js', import.meta.url));
  const ports = ['--listen', address, '--ike-port', '0', '--nat-port', '0'];
  const files = ['--config', config, '--secrets', secrets, '--control', controlPath];
  const child = spawn(process.execPath, [main, 'daemon', '--json', ...files, ...ports, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  try {
    const local = await ready(child, name);
    const control = await ControlClient.connect(controlPath);
    return {
      pid: child.pid ?? 0,
      local,
      control,
      configure: (text) => writeFileSync(config, text),
      stop: async () => {
        control.close();
        child.kill('SIGTERM');
        await exited;
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** Reads the daemon's log up to its `ready`, which tells its ports. */
function ready(child: ChildProcess, name: string): Promise<LocalPorts> {
  return new Promise((resolve, reject) => {
    const { stdout } = child;
    if (stdout === null) throw new CommandError(`the ${name} has no output`);
    createInterface({ input: stdout }).on('line', (line) => {
      const { event, listening, error } = JSON.parse(line) as {
        event?: string;
        listening?: LocalPorts[];
        error?: { text: string };
      };
      if (error) reject(new CommandError(`the ${name} did not start: ${error.text}`));
      const [local] = listening ?? [];
      if (event === 'ready' && local) resolve(local);
    });
    child.on('error', reject);
    child.on('exit', (code) => reject(new CommandError(`the ${name} ended early, exit code ${code}`)));
  });
}
