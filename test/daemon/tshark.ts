/** tshark as an independent reader of our captures and key logs. */
import { execFileSync } from 'node:child_process';

/** Undefined when tshark runs; else why the tests that need it are skipped. */
export const noTshark: string | undefined = (() => {
  try {
    execFileSync('tshark', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'tshark is not installed';
  }
})();

/** One row a packet, one cell a field; several values in a cell are separated by commas. */
export function tsharkFields(
  capture: string,
  configuration: string,
  fields: readonly string[],
  options: readonly string[] = [],
): string[][] {
  const text = execFileSync(
    'tshark',
    ['-r', capture, '-T', 'fields', ...fields.flatMap((field) => ['-e', field]), ...options],
    {
      encoding: 'utf8',
      env: { ...process.env, WIRESHARK_CONFIG_DIR: configuration },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
}
