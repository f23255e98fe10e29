/** `ikev2 down`: deletes a connection's SAs at the peer; it stays down. */
import type { Command } from 'commander';
import { type ControlOptions, withControl } from './options.ts';
import { withDaemon } from './with-daemon.ts';

interface DownOptions extends ControlOptions {
  readonly child?: string;
}

export function add(program: Command): void {
  withControl(program.command('down <name>'))
    .description('delete the SAs of a connection at its peer; it stays down until `up`')
    .option('--child <child>', 'delete this child of it only')
    .action((name: string, options: DownOptions) =>
      withDaemon(options, async (control, output) => {
        const { deleted } = await control.request<{ deleted: number }>(
          { command: 'down', name, ...(options.child !== undefined && { child: options.child }) },
          ({ text, event }) => {
            output.line(text);
            if (event) output.object(event);
          },
        );
        const what = `"${options.child ?? name}"`;
        output.line(deleted > 0 ? `${what} is down` : `${what} was not up`);
        output.object({ kind: 'down', name, deleted });
      }),
    );
}
