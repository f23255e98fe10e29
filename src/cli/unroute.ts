/** `ikev2 unroute`: packets ask for a connection's children no longer. */
import type { Command } from 'commander';
import { type ControlOptions, withControl } from './options.ts';
import { withDaemon } from './with-daemon.ts';

export function add(program: Command): void {
  withControl(program.command('unroute <name>'))
    .description("no longer have a connection's traffic bring it up; what is up stays")
    .action((name: string, options: ControlOptions) =>
      withDaemon(options, async (control, output) => {
        const { was } = await control.request<{ was: boolean }>({ command: 'unroute', name });
        output.line(`"${name}" ${was ? 'is on demand no longer' : 'was not on demand'}`);
        output.object({ kind: 'unroute', name, was });
      }),
    );
}
