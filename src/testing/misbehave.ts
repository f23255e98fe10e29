/** A host of the virtual network, or a live one, that breaks the protocol as a script says. */
import type { Millis } from '../ike/actions.ts';
import type { KernelCommand } from '../kernel/port.ts';
import type { Fate } from './fate.ts';
import type { KernelFate } from './faults/kernel-rules.ts';
import { FaultLayer, type RuleReport } from './faults/layer.ts';
import type { FaultScript, PeerCommand } from './faults/script.ts';
import type { Host } from './host.ts';
import type { KeyRing } from './key-ring.ts';
import type { Seeded } from './seeded.ts';

/** What the fault layer needs of a network; a VirtualNetwork and a LiveNetwork both are one. */
export interface FaultyNetwork {
  readonly keys: KeyRing;
  readonly seeded: Seeded;
  /** Adds a fate; returns what takes it away again. */
  fate(fate: Fate): () => void;
  after(delay: Millis, work: () => void, pending?: boolean): void;
}

export interface Misbehaviour {
  /** What each rule did, in the order of the script. */
  readonly report: readonly RuleReport[];
  /** Rules that found nothing to do. */
  readonly idle: readonly string[];
  /** Lines of the action `log`. */
  readonly log: readonly string[];
  /** The host behaves again. */
  stop(): void;
}

type AddSa = Extract<KernelCommand, { kind: 'addSa' }>;

/**
 * From now on `host` misbehaves: its datagrams, in and out, and its data plane are under the script's rules. Throws
 * FaultError, which names the rule and the field that cannot be understood; a rule that cannot act throws it later.
 */
export function misbehave(network: FaultyNetwork, host: Host, script: FaultScript | unknown): Misbehaviour {
  const outbound = new Map<string, AddSa>();
  const faults = new FaultLayer(script, {
    keys: network.keys,
    random: network.seeded.fork(`faults of ${host.name}`).random,
    addresses: host.addresses,
    connections: host.connections,
    command: (command, connection, after) =>
      network.after(after, () => obey(host, command, connection, [...outbound.values()]), true),
  });
  const isOwn = (address: string): boolean => host.addresses.includes(address);
  const forget = network.fate((flight) =>
    isOwn(flight.source.address) || isOwn(flight.destination.address) ? faults.take(flight) : undefined,
  );
  const kernelFate: KernelFate = (word) => {
    if ('command' in word) remember(word.command, outbound);
    return faults.kernel(word);
  };
  host.kernelFates.push(kernelFate);
  let isOver = false;
  for (const { at, work } of faults.timed) {
    network.after(at, () => {
      if (!isOver) work();
    });
  }
  return {
    get report() {
      return faults.report;
    },
    get idle() {
      return faults.idle;
    },
    log: faults.log,
    stop() {
      isOver = true;
      forget();
      host.kernelFates.splice(host.kernelFates.indexOf(kernelFate), 1);
    },
  };
}

/** The outbound SAs, with copies of their keys: `reset_seq` installs them anew. */
function remember(command: KernelCommand, outbound: Map<string, AddSa>): void {
  if (command.kind === 'deleteSa') outbound.delete(`${command.id.spi} ${command.id.destination}`);
  if (command.kind !== 'addSa' || command.sa.direction !== 'out') return;
  const { sa } = command;
  const encryption = { ...sa.encryption, key: sa.encryption.key.slice() };
  const integrity = sa.integrity && { ...sa.integrity, key: sa.integrity.key.slice() };
  outbound.set(`${sa.id.spi} ${sa.id.destination}`, {
    kind: 'addSa',
    sa: { ...sa, encryption, ...(integrity && { integrity }) },
  });
}

function obey(
  host: Host,
  command: PeerCommand,
  connection: string | undefined,
  outbound: readonly AddSa[],
): void {
  const name = connection ?? host.connections[0] ?? '';
  switch (command) {
    case 'initiate':
      return host.up(name);
    case 'rekey_ike':
      return host.command({ kind: 'rekey', name, what: 'ike' });
    case 'rekey_child':
      return host.command({ kind: 'rekey', name, what: 'children' });
    case 'liveness':
      return host.command({ kind: 'liveness', name });
    case 'close_ike':
      return host.down(name);
    case 'close_child':
      for (const { inboundSpi: spi } of host.children) host.command({ kind: 'deleteChild', spi });
      return;
    case 'restart':
      return host.crash();
    case 'reset_seq':
      for (const add of outbound) {
        void host.kernel.apply({ kind: 'deleteSa', id: add.sa.id });
        void host.kernel.apply(add);
      }
  }
}
