/** Runs programs, and tells of one that fails: its seed, its steps as far as they matter, and the last messages. */
import fc from 'fast-check';
import { ladder } from '../../src/testing/index.ts';
import { checkAlways, checkEnd, rest } from './at-rest.ts';
import { ends, type Program, programs, type Step } from './steps.ts';
import { type Fault, World } from './world.ts';

/** Steps between two rests. */
const restEvery = 25;
const messagesTold = 60;
/** After so many tries a program is shrunk enough: as many on a busy machine as on an idle one. */
const mostShrinkTries = 400;

export interface Options {
  /** Breaks every world. */
  readonly fault?: Fault;
  /** Counts steps by name, and rests. */
  readonly counts?: Map<string, number>;
}

/** Performs a program in a new world, to its end. Throws Error with the last messages when something does not hold. */
export function perform({ seed, steps }: Program, options: Options = {}): void {
  const world = new World(seed, options);
  try {
    for (const [at, step] of steps.entries()) {
      count(options, step.do);
      world.perform(step);
      checkAlways(world);
      if (at % restEvery === restEvery - 1) settle(world, options);
    }
    settle(world, options);
    checkEnd(world);
  } catch (error) {
    if (error instanceof Error) error.message += `\n${report(world)}`;
    throw error;
  }
}

/** Runs so many programs of one seed; one that fails is shrunk and told. Throws Error. */
export function explore(seed: number, { runs, most, kept = [], ...options }: Options & ExploreOptions): void {
  let tries = 0;
  const attempt = (program: Program): void => {
    if (tries > 0 && tries++ > mostShrinkTries) return;
    try {
      perform(program, options);
    } catch (error) {
      tries ||= 1;
      throw error;
    }
  };
  const details = fc.check(fc.property(programs(most), attempt), {
    seed,
    numRuns: runs,
    examples: kept.map((program) => [program]),
  });
  if (!details.failed) return;
  const [program] = details.counterexample ?? [];
  const { errorInstance: error } = details;
  throw new Error(
    [
      error instanceof Error ? error.message : String(error),
      `model seed ${seed} (path ${details.counterexamplePath}), shrunk ${details.numShrinks} times, program:`,
      JSON.stringify({ seed: program?.seed }),
      ...(program?.steps ?? []).map((step: Step) => `  ${JSON.stringify(step)},`),
    ].join('\n'),
    { cause: error },
  );
}

export interface ExploreOptions {
  readonly runs: number;
  /** Steps of a program. */
  readonly most: number;
  /** Programs to run before any other. */
  readonly kept?: readonly Program[];
}

function settle(world: World, options: Options): void {
  rest(world);
  count(options, 'at rest');
  if (world.both.initiator.children.length > 0) count(options, 'with children');
}

function count({ counts }: Options, what: string): void {
  counts?.set(what, (counts.get(what) ?? 0) + 1);
}

function report({ both, network }: World): string {
  return [
    ...ladder(network).slice(-messagesTold),
    ...ends.map((end) => `${end}: ${JSON.stringify(both[end].held)}`),
  ]
    .map((line) => `  ${line}`)
    .join('\n');
}
