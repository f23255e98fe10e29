/** `ikev2 rekey`: new keys for a connection, without a gap. */
import { type Command, Option } from 'commander';
import { type ControlOptions, withControl } from './options.ts';
import { paint } from './output.ts';
import { withDaemon } from './with-daemon.ts';

interface RekeyOptions extends ControlOptions {
  readonly child?: boolean;
  readonly ike?: boolean;
}

export function add(program: Command): void {
  withControl(program.command('rekey <name>'))
    .description('make new keys for a connection; exit code 0 only when the new SAs are there')
    .addOption(new Option('--child', 'of its children (default)').conflicts('ike'))
    .option('--ike', 'of its IKE SA')
    .action((name: string, options: RekeyOptions) =>
      withDaemon(options, async (control, output) => {
        const asked = options.ike ? 'ike' : options.child ? 'children' : undefined;
        const { what, rekeyed } = await control.request<{ what: 'children' | 'ike'; rekeyed: number }>(
          { command: 'rekey', name, ...(asked && { what: asked }) },
          ({ text, event }) => {
            output.line(text);
            if (event) output.object(event);
          },
        );
        const sas = what === 'ike' ? 'IKE SA' : rekeyed === 1 ? 'child' : 'children';
        output.line(paint('green', `"${name}": ${rekeyed} ${sas} rekeyed`));
        output.object({ kind: 'rekey', name, what, rekeyed });
      }),
    );
}
