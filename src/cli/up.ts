/** `ikev2 up`: brings a connection up, telling how it goes. */
import type { Command } from 'commander';
import { type ControlOptions, withControl } from './options.ts';
import { paint } from './output.ts';
import { withDaemon } from './with-daemon.ts';

export function add(program: Command): void {
  withControl(program.command('up <name>'))
    .description('bring a connection up; exit code 0 only when it is established')
    .option('--peer <address>', 'the peer, when the connection is for any (right=%any, a group)')
    .action((name: string, options: ControlOptions & { readonly peer?: string }) =>
      withDaemon(options, async (control, output) => {
        const { already } = await control.request<{ already: boolean }>(
          { command: 'up', name, ...(options.peer && { peer: options.peer }) },
          ({ text, event }) => {
            output.line(text);
            if (event) output.object(event);
          },
        );
        output.line(paint('green', `"${name}" is ${already ? 'up already' : 'up'}`));
        output.object({ kind: 'up', name, already });
      }),
    );
}
