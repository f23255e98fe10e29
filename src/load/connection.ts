/** The policy of a source: a connection for each of its slots. */
import { parseIdentity } from '../policy/identity.ts';
import type { PadEntry, Policy, SpdEntry } from '../policy/policy.ts';
import { allTraffic, dynamicSelector, parseCidr, type SelectorPolicy } from '../policy/selector.ts';
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
  const common: Omit<PadEntry, 'name' | 'local'> = {
    remote: {
      address: target.address,
      port: target.port,
      identity: peerIdentity === '%any' ? undefined : parseIdentity(peerIdentity),
      auth,
      ...(keys && { keys }),
    },
    ike,
    children: childrenOf(plan),
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
  const pad = numbers.map((number) => {
    const identity = parseIdentity(plan.identity.replaceAll('{n}', String(number)));
    return { ...common, name: String(number), local: { ...local, identity } };
  });
  return { pad, preSharedKeys, ...(pki && { pki }), cookieThreshold: 1_000_000, halfOpenLimit: 1_000_000 };
}

/** Milliseconds until the first retransmission. */
export const retransmitInterval = 1_000;

function childrenOf({ suite, subnet, peerSubnet, children }: LoadPlan): SpdEntry[] {
  const { esp: proposals } = parseSuite(suite);
  const spd = {
    mode: 'tunnel',
    action: 'protect',
    local: selectors('--subnet', subnet),
    remote: selectors('--peer-subnet', peerSubnet),
    proposals,
    pfs: proposals.some(({ ke }) => ke.some((group) => group !== 0)),
    narrowing: true,
    lifetime: { time: 0, octets: 0, packets: 0 },
    replayWindow: 64,
  } as const;
  return Array.from({ length: children }, (_, at) => ({ ...spd, name: `child-${at}` }));
}

function selectors(option: string, text: string): SelectorPolicy[] {
  return text.split(',').map((each) => {
    const network = each.trim();
    if (network === 'dynamic') return dynamicSelector;
    const range = parseCidr(network);
    if (range === undefined) throw new SubnetError(`${option} ${text}: '${network}' is no network`);
    return allTraffic(range);
  });
}
