/** `ikev2 ping`: echoes through a child, to see that it carries packets. */
import type { Command } from 'commander';
import type { PingResult } from '../daemon/ping.ts';
import { CommandError } from './failure.ts';
import { type ControlOptions, wholeNumber, withControl } from './options.ts';
import { withDaemon } from './with-daemon.ts';

export function add(program: Command): void {
  withControl(program.command('ping <name> [address]'))
    .description('send echoes through a child; exit code 0 when all came back')
    .option('-c, --count <n>', 'echoes to send', wholeNumber(1, 1000), 4)
    .action((name: string, address: string | undefined, options: ControlOptions & { count: number }) =>
      withDaemon(options, async (control, output) => {
        const { count } = options;
        const request = { command: 'ping', name, count, ...(address !== undefined && { address }) } as const;
        const result = await control.request<PingResult>(request, ({ text, echo }) => {
          output.line(text);
          output.object({ kind: 'echo', ...echo });
        });
        const { from, to, sent, received } = result;
        output.line(`${from} to ${to}: ${sent} sent, ${received} came back`);
        output.object({ kind: 'ping', name, ...result });
        if (received < sent) throw new CommandError(`${sent - received} of ${sent} echoes did not come back`);
      }),
    );
}
