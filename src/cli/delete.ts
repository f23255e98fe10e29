/** `ikev2 delete`: takes a connection down and forgets it. */
import type { Command } from 'commander';
import { type ControlOptions, withControl } from './options.ts';
import { withDaemon } from './with-daemon.ts';

export function add(program: Command): void {
  withControl(program.command('delete <name>'))
    .description('take a connection down and forget it until `add` or `reload`')
    .action((name: string, options: ControlOptions) =>
      withDaemon(options, async (control, output) => {
        await control.request({ command: 'delete', name });
        output.line(`"${name}" deleted`);
        output.object({ kind: 'delete', name });
      }),
    );
}
