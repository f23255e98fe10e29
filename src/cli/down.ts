/** `ikev2 down`: deletes a connection's SAs at the peer; it stays down. */
import type { Command } from 'commander';
import { type ControlOptions, withControl } from './options.ts';
import { withDaemon } from './with-daemon.ts';

export function add(program: Command): void {
  withControl(program.command('down <name>'))
    .description('delete the SAs of a connection at its peer; it stays down until `up`')
    .action((name: string, options: ControlOptions) =>
      withDaemon(options, async (control, output) => {
        const { deleted } = await control.request<{ deleted: number }>(
          { command: 'down', name },
          ({ text, event }) => {
            output.line(text);
            if (event) output.object(event);
          },
        );
        output.line(deleted > 0 ? `"${name}" is down` : `"${name}" was not up`);
        output.object({ kind: 'down', name, deleted });
      }),
    );
}
