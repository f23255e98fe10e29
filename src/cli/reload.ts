/** `ikev2 reload`: the daemon reads its configuration again, as on SIGHUP. */
import type { Command } from 'commander';
import type { Reloaded } from '../daemon/daemon.ts';
import { type ControlOptions, withControl } from './options.ts';
import { withDaemon } from './with-daemon.ts';

export function add(program: Command): void {
  withControl(program.command('reload'))
    .description(
      'read the configuration again; unchanged connections keep their SAs, a bad file changes nothing',
    )
    .action((options: ControlOptions) =>
      withDaemon(options, async (control, output) => {
        const { remarks, ...done } = await control.request<Reloaded>({ command: 'reload' });
        for (const remark of remarks) output.line(remark);
        for (const [how, names] of Object.entries(done)) {
          if (names.length > 0) output.line(`${how}: ${names.join(', ')}`);
        }
        output.object({ kind: 'reload', ...done, remarks });
      }),
    );
}
