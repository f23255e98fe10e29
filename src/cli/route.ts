/** `ikev2 route`: packets of a connection's traffic ask for its children. */
import type { Command } from 'commander';
import { type ControlOptions, withControl } from './options.ts';
import { withDaemon } from './with-daemon.ts';

export function add(program: Command): void {
  withControl(program.command('route <name>'))
    .description("have a connection's traffic bring it up, as auto=ondemand does")
    .action((name: string, options: ControlOptions) =>
      withDaemon(options, async (control, output) => {
        const { already } = await control.request<{ already: boolean }>({ command: 'route', name });
        output.line(`"${name}" ${already ? 'was on demand already' : 'is on demand'}`);
        output.object({ kind: 'route', name, already });
      }),
    );
}
