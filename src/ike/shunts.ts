/** What bypasses or is discarded without any peer, from the moment it is routed. RFC 4301 §4.4.1. */
import type { KernelCommand, PolicyCommand } from '../kernel/port.ts';
import { sameValue } from '../policy/pad.ts';
import type { ShuntEntry } from '../policy/policy.ts';
import { toWire } from '../policy/selector.ts';
import type { Millis } from './actions.ts';
import { describeSelectors } from './child-sa.ts';
import type { Services } from './context.ts';
import { addPolicy, deletePolicy, policyCommands, policyKey, withdrawn } from './spd-policies.ts';
import type { ShuntStatus } from './status.ts';

interface Standing {
  readonly entry: ShuntEntry;
  readonly policies: readonly PolicyCommand[];
  readonly since: Millis;
}

export class Shunts {
  readonly #services: Pick<Services, 'now' | 'act'>;
  #entries: readonly ShuntEntry[] = [];
  /** By the operator, of a connection; it holds while the connection stays what it is. */
  readonly #said = new Map<string, 'route' | 'unroute'>();
  #standing = new Map<string, Standing>();

  constructor(services: Pick<Services, 'now' | 'act'>) {
    this.#services = services;
  }

  /** What is new of it is there at once; returns what is to be deleted. */
  load(entries: readonly ShuntEntry[]): PolicyCommand[] {
    const before = this.#entries;
    this.#entries = entries;
    for (const name of [...this.#said.keys()])
      if (!sameValue(ofConnection(before, name), ofConnection(entries, name))) this.#said.delete(name);
    return this.#enforce();
  }

  /** From now on, or no longer; false when the connection is none of these. */
  say(connection: string, how: 'route' | 'unroute'): boolean {
    if (ofConnection(this.#entries, connection).length === 0) return false;
    this.#said.set(connection, how);
    for (const policy of this.#enforce()) this.#act(deletePolicy(policy));
    return true;
  }

  /** Whose policy it is, if it is one of these. */
  whose(policy: PolicyCommand): { readonly connection: string; readonly child: string } | undefined {
    const key = policyKey(policy);
    for (const { entry, policies } of this.#standing.values())
      if (policies.some((each) => policyKey(each) === key))
        return { connection: entry.connection, child: entry.name };
    return undefined;
  }

  get status(): ShuntStatus[] {
    return [...this.#standing.values()].map(({ entry, since }) => ({
      connection: entry.connection,
      child: entry.name,
      local: describeSelectors(fixed(entry.local)),
      remote: describeSelectors(fixed(entry.remote)),
      what: whatOf(entry),
      why: 'policy' as const,
      reqid: 0,
      since,
    }));
  }

  /** What stays, stays as it is; returns what goes. */
  #enforce(): PolicyCommand[] {
    const before = this.#standing;
    this.#standing = new Map();
    for (const entry of this.#entries.filter((each) => this.#isWanted(each))) {
      const old = before.get(entry.name);
      if (old && sameValue(asEnforced(old.entry), asEnforced(entry))) {
        this.#standing.set(entry.name, old);
        continue;
      }
      const policies = policiesOf(entry);
      this.#standing.set(entry.name, { entry, policies, since: this.#services.now });
      for (const policy of policies) this.#act(addPolicy(policy));
    }
    const stays = new Set(this.#standing.values());
    return [...before.values()]
      .filter((each) => !stays.has(each))
      .flatMap(({ policies }) => withdrawn(policies));
  }

  #isWanted({ connection, start }: ShuntEntry): boolean {
    const said = this.#said.get(connection);
    return said === undefined ? start === 'ondemand' || start === 'start' : said === 'route';
  }

  #act(command: KernelCommand): void {
    this.#services.act({ type: 'kernel', command });
  }
}

const ofConnection = (entries: readonly ShuntEntry[], name: string): ShuntEntry[] =>
  entries.filter(({ connection }) => connection === name);

/** When it is enforced changes nothing of how. */
const asEnforced = ({ start: _, ...entry }: ShuntEntry): object => entry;

const whatOf = ({ action }: ShuntEntry): 'bypass' | 'discard' => (action === 'bypass' ? 'bypass' : 'discard');

/** They have no peer, and so no tunnel: the unspecified address of their family stands at both ends. */
function policiesOf(entry: ShuntEntry): PolicyCommand[] {
  const [local, remote] = [fixed(entry.local), fixed(entry.remote)];
  const { settings } = entry;
  const none = local[0]?.start.length === 16 ? '::' : '0.0.0.0';
  return policyCommands({
    reqid: 0,
    mode: 'tunnel',
    local,
    remote,
    localAddress: none,
    remoteAddress: none,
    action: whatOf(entry),
    ...(settings && { settings }),
  });
}

const fixed = (selectors: ShuntEntry['local']) => selectors.map((each) => toWire(each, new Uint8Array(0)));
