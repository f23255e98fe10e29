/** A load of IKE handshakes on any responder, and what it measures. */
import type { LoadPlan } from './plan.ts';
import { type Load, OwnLoad } from './run.ts';
import { WorkerLoad } from './workers.ts';

export { CredentialError } from './credentials.ts';
export { type Latency, measure, type Result, type TargetCost, type Watcher } from './measure.ts';
export { page } from './page.ts';
export {
  type Credentials,
  type Limit,
  type LoadPlan,
  type Mode,
  modes,
  type Pace,
  type Rekey,
} from './plan.ts';
export type { Load, Progress } from './run.ts';
export { parseSuite } from './suite.ts';
export { type Probe, pidOfPort, processProbe, type Reading } from './target.ts';

/** In this thread, or in several. Throws SourceError and what the plan's texts throw; WorkerError for those of a worker. */
export const openLoad = (plan: LoadPlan, workers: number): Promise<Load> =>
  workers > 1 ? WorkerLoad.open(plan, workers) : OwnLoad.open(plan);
export { parseSources, sourceFor } from './addresses.ts';
export { bytes, milliseconds, summaryLines } from './describe.ts';
export { providers } from './providers.ts';
