/** `ikev2 shuntstatus`: what goes in clear, or not at all. */
import type { Command } from 'commander';
import { shuntLine } from '../daemon/pluto-lines.ts';
import type { DaemonStatus } from '../daemon/status.ts';
import { type ControlOptions, withControl } from './options.ts';
import { ofConnection } from './status-choice.ts';
import { withDaemon } from './with-daemon.ts';

export function add(program: Command): void {
  withControl(program.command('shuntstatus [name]'))
    .description('show what goes in clear, or not at all, as ipsec shuntstatus does')
    .action((name: string | undefined, options: ControlOptions) =>
      withDaemon(options, async (control, output) => {
        const { shunts } = ofConnection(await control.request<DaemonStatus>({ command: 'status' }), name);
        output.line('Bare Shunt list:');
        output.line();
        for (const shunt of shunts) {
          output.line(shuntLine(shunt));
          output.object({ kind: 'shunt', ...shunt });
        }
      }),
    );
}
