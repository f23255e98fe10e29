/** `ikev2 showstates`: IKE SAs and their children, with their numbers. */
import type { Command } from 'commander';
import { stateLines } from '../daemon/pluto-lines.ts';
import type { DaemonStatus } from '../daemon/status.ts';
import { type ControlOptions, withControl } from './options.ts';
import { isForAny, ofConnection } from './status-choice.ts';
import { withDaemon } from './with-daemon.ts';

export function add(program: Command): void {
  withControl(program.command('showstates [name]'))
    .description('show IKE SAs and their children, as ipsec showstates does')
    .action((name: string | undefined, options: ControlOptions) =>
      withDaemon(options, async (control, output) => {
        const status = ofConnection(await control.request<DaemonStatus>({ command: 'status' }), name);
        for (const sa of status.ikeSas) {
          for (const line of stateLines(sa, status, isForAny(sa.connection, status))) output.line(line);
          const { children, ...own } = sa;
          output.object({ kind: 'ikeSa', ...own });
          for (const child of children) {
            const traffic = status.traffic[child.inboundSpi];
            output.object({
              kind: 'childSa',
              ...child,
              ikeSa: sa.number,
              inbound: traffic?.in,
              outbound: traffic?.out,
            });
          }
        }
      }),
    );
}
