/** `ikev2 fault`: a misbehaving peer, by a script of rules, against a live daemon. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { fileSource, type Loaded } from '../daemon/policy-source.ts';
import { type FaultRunOptions, type FaultRunOutcome, runFaults } from '../testing/fault-run.ts';
import { FaultError } from '../testing/faults/fields.ts';
import { ladder } from '../testing/ladder.ts';
import { CommandError, perform } from './failure.ts';
import { type ConfigOptions, jsonOption, port, withConfig } from './options.ts';
import { Output, paint } from './output.ts';

interface FaultOptions extends ConfigOptions {
  readonly script: string;
  readonly ikePort?: number;
  readonly natPort?: number;
  readonly respond?: boolean;
  readonly details?: boolean;
  readonly seed?: string;
  readonly json?: boolean;
}

export function add(program: Command): void {
  withConfig(program.command('fault <name>'))
    .description(
      'be the peer of a connection and break the protocol as a script says (docs/faults.md); exit code 0 only when ' +
        'every rule acted and all that the script expects came about',
    )
    .requiredOption('--script <file>', 'rules and expectations, as JSON')
    .option('--ike-port <port>', 'UDP port for IKE, 0 for a free one (default: 500)', port)
    .option('--nat-port <port>', 'UDP port for IKE behind NAT, 0 for a free one (default: 4500)', port)
    .option('--respond', 'wait for the peer to initiate')
    .option('--details', 'a line for each payload')
    .option('--seed <text>', 'draw the same as in another run with this seed; its keys are no secret')
    .addOption(jsonOption())
    .action((name: string, options: FaultOptions) =>
      perform(options, () => run(name, options, new Output(options))),
    );
}

async function run(name: string, options: FaultOptions, output: Output): Promise<void> {
  const script = { text: readScript(options.script), name: options.script };
  const loaded = await fileSource(options)();
  const entry = loaded.policy.pad.find((each) => each.name === name);
  if (entry === undefined) throw new CommandError(`there is no connection "${name}" in ${options.config}`, 2);
  if (!options.respond && entry.remote.address === undefined)
    throw new CommandError(`"${name}" has no address to initiate to: give --respond`, 2);
  const outcome = await faultRun({
    script,
    policy: loaded.policy,
    entry,
    ports: portsOf(options, loaded.settings),
    initiate: options.respond !== true,
    ...(options.seed !== undefined && { seed: options.seed }),
    watch: (flight) => {
      for (const line of ladder({ flights: [flight] }, { details: options.details ?? false }))
        output.line(line);
    },
    hear: (event) => {
      if (event.kind !== 'keys' && event.kind !== 'childKeys') output.object(event);
    },
  });
  tell(outcome, output);
}

/** What is wrong with the script is a wrong question. */
async function faultRun(options: FaultRunOptions): Promise<FaultRunOutcome> {
  try {
    return await runFaults(options);
  } catch (error) {
    throw error instanceof FaultError ? new CommandError(error.message, 2) : error;
  }
}

function readScript(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`--script: ${error instanceof Error ? error.message : error}`, 2);
  }
}

const portsOf = ({ ikePort, natPort }: FaultOptions, settings: Loaded['settings']) => ({
  ike: ikePort ?? settings?.ikePort ?? 500,
  nat: natPort ?? settings?.natPort ?? 4500,
});

/** Throws CommandError with what is not as it should be. */
function tell({ report, log, complaints }: FaultRunOutcome, output: Output): void {
  output.line();
  for (const { rule, matched, acted } of report) output.line(`${rule}: matched ${matched}, acted ${acted}`);
  for (const line of log) output.line(`log: ${line}`);
  output.object({ kind: 'fault', ok: complaints.length === 0, report, log, complaints });
  if (complaints.length > 0) throw new CommandError(complaints.join('\n'));
  output.line(paint('green', 'every rule acted, and all came about as expected'));
}
