/** How a command fails: one line that says why, and an exit code. */
import { ControlError } from '../daemon/control-protocol.ts';
import { paint } from './output.ts';

/** 1: what was asked did not come about. 2: it was asked wrongly, or cannot be asked of this release. */
export type ExitCode = 1 | 2;

/** A command's own reason to fail. */
export class CommandError extends Error {
  readonly code = 'COMMAND';
  constructor(
    text: string,
    readonly exitCode: ExitCode = 1,
  ) {
    super(text);
  }
}

/** Runs a command's work; a failure becomes a line on stderr (with `--json` an object on stdout) and the exit code. */
export async function perform(
  options: { readonly json?: boolean | undefined },
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'BUG';
    if (options.json) process.stdout.write(`${JSON.stringify({ error: { code, text } })}\n`);
    else process.stderr.write(`${paint('red', 'ikev2:', process.stderr)} ${text}\n`);
    if (code === 'BUG' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandError) return error.exitCode;
  const asked = error instanceof ControlError && ['BAD_REQUEST', 'NOT_SUPPORTED'].includes(error.code);
  return asked ? 2 : 1;
}
