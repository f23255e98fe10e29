/** `ikev2 stop`: ends the daemon, as SIGTERM does. */
import type { Command } from 'commander';
import { type ControlOptions, withControl } from './options.ts';
import { withDaemon } from './with-daemon.ts';

export function add(program: Command): void {
  withControl(program.command('stop'))
    .description('delete all SAs at the peers and end the daemon')
    .action((options: ControlOptions) =>
      withDaemon(options, async (control, output) => {
        await control.request({ command: 'stop' });
        await control.closed;
        output.line('stopped');
        output.object({ kind: 'stop' });
      }),
    );
}
