/** The policy of a source: a connection for each of its slots. */
import { parseIdentity } from '../policy/identity.ts';
import type { PadEntry, Policy, SpdEntry } from '../policy/policy.ts';
import {
  type AddressRange,
  allTraffic,
  dynamicSelector,
  parseCidr,
  type SelectorPolicy,
} from '../policy/selector.ts';
import { toNumber, toOctets } from './addresses.ts';
import type { Proof } from './credentials.ts';
import type { LoadPlan } from './plan.ts';
import { parseSuite } from './suite.ts';

/** A network in `--subnet` or `--peer-subnet` that is none. */
export class SubnetError extends Error {
  readonly code = 'SUBNET';
}

/** Connections named by their numbers. Throws ProposalTextError, IdentityError, SubnetError. */
export function policyFor(plan: LoadPlan, proof: Proof, address: string, numbers: readonly number[]): Policy {
  const { auth, preSharedKeys, credential, keys, pki } = proof;
  const { target, peerIdentity } = plan;
  const { ike } = parseSuite(plan.suite);
  const common: Omit<PadEntry, 'name' | 'local' | 'children'> = {
    remote: {
      address: target.address,
      port: target.port,
      identity: peerIdentity === '%any' ? undefined : parseIdentity(peerIdentity),
      auth,
      ...(keys && { keys }),
    },
    ike,
    start: 'add',
    encapsulation: 'auto',
    fragmentation: 'yes',
    retransmit: { interval: retransmitInterval, timeout: plan.timeout },
    lifetime: { ike: 0, margin: 0, fuzz: 0, rekey: true, reauth: false },
    dpdDelay: 0,
    dpdAction: 'clear',
    keyingTries: 1,
    natKeepalive: 0,
    unique: false,
    initialContact: false,
    vendorIds: [],
  };
  const local = { address, port: 500, auth, ...(credential && { credential }) };
  const shared = childrenOf(plan, 0);
  const children = hasOwnTraffic(plan) ? (number: number) => childrenOf(plan, number) : () => shared;
  const pad = numbers.map((number) => {
    const identity = parseIdentity(plan.identity.replaceAll('{n}', String(number)));
    return { ...common, children: children(number), name: String(number), local: { ...local, identity } };
  });
  return { pad, preSharedKeys, ...(pki && { pki }), cookieThreshold: 1_000_000, halfOpenLimit: 1_000_000 };
}

/** Milliseconds until the first retransmission. */
export const retransmitInterval = 1_000;

/** Whether each SA has addresses of its own. */
const hasOwnTraffic = ({ subnet, peerSubnet }: LoadPlan): boolean => `${subnet},${peerSubnet}`.includes('+n');

function childrenOf({ suite, subnet, peerSubnet, children }: LoadPlan, number: number): SpdEntry[] {
  const { esp: proposals } = parseSuite(suite);
  const spd = {
    mode: 'tunnel',
    action: 'protect',
    local: selectors('--subnet', subnet, number),
    remote: selectors('--peer-subnet', peerSubnet, number),
    proposals,
    pfs: proposals.some(({ ke }) => ke.some((group) => group !== 0)),
    narrowing: true,
    lifetime: { time: 0, octets: 0, packets: 0 },
    replayWindow: 64,
  } as const;
  return Array.from({ length: children }, (_, at) => ({ ...spd, name: `child-${at}` }));
}

function selectors(option: string, text: string, number: number): SelectorPolicy[] {
  return text.split(',').map((each) => {
    const [, network = '', own] = /^\s*(.*?)(\+n)?\s*$/.exec(each) ?? [];
    if (network === 'dynamic' && own === undefined) return dynamicSelector;
    const range = parseCidr(network);
    if (range === undefined) throw new SubnetError(`${option} ${text}: '${each.trim()}' is no network`);
    return allTraffic(own === undefined ? range : single(range, number));
  });
}

/** One address of a range for each number, the first one left out; past its end from the beginning again. */
function single({ start, end }: AddressRange, number: number): AddressRange {
  const size = toNumber(end) - toNumber(start) + 1n;
  const address = toOctets(toNumber(start) + ((BigInt(number) + 1n) % size), start.length);
  return { start: address, end: address };
}
