/** The case runner: process 1 starts it, /share/job.json says which cases, /share/reports gets a line for each. */
import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';
import { Bench } from './bench.ts';
import { cases } from './cases/index.ts';
import { configOf, type PlacedCase, place, secrets } from './connections.ts';
import type { Job, Report } from './job.ts';
import { readyKernel } from './kernel.ts';
import { makeNamespaces, watchWire } from './namespaces.ts';
import { Ours } from './ours.ts';
import { Pluto } from './pluto.ts';
import { holding } from './xfrm.ts';

/** Milliseconds for one case. */
const limit = 60_000;

const job = JSON.parse(readFileSync('/share/job.json', 'utf8')) as Job;
const chosen = cases.filter(({ name }) => job.cases.includes(name)).map((one, i) => place(one, i + 1));

const started = performance.now();
const say = (what: string): void =>
  console.log(`${((performance.now() - started) / 1000).toFixed(1)} s  ${what}`);

await readyKernel();
await makeNamespaces(chosen.map(({ places }) => places));
await watchWire();
say('kernel and namespaces are ready');
const ours = new Ours(configOf('ours', chosen), secrets);
const pluto = new Pluto(
  chosen.map(({ conn }) => conn),
  configOf('pluto', chosen),
  secrets,
);
await Promise.all([ours.start(), pluto.start()]);
say('both daemons are ready');
for (const one of chosen) await report(one);
const code = await ours.stop();
say(`our daemon ended with exit code ${code}`);
await pluto.kill();
process.exit(code === 0 ? 0 : 1);

async function report(one: PlacedCase): Promise<void> {
  const begin = performance.now();
  const before = { ours: ours.log.length, pluto: pluto.log.length };
  const failure = await failureOf(one);
  const took = Math.round(performance.now() - begin);
  const logs = async () =>
    [
      failure,
      '--- our log',
      ours.log.slice(before.ours).slice(-12_000),
      '--- pluto.log',
      pluto.log.slice(before.pluto).slice(-6_000),
      ...(await Promise.all(
        (['ours', 'pluto'] as const).map(async (host) => {
          const { states, policies } = await holding(host, one.places);
          return [`--- ip xfrm state and policy: ${host}`, ...states, ...policies].join('\n');
        }),
      )),
    ].join('\n');
  const said: Report = { name: one.name, took, ...(failure !== undefined && { failure: await logs() }) };
  say(`${failure === undefined ? 'passed' : 'FAILED'} ${one.name} (${took} ms)`);
  appendFileSync('/share/reports', `${JSON.stringify(said)}\n`);
  await tidy(one);
}

/** Why it failed. */
async function failureOf(one: PlacedCase): Promise<string | undefined> {
  const late = new AbortController();
  let bench: Bench | undefined;
  try {
    await Promise.all([ours.start(), pluto.start()]);
    bench = await Bench.of(one, ours, pluto);
    await Promise.race([
      one.run(bench),
      after(limit, undefined, { signal: late.signal }).then(() => {
        throw new Error(`not done within ${limit} ms`);
      }),
    ]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  } finally {
    late.abort();
    await bench?.close();
  }
}

/** What a case has left up is no business of the next. */
async function tidy({ conn }: PlacedCase): Promise<void> {
  if (ours.running && (await ours.list(conn)).length > 0) await ours.tell({ command: 'down', name: conn });
}
