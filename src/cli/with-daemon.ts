/** Commands that speak to a running daemon. */
import { ControlClient } from '../daemon/control-client.ts';
import { perform } from './failure.ts';
import type { ControlOptions } from './options.ts';
import { Output } from './output.ts';

/** Runs `work` with a connection to the daemon of `--control`; failures end as `perform` says. */
export function withDaemon(
  options: ControlOptions,
  work: (control: ControlClient, output: Output) => Promise<void>,
): Promise<void> {
  return perform(options, async () => {
    const control = await ControlClient.connect(options.control);
    try {
      await work(control, new Output(options));
    } finally {
      control.close();
    }
  });
}
