/** Where a run's time goes, by the sampling profiler of this very process: self time of each room and of the busiest functions. */
import { type Profiler, Session } from 'node:inspector';

interface Share {
  readonly name: string;
  readonly micros: number;
}

/** Of the work below this function alone, and of garbage collection, which is nobody's. */
const counted = 'take';

export class Profile {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.setSamplingInterval', { interval: 100 });
  }

  /** Once for all rounds: what was compiled is compiled anew for it. */
  start(): void {
    this.#session.post('Profiler.start');
  }

  /** Microseconds for each of `count` handshakes, rooms first, then functions. */
  stop(count: number): string {
    let text = '';
    // Within one process the answer comes before `post` returns.
    this.#session.post('Profiler.stop', (_error, { profile }) => {
      text = tables(profile, count);
    });
    return text;
  }
}

function tables(profile: Profiler.Profile, count: number): string {
  const rooms = new Map<string, number>();
  const functions = new Map<string, number>();
  for (const [node, micros] of selfTimes(profile)) {
    const { url, functionName, lineNumber } = node.callFrame;
    add(rooms, roomOf(url, functionName), micros / count);
    add(functions, `${shortened(url)}:${lineNumber + 1} ${functionName}`, micros / count);
  }
  const lines = (shares: readonly Share[]): string =>
    shares.map(({ name, micros }) => `${micros.toFixed(1).padStart(8)} ${name}\n`).join('');
  return `${lines(sorted(rooms))}\n${lines(sorted(functions).slice(0, 90))}`;
}

/** Samples of each node, weighed by the time to the next. */
function selfTimes({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const inside = new Set<Profiler.ProfileNode>();
  const enter = (node: Profiler.ProfileNode, within: boolean): void => {
    const { functionName, url } = node.callFrame;
    const here =
      within ||
      functionName === '(garbage collector)' ||
      (functionName === counted && url.includes('answering'));
    if (here) inside.add(node);
    for (const child of node.children ?? []) {
      const next = byId.get(child);
      if (next) enter(next, here);
    }
  };
  const [root] = nodes;
  if (root) enter(root, false);
  const micros = new Map<Profiler.ProfileNode, number>();
  samples.forEach((id, at) => {
    const node = byId.get(id);
    if (node && inside.has(node)) micros.set(node, (micros.get(node) ?? 0) + (timeDeltas[at + 1] ?? 0));
  });
  return micros;
}

const shortened = (url: string): string => url.replace(/^.*\/\.cache\/bench\/|^.*\/node_modules\//, '');

function roomOf(url: string, functionName: string): string {
  const room = /\.cache\/bench\/(src\/[^/]+|bench)/.exec(url)?.[1];
  if (room) return room;
  if (url.startsWith('node:')) return url;
  return functionName.startsWith('(') ? functionName : `native ${functionName}`;
}

const add = (into: Map<string, number>, name: string, micros: number): unknown =>
  into.set(name, (into.get(name) ?? 0) + micros);

const sorted = (shares: ReadonlyMap<string, number>): Share[] =>
  [...shares].map(([name, micros]) => ({ name, micros })).sort((a, b) => b.micros - a.micros);
