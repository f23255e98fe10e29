/** `ikev2 check`: what the configuration comes to, or its mistakes. */
import type { Command } from 'commander';
import { formatMistake, type Mistake } from '../config/index.ts';
import { connectionLines, connectionObject } from '../daemon/describe-connection.ts';
import { readConfiguration } from '../daemon/policy-source.ts';
import { CommandError, perform } from './failure.ts';
import { type ConfigOptions, jsonOption, port, withConfig } from './options.ts';
import { type Colour, Output, paint } from './output.ts';

interface CheckOptions extends ConfigOptions {
  readonly natPort?: number;
  readonly json?: boolean;
}

export function add(program: Command): void {
  withConfig(program.command('check'))
    .description('read the configuration; print the resolved connections, or the mistakes')
    .option('--nat-port <port>', 'the UDP port the daemon will use for IKE and ESP behind NAT', port)
    .addOption(jsonOption())
    .action((options: CheckOptions) => perform(options, () => check(options)));
}

async function check(options: CheckOptions): Promise<void> {
  const output = new Output(options);
  const { result, store } = await readConfiguration(options);
  for (const mistake of store.mistakes) {
    if (!output.json) process.stderr.write(`${paint('yellow', mistake, process.stderr)}\n`);
    output.object({ type: 'store', message: mistake });
  }
  if ('mistakes' in result) {
    report(result.mistakes, output);
    const errors = result.mistakes.filter(({ severity }) => severity === 'error').length;
    throw new CommandError(
      `${options.config}: ${errors} ${errors === 1 ? 'error' : 'errors'}, nothing would be loaded`,
    );
  }
  report(result.notes, output);
  for (const connection of result.connections) {
    const [head = '', ...rest] = connectionLines(connection);
    for (const line of [paint('bold', head), ...rest]) output.line(line);
    output.object(connectionObject(connection));
  }
  const { length } = result.connections;
  output.line(
    paint('green', `${options.config}: ${length} ${length === 1 ? 'connection' : 'connections'}, no errors`),
  );
}

const colours: Record<Mistake['severity'], Colour> = { error: 'red', warning: 'yellow', note: 'dim' };

function report(mistakes: readonly Mistake[], output: Output): void {
  for (const mistake of mistakes) {
    if (!output.json)
      process.stderr.write(`${paint(colours[mistake.severity], formatMistake(mistake), process.stderr)}\n`);
    output.object({ type: 'mistake', ...mistake });
  }
}
