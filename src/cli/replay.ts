/** `ikev2 replay`: a recorded run again, offline. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Command } from 'commander';
import { replayReport } from '../testing/replay-report.ts';
import { CommandError, perform } from './failure.ts';
import { jsonOption } from './options.ts';
import { Output, paint } from './output.ts';

interface ReplayCommandOptions {
  readonly details?: boolean;
  readonly json?: boolean;
}

export function add(program: Command): void {
  program
    .command('replay <file>')
    .description(
      'run what daemon --record wrote through the engine again and draw its messages; exit code 0 only when every octet ' +
        'is as it was',
    )
    .option('--details', 'a line for each payload')
    .addOption(jsonOption())
    .action((file: string, options: ReplayCommandOptions) =>
      perform(options, async () => run(file, options, new Output(options))),
    );
}

function run(file: string, { details = false }: ReplayCommandOptions, output: Output): void {
  const report = replayReport(linesOf(file), (line) => output.line(line), { details });
  const { inputs, received, sent, reproduced, ended } = report;
  output.line();
  output.line(`${inputs} inputs, among them ${received} datagrams; ${sent} datagrams sent`);
  if (!ended) output.line(paint('yellow', 'the recording has no end: cut, or the daemon died'));
  output.object({ kind: 'replay', ...report });
  if (!reproduced)
    throw new CommandError(
      'recorded without secrets: this is what anybody could read; octets cannot be reproduced (see daemon --with-secrets)',
    );
  output.line(paint('green', 'every octet sent is the same as in the recording'));
}

const chunk = 1 << 16;

/** The lines of a file, however long it is. Throws CommandError when it cannot be read. */
function* linesOf(file: string): Generator<string> {
  const fd = attempted(() => openSync(file, 'r'));
  const decoder = new TextDecoder();
  const octets = new Uint8Array(chunk);
  const read = (): number => attempted(() => readSync(fd, octets));
  let rest = '';
  try {
    for (let length = read(); length > 0; length = read()) {
      const lines = (rest + decoder.decode(octets.subarray(0, length), { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    if (rest !== '') yield rest;
  } finally {
    closeSync(fd);
  }
}

/** A file that cannot be read is a wrong question. */
function attempted<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error), 2);
  }
}
