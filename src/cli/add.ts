/** `ikev2 add`: loads a connection from the configuration, for the first time or again. */
import type { Command } from 'commander';
import type { Reloaded } from '../daemon/daemon.ts';
import { type ControlOptions, withControl } from './options.ts';
import { withDaemon } from './with-daemon.ts';

export function add(program: Command): void {
  withControl(program.command('add <name>'))
    .description('load a connection from the configuration files, for the first time or again')
    .action((name: string, options: ControlOptions) =>
      withDaemon(options, async (control, output) => {
        const { added, changed, remarks } = await control.request<Reloaded>({ command: 'add', name });
        for (const remark of remarks) output.line(remark);
        const how = added.includes(name) ? 'added' : changed.includes(name) ? 'changed' : 'unchanged';
        output.line(`"${name}" ${how}`);
        output.object({ kind: 'add', name, how, remarks });
      }),
    );
}
