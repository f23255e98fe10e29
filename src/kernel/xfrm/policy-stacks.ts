/**
 * The kernel has one policy of a name (selector, direction, mark, interface, label); the port's commands may have several
 * of equal selectors. All hold until each is deleted, and the newest of the best rank is the one the kernel has: it is
 * replaced in place, so there is no moment without a policy.
 */
import { toHex } from '../../wire/hex.ts';
import type { PolicyCommand } from '../port.ts';
import { attributeValue } from './attributes.ts';
import { invalid } from './commands.ts';
import { checkEncodable, type MessageOf, type XfrmMessage } from './messages.ts';
import { policyDeletion, updatePolicies } from './policies.ts';
import { policyOptions, reqidOf } from './settings.ts';
import { viewOf } from './struct.ts';
import { type Selector, selector } from './structs.ts';

/** Tunnel ends, by direction `out`. */
export interface Ends {
  readonly local: string;
  readonly remote: string;
}

/** What one command is in the kernel. */
interface Held {
  policy: PolicyCommand;
  /** Messages by their name. */
  messages: ReadonlyMap<string, Update>;
}

type Update = MessageOf<'UPDPOLICY'>;

/**
 * `index` of every policy of ours lies here, which tells them from others' in a dump; the kernel's own count begins at 0.
 * Its lowest 3 bits are the direction.
 */
const indexes = { first: 0x4900_0000, last: 0x49ff_ffff };
const isIndex = (index: number): boolean => index >= indexes.first && index <= indexes.last;

/** Whether a policy the kernel shows was made here, by this process or by one before it. */
export const isOurPolicy = (
  { body, attributes }: MessageOf<'NEWPOLICY'>,
  isOurReqid: (reqid: number) => boolean,
): boolean =>
  isIndex(body.index) || (attributeValue(attributes, 'TMPL') ?? []).some(({ reqid }) => isOurReqid(reqid));

const ranks: Readonly<Record<NonNullable<PolicyCommand['rank']>, number>> = {
  shunt: 0,
  connection: 1,
  opportunistic: 2,
  anonymous: 3,
};

export class PolicyStacks {
  /** By name, oldest first. */
  readonly #stacks = new Map<string, Held[]>();
  readonly #byReqid = new Map<number, Set<Held>>();
  readonly #indexes = new Map<string, number>();
  #made = 0;

  /** What the kernel must be told. Throws KernelError EINVAL as `newPolicies`. */
  add(policy: PolicyCommand): XfrmMessage[] {
    const held = { policy, messages: this.#messages(policy) };
    const changed = [...held.messages.keys()].filter((name) => {
      const stack = this.#stacks.get(name) ?? [];
      stack.push(held);
      this.#stacks.set(name, stack);
      return deciding(stack) === held;
    });
    const group = this.#byReqid.get(reqidOf(policy)) ?? new Set();
    this.#byReqid.set(reqidOf(policy), group.add(held));
    return this.#tell(changed);
  }

  /** What the kernel must be told; undefined when there is no such policy. */
  remove(policy: PolicyCommand): XfrmMessage[] | undefined {
    const held = this.#find(policy);
    return held && this.#drop(held);
  }

  /** The SAs of `reqid` went to other ends: the newest policies that name the old ones follow. What the kernel must be told. */
  move(reqid: number, from: Ends, to: Ends): XfrmMessage[] {
    const moved: string[] = [];
    for (const held of this.#byReqid.get(reqid) ?? []) {
      const { policy } = held;
      if (policy.localAddress !== from.local || policy.remoteAddress !== from.remote) continue;
      if (policy.mode !== 'tunnel') continue;
      const newest = [...held.messages.keys()].some(
        (name) => deciding(this.#stacks.get(name) ?? []) === held,
      );
      if (!newest) continue;
      held.policy = { ...policy, localAddress: to.local, remoteAddress: to.remote };
      held.messages = this.#messages(held.policy);
      moved.push(...held.messages.keys());
    }
    return this.#tell(moved);
  }

  /** The policy a packet met that has no SA. */
  acquired({ body, attributes }: MessageOf<'ACQUIRE'>): PolicyCommand | undefined {
    const selected = octetsOf(body.policy.sel);
    const templates = attributeValue(attributes, 'TMPL') ?? [];
    const candidates = templates.flatMap(({ reqid }) => [...(this.#byReqid.get(reqid) ?? [])]);
    const outward = candidates.filter(({ policy }) => policy.direction === 'out');
    const exact = outward.findLast(({ messages }) =>
      [...messages.values()].some(({ body: { sel } }) => octetsOf(sel) === selected),
    );
    return (exact ?? outward.at(-1))?.policy;
  }

  /** The newest policy by the SAs of a reqid of the kernel's that lets packets out. */
  outward(reqid: number): PolicyCommand | undefined {
    const group = [...(this.#byReqid.get(reqid) ?? [])];
    return group.findLast(({ policy }) => policy.direction === 'out')?.policy;
  }

  /** Every policy the kernel should have, by its name. */
  get all(): ReadonlyMap<string, XfrmMessage> {
    return new Map([...this.#stacks.keys()].flatMap((name) => this.#tell([name]).map((one) => [name, one])));
  }

  /** Forgets all; what the kernel must be told. */
  clear(): XfrmMessage[] {
    const gone = [...this.#stacks].flatMap(([name, [held]]) => (held ? deletion(held, name) : []));
    this.#stacks.clear();
    this.#byReqid.clear();
    this.#indexes.clear();
    return gone;
  }

  #find(policy: PolicyCommand): Held | undefined {
    const key = keyOf(policy);
    const equal = [...(this.#byReqid.get(reqidOf(policy)) ?? [])].filter(
      (held) => keyOf(held.policy) === key,
    );
    const same = equal.filter((held) => endsOf(held.policy) === endsOf(policy));
    return same.findLast((held) => held.policy.instance === policy.instance) ?? same.at(-1) ?? equal.at(-1);
  }

  #drop(held: Held): XfrmMessage[] {
    const reqid = reqidOf(held.policy);
    const group = this.#byReqid.get(reqid);
    group?.delete(held);
    if (group?.size === 0) this.#byReqid.delete(reqid);
    const changed: string[] = [];
    const gone: XfrmMessage[] = [];
    for (const name of held.messages.keys()) {
      const before = this.#stacks.get(name) ?? [];
      const after = before.filter((each) => each !== held);
      if (after.length > 0) {
        this.#stacks.set(name, after);
        if (deciding(before) === held) changed.push(name);
        continue;
      }
      this.#stacks.delete(name);
      this.#indexes.delete(name);
      gone.push(...deletion(held, name));
    }
    return [...this.#tell(changed), ...gone];
  }

  #tell(names: readonly string[]): Update[] {
    return names.flatMap((name) => {
      const message = deciding(this.#stacks.get(name) ?? [])?.messages.get(name);
      if (message === undefined) return [];
      return [{ ...message, body: { ...message.body, index: this.#indexOf(name, message.body.dir) } }];
    });
  }

  #messages(policy: PolicyCommand): ReadonlyMap<string, Update> {
    const asKernelKnows = { ...policy, reqid: reqidOf(policy) };
    const messages = updatePolicies(asKernelKnows, policyOptions(policy));
    return invalid('addPolicy', () => {
      checkEncodable(messages);
      return new Map(messages.map((message) => [policyName(message), message]));
    });
  }

  #indexOf(name: string, dir: number): number {
    const known = this.#indexes.get(name);
    if (known !== undefined) return known;
    const index = ourIndex(this.#made++, dir);
    this.#indexes.set(name, index);
    return index;
  }
}

/** The n-th index of ours, from the end when it is negative; where one is taken the kernel takes another. */
export function ourIndex(n: number, dir: number): number {
  const count = indexes.last + 1 - indexes.first;
  return indexes.first + ((((n * 8) % count) + count) % count) + dir;
}

/** The kernel's name of a policy, of what it shows as of what it is told. */
export const policyName = ({ body, attributes }: Update | MessageOf<'NEWPOLICY'>): string => {
  const mark = attributeValue(attributes, 'MARK') ?? { v: 0, m: 0 };
  const ifId = attributeValue(attributes, 'IF_ID') ?? 0;
  const label = attributeValue(attributes, 'SEC_CTX')?.ctx;
  return `${body.dir} ${octetsOf(body.sel)} ${mark.v}/${mark.m} ${ifId} ${label ? toHex(label) : ''}`;
};

/** The newest of the best rank; of policies, oldest first. */
function deciding(stack: readonly Held[]): Held | undefined {
  return stack.reduce<Held | undefined>(
    (best, held) => (best === undefined || rankOf(held) <= rankOf(best) ? held : best),
    undefined,
  );
}

const rankOf = ({ policy }: Held): number => ranks[policy.rank ?? 'connection'];

function deletion({ messages }: Held, name: string): XfrmMessage[] {
  const message = messages.get(name);
  return message ? [policyDeletion(message)] : [];
}

function octetsOf(of: Selector): string {
  const octets = new Uint8Array(selector.size);
  selector.write(viewOf(octets), 0, of, 'little');
  return toHex(octets);
}

const endsOf = ({ localAddress, remoteAddress }: PolicyCommand): string => `${localAddress} ${remoteAddress}`;

/** What makes two commands the same policy. */
const keyOf = ({ direction, reqid, local, remote, label, action, rank }: PolicyCommand): string =>
  JSON.stringify([
    direction,
    reqid,
    plain(local),
    plain(remote),
    label && toHex(label),
    action ?? 'protect',
    rank ?? 'connection',
  ]);

const plain = (of: PolicyCommand['local']): unknown =>
  of.kind === 'range' ? { ...of, start: toHex(of.start), end: toHex(of.end) } : of;
