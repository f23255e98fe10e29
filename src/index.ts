/** The public names of the package. */
export * from './config/index.ts';
export * from './crypto/index.ts';
export { ControlClient } from './daemon/control-client.ts';
export {
  type ControlAnswer,
  type ControlCommand,
  ControlError,
  type ControlErrorCode,
  type ControlLine,
  type ControlRequest,
  type EchoOutcome,
} from './daemon/control-protocol.ts';
export { Daemon, type DaemonOptions, type Reloaded, startDaemon } from './daemon/daemon.ts';
export { type LogOptions, makeLog } from './daemon/log.ts';
export { type ConfigFiles, fileSource, type Loaded, type PolicySource } from './daemon/policy-source.ts';
export type { ConnectionStatus, DaemonStatus } from './daemon/status.ts';
export { type Delays, defaultDelays } from './daemon/supervisor.ts';
export { UdpError } from './daemon/udp.ts';
export type * from './ike/actions.ts';
export type { Endpoint } from './ike/actions.ts';
export { type EngineOptions, IkeEngine } from './ike/engine.ts';
export type { ChildSaStatus, IkeSaStatus } from './ike/status.ts';
export { MemoryKernel } from './kernel/memory.ts';
export * from './kernel/port.ts';
export { UserspaceKernel } from './kernel/userspace.ts';
export type * from './policy/identity.ts';
export { formatIdentity, parseIdentity, sameIdentity } from './policy/identity.ts';
export type * from './policy/policy.ts';
export type { PoolPolicy } from './policy/pool.ts';
export type {
  EspProposal,
  IkeProposal,
} from './policy/proposal.ts';
export {
  defaultEspProposals,
  defaultIkeProposals,
  formatEspProposal,
  formatIkeProposal,
  parseEspProposals,
  parseIkeProposals,
} from './policy/proposal-text.ts';
export type * from './policy/selector.ts';
