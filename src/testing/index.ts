/** IKEv2 without a network: hosts in virtual time, a fate for every datagram, runs that can be played again. */

export { type Engine, type Recorder, ReplayError, record, replay } from '../ike/recording.ts';
export { fromJson, toJson } from '../ike/run-json.ts';
export { type Certified, type CertifiedOptions, certified } from './certified.ts';
export {
  type AuthOptions,
  type ConnectionOptions,
  connection,
  type EndOptions,
  padEntry,
} from './connection.ts';
export { DiagramError, readDiagram } from './diagram.ts';
export {
  copy,
  delay,
  drop,
  type Fate,
  from,
  inTurn,
  lossy,
  type Match,
  on,
  type Passage,
  reorder,
  rewrite,
} from './fate.ts';
export { FaultError } from './faults/fields.ts';
export type { KernelFate, KernelOutcome, KernelWord } from './faults/kernel-rules.ts';
export type { RuleReport } from './faults/layer.ts';
export { actionNames } from './faults/rules.ts';
export type * from './faults/script.ts';
export { type VocabularyEntry, vocabulary, vocabularyPsk, vocabularyTable } from './faults/vocabulary.ts';
export { Faults, InjectedFault } from './faults.ts';
export { Flight } from './flight.ts';
export { Host, type HostOptions } from './host.ts';
export { KeyRing, type OpenMessage } from './key-ring.ts';
export { labelTable } from './label-table.ts';
export { type LadderOptions, ladder, type Traffic } from './ladder.ts';
export { type FaultyNetwork, type Misbehaviour, misbehave } from './misbehave.ts';
export { Nat, type NatBehaviour, type NatOptions } from './nat.ts';
export { BugError, type Listener, type NetworkOptions, VirtualNetwork } from './network.ts';
export { type Pair, type PairEnd, type PairOptions, pair } from './pair.ts';
export { payloadText } from './payload-text.ts';
export { type Seeded, seeded } from './seeded.ts';
export { type Change, tamper, tampered } from './tamper.ts';
export { type SaCount, VerdictError, Verdicts, verdicts, type Waiting } from './verdict.ts';
