/** `ikev2 trafficstatus`: what each child carried. */
import type { Command } from 'commander';
import { childTraffic, trafficLine } from '../daemon/pluto-lines.ts';
import type { DaemonStatus } from '../daemon/status.ts';
import { type ControlOptions, withControl } from './options.ts';
import { isForAny, ofConnection } from './status-choice.ts';
import { withDaemon } from './with-daemon.ts';

export function add(program: Command): void {
  withControl(program.command('trafficstatus [name]'))
    .description('show what each child carried, a line each, as ipsec trafficstatus does')
    .action((name: string | undefined, options: ControlOptions) =>
      withDaemon(options, async (control, output) => {
        const status = ofConnection(await control.request<DaemonStatus>({ command: 'status' }), name);
        for (const each of childTraffic(status)) {
          const { sa, child, inOctets, outOctets, lease } = each;
          output.line(trafficLine(each, isForAny(sa.connection, status)));
          output.object({
            kind: 'traffic',
            number: child.number,
            connection: child.connection,
            child: child.child,
            type: 'ESP',
            addTime: child.addTime,
            inOctets,
            outOctets,
            maxOctets: child.maxOctets,
            id: sa.remoteId,
            lease,
            label: child.label,
            inboundSpi: child.inboundSpi,
            outboundSpi: child.outboundSpi,
          });
        }
      }),
    );
}
