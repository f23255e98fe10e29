#!/usr/bin/env node
/** The command line. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';

interface CommandFile {
  /** Tells commander of one command. */
  add(program: Command): void;
}

/** In the order of the help. Only the one that is asked for is loaded. */
const commands: ReadonlyMap<string, () => Promise<CommandFile>> = new Map([
  ['demo', () => import('./demo.ts')],
  ['check', () => import('./check.ts')],
  ['daemon', () => import('./daemon.ts')],
  ['add', () => import('./add.ts')],
  ['up', () => import('./up.ts')],
  ['down', () => import('./down.ts')],
  ['delete', () => import('./delete.ts')],
  ['rekey', () => import('./rekey.ts')],
  ['route', () => import('./route.ts')],
  ['unroute', () => import('./unroute.ts')],
  ['status', () => import('./status.ts')],
  ['trafficstatus', () => import('./trafficstatus.ts')],
  ['showstates', () => import('./showstates.ts')],
  ['shuntstatus', () => import('./shuntstatus.ts')],
  ['reload', () => import('./reload.ts')],
  ['stop', () => import('./stop.ts')],
  ['import', () => import('./import.ts')],
  ['newhostkey', () => import('./newhostkey.ts')],
  ['showhostkey', () => import('./showhostkey.ts')],
  ['ping', () => import('./ping.ts')],
  ['fault', () => import('./fault.ts')],
  ['replay', () => import('./replay.ts')],
]);

const usage = 2;

/** `ikev2 status | head`: a reader that leaves does not change what the command does, nor its exit code. */
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });

async function makeProgram(asked: string | undefined): Promise<Command> {
  const program = new Command('ikev2')
    .description('IKEv2 (RFC 7296). Try: ikev2 demo')
    .version(version(), '-V, --version')
    .showHelpAfterError('(see --help)')
    .exitOverride();
  const wanted = commands.get(asked ?? '');
  for (const load of wanted ? [wanted] : commands.values()) (await load()).add(program);
  return program;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

try {
  await (await makeProgram(process.argv[2])).parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : usage;
}
