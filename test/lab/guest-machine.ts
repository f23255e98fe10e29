/** User-mode Linux: a real kernel as an ordinary process, which runs the cases and reports them line by line. */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scratch } from '../interop/peers/mounts.ts';
import { project } from '../interop/peers/places.ts';
import { Background, must, until } from '../interop/peers/process.ts';
import type { Boot, Job, Report } from './guest/job.ts';
import { rootTree } from './root.ts';

/** Octets of the guest's memory, which lies in a file of a tmpfs. */
const memory = 1024 * 1024 * 1024;

/** `npm run check` looks at the types. */
const compile = [process.execPath, join(project, 'node_modules/typescript/bin/tsc'), '--noCheck'];
/** When these tests are gone it ends by SIGTERM, of which it tells all its processes; SIGKILL would leave some of them. */
const withUs = ['setpriv', '--pdeathsig', 'TERM', '--'];
const runner = '.cache/lab/test/lab/guest/main.js';

export interface MachineOptions {
  readonly boot: Boot;
  readonly job: Job;
  /** Milliseconds until it is ended by force. */
  readonly limit: number;
}

export class GuestMachine {
  readonly #directory: string;
  readonly #kernel: Background;
  readonly #limit: NodeJS.Timeout;

  private constructor(directory: string, kernel: Background, limit: number) {
    this.#directory = directory;
    this.#kernel = kernel;
    this.#limit = setTimeout(this.#kill, limit);
    process.once('exit', this.#sweep);
  }

  static async boot({ boot, job, limit }: MachineOptions): Promise<GuestMachine> {
    await must([...compile, '-p', join(project, 'test/lab/tsconfig.json')]);
    const { tree, preload } = await rootTree();
    const directory = realpathSync(scratch('lab').path);
    const share = join(directory, 'share');
    mkdirSync(share);
    writeFileSync(join(share, 'job.json'), JSON.stringify(job));
    const root = ['root=/dev/root', 'rootfstype=hostfs', `rootflags=${tree}`, 'ro', 'init=/lab-init'];
    const told = [`lab.share=${share}`, `lab.project=${project.replace(/\/$/, '')}`, `lab.run=${runner}`];
    if (boot === 'enforcing') told.push('lab.selinux=enforcing');
    const machine = [`mem=${memory}`, `uml_dir=${directory}/`, 'umid=lab', 'quiet'];
    const console = ['con=null', 'con0=null,fd:1', 'ssl=null'];
    const kernel = new Background([...withUs, 'linux.uml', ...machine, ...console, ...root, ...told], {
      env: { TMPDIR: memoryDirectory(), ...(preload !== undefined && { LD_PRELOAD: preload }) },
    });
    return new GuestMachine(directory, kernel, limit);
  }

  /** Waits for the report of a case. Throws when the guest ends without. */
  report(name: string, within: number): Promise<Report> {
    const find = () => {
      const found = this.#reports().find((report) => report.name === name);
      if (!found && !this.#kernel.running)
        throw new Error(`no report of "${name}": the guest ended before\n${this.said}`);
      return found;
    };
    return until(`the report of "${name}"`, find, within, () => this.said);
  }

  /** Waits until it halts by itself. Throws when the runner failed. */
  async halt(): Promise<void> {
    await this.#kernel.exited;
    const code = this.#read('exit').trim();
    if (code !== '0') throw new Error(`the case runner: exit ${code || 'without a code'}\n${this.said}`);
  }

  /** Ends it, by force if need be, and removes what it wrote. */
  async close(): Promise<void> {
    clearTimeout(this.#limit);
    this.#kill();
    await this.#kernel.exited;
    process.removeListener('exit', this.#sweep);
    this.#sweep();
  }

  /** What the runner and the console printed, at the end. */
  get said(): string {
    return [this.#read('output'), this.#kernel.output]
      .map((text) => text.slice(-4_000))
      .join('\n--- console\n');
  }

  #reports(): Report[] {
    // The last line may be on its way.
    const lines = this.#read('reports').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Report);
  }

  #read(name: string): string {
    const path = join(this.#directory, 'share', name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** User-mode Linux makes itself the leader of a session, in which all its processes are. */
  readonly #kill = (): void => {
    try {
      process.kill(-this.#kernel.pid, 'SIGKILL');
    } catch {
      // Not yet its leader, or gone.
      this.#kernel.signal('SIGKILL');
    }
  };

  readonly #sweep = (): void => {
    this.#kill();
    rmSync(this.#directory, { recursive: true, force: true });
  };
}

/** A tmpfs with room for the guest's memory; a plain directory is slower. */
function memoryDirectory(): string {
  const shared = '/dev/shm';
  if (!existsSync(shared)) return tmpdir();
  const { bavail, bsize } = statfsSync(shared);
  return bavail * bsize > 1.2 * memory ? shared : tmpdir();
}
