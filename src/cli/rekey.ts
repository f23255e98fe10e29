/** `ikev2 rekey`: new keys for a connection. */
import type { Command } from 'commander';
import { type ControlOptions, withControl } from './options.ts';
import { withDaemon } from './with-daemon.ts';

export function add(program: Command): void {
  withControl(program.command('rekey <name>'))
    .description('make new keys for a connection (not in this release: says what to do instead, exit code 2)')
    .action((name: string, options: ControlOptions) =>
      withDaemon(options, async (control, output) => {
        await control.request({ command: 'rekey', name }, ({ text, event }) => {
          output.line(text);
          if (event) output.object(event);
        });
        output.object({ kind: 'rekey', name });
      }),
    );
}
