/** IKE SAs that we begin. RFC 7296 §1.2, §2.8.3. */
import type { PadEntry, SpdEntry } from '../policy/policy.ts';
import { pskFor } from '../policy/secrets.ts';
import type { Failure, Path } from './actions.ts';
import { noSharedKey } from './auth/proof.ts';
import type { Services } from './context.ts';
import type { Demand } from './demand.ts';
import { start } from './exchange.ts';
import { wantChild } from './exchanges/create-child.ts';
import { ikeSaInit, opening } from './exchanges/ike-sa-init.ts';
import { IkeSa } from './ike-sa.ts';
import type { SaTable } from './sa-table.ts';

/** What a packet asked for: it rides on IKE_AUTH, and the connection's other children do not follow. */
export interface FirstChild {
  readonly spd: SpdEntry;
  readonly demand: Demand;
  /** The operator wants the IKE SA meanwhile, too. */
  readonly isUp?: boolean;
}

export const reauthenticated: Failure = { code: 'REPLACED', text: 'authenticated anew' };

/** Labels with children of the IKE SA that goes have them of the one that was authenticated, without a packet that asks. */
export function wantLabels(old: IkeSa, sa: IkeSa): void {
  for (const { spd, label } of old.children.values()) {
    if (!spd.template || label === undefined) continue;
    const isThere = (): boolean => sa.children.of(spd.name, label).length > 0;
    sa.want({ ...wantChild(spd, sa, label), obsolete: isThere });
  }
}

export class Initiation {
  readonly #services: Services;
  readonly #table: SaTable;

  constructor(services: Services, table: SaTable) {
    this.#services = services;
    this.#table = table;
  }

  /** Why it would come to nothing, as far as is known beforehand: the peer is spared a half-open SA. */
  cannot(entry: PadEntry, address: string): string | undefined {
    const { identity, auth } = entry.local;
    const { preSharedKeys } = this.#services.policy;
    if (!auth.every(({ kind }) => kind === 'psk')) return undefined;
    const psk = pskFor(preSharedKeys, identity, entry.remote.identity, entry.local.address, address);
    return psk ? undefined : noSharedKey(entry, entry.remote.identity);
  }

  /** With all children of the connection, unless a packet asked for one. */
  create(entry: PadEntry, address: string, first?: FirstChild): IkeSa {
    const spis = { local: this.#table.freshSpi(this.#services.random), remote: 0n };
    const sa = new IkeSa(this.#services, 'initiator', spis, this.#firstPath(entry, address), entry);
    sa.first = first;
    this.#table.add(sa);
    return sa;
  }

  begin(sa: IkeSa): void {
    const { entry } = sa;
    if (entry) sa.want({ key: 'up', begin: (of, cx) => start(ikeSaInit, of, opening(entry, cx), cx) });
  }

  /** The old SA goes when the new one is authenticated, or before the new one is begun. §2.8.3. */
  reauthenticate(old: IkeSa): void {
    const { entry, path } = old;
    const begun = this.#table.ofConnection(entry?.name ?? '').some(({ replaces }) => replaces === old);
    if (entry === undefined || begun) return;
    const address = entry.remote.address ?? path.remote.address;
    if (entry.lifetime.reauth === 'break-before-make') {
      old.leave(reauthenticated, undefined, () => this.begin(this.create(entry, address)));
      return;
    }
    const sa = this.create(entry, address);
    sa.replaces = old;
    this.begin(sa);
  }

  /** A peer with a port of its own always gets the marker. */
  #firstPath(entry: PadEntry, address: string): Path {
    const socket = entry.remote.port === 500 ? 'ike' : 'nat';
    const { ports } = this.#services;
    return {
      socket,
      local: { address: entry.local.address, port: ports[socket] },
      remote: { address, port: entry.remote.port },
    };
  }
}
