/**
 * XFRM by netlink, for use on its own: structs, messages, a socket (by koffi) to ask the kernel, a monitor for what it
 * tells by itself, and the data plane made of these. See docs/xfrm.md.
 */

export { errnoName, SystemError } from '../errno.ts';
export {
  type KernelCommand,
  KernelError,
  type KernelNotice,
  type PolicyCommand,
  type SaCommand,
  type SaCounters,
  type SaId,
} from '../port.ts';
export { addressOctets, addressText, type FamilyAddress, xfrmAddress, xfrmAddressOf } from './addresses.ts';
export { algorithmAttributes, isNamed, type Keys, keysOf } from './algorithms.ts';
export {
  attributeValue,
  type SadAttribute,
  type SpdAttribute,
  type UnknownAttribute,
  type XfrmAttribute,
} from './attributes.ts';
export { deleteSa, forgetKeys, getSa, type Masked, newSa, type SaOptions } from './commands.ts';
export {
  type Acknowledgement,
  type Done,
  joinMessages,
  type Malformed,
  type Overrun,
  parseDatagram,
  type Received,
} from './datagram.ts';
export { type ExtendedAck, NetlinkError, XfrmError } from './errors.ts';
export { noticeGroups, noticeOf } from './events.ts';
export { type HeldSa, XfrmKernel, type XfrmKernelOptions } from './kernel.ts';
export { type Cleared, clearLeftovers, ourReqids } from './leftovers.ts';
export {
  type Envelope,
  encodeMessage,
  type MessageKind,
  type MessageOf,
  parseBody,
  type UnknownMessage,
  type XfrmMessage,
} from './messages.ts';
export { type MonitorOptions, XfrmMonitor } from './monitor.ts';
export { type Encapsulated, moveSa } from './move.ts';
export * from './numbers.ts';
export {
  deletePolicies,
  neighbourDiscoveryBypass,
  newPolicies,
  type PolicyOptions,
  socketBypass,
  updatePolicies,
} from './policies.ts';
export { type Ends, PolicyStacks } from './policy-stacks.ts';
export { libreswanPriority, PriorityBase, type PriorityOf } from './priority.ts';
export { Probe, type Transforms, whyNoXfrm } from './probe.ts';
export * from './requests.ts';
export { trafficSelectors, xfrmSelectors } from './selectors.ts';
export { policyOptions, reqidOf, saOptions } from './settings.ts';
export { XfrmSocket } from './socket.ts';
export type { Endianness, Field, Struct } from './struct.ts';
export * as structs from './structs.ts';
