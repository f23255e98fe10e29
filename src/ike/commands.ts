/** What the operator asks for. */
import type { SpdEntry } from '../policy/policy.ts';
import type { Command } from './actions.ts';
import type { Services } from './context.ts';
import type { DataPlane } from './data-plane.ts';
import { checkLiveness, deleteChild, wantChild, wantIkeRekey, wantRekey } from './exchanges/index.ts';
import type { IkeSa } from './ike-sa.ts';
import { isAskable } from './labels.ts';
import type { PhaseName } from './phase.ts';
import type { SaTable } from './sa-table.ts';
import { inCharge } from './succession.ts';

export class Commands {
  readonly #services: Services;
  readonly #table: SaTable;
  readonly #plane: DataPlane;

  constructor(services: Services, table: SaTable, plane: DataPlane) {
    this.#services = services;
    this.#table = table;
    this.#plane = plane;
  }

  take(command: Command): void {
    switch (command.kind) {
      case 'up':
        return this.#up(command.name, command.peer);
      case 'down':
        return this.#down(command.name);
      case 'route':
      case 'unroute':
        return this.#route(command);
      case 'liveness':
        for (const sa of this.#services.sasOf(command.name))
          if (sa.phase.name === 'established') sa.want(checkLiveness);
        return;
      case 'upChild':
        return this.#upChild(command.name, command.child);
      case 'rekey':
        for (const sa of this.#services.sasOf(command.name)) rekey(sa, command);
        return;
      case 'deleteChild': {
        const { owner, child } = this.#plane.childOf(command.spi);
        if (owner && child) owner.want(deleteChild(child));
        return;
      }
      case 'shutdown':
        for (const sa of [...this.#table.all()]) sa.quit({ code: 'SHUTDOWN', text: 'shutting down' });
        this.#services.routes.clear();
        this.#services.flows.prune();
        return;
    }
  }

  #up(name: string, peer: string | undefined): void {
    const entry = this.#services.pad.named(name);
    if (entry === undefined) return this.#cannot(name, `there is no connection ${name}`);
    const address = entry.remote.address ?? peer;
    if (address === undefined) return this.#cannot(name, `${name} has no peer address to initiate to`);
    const living = this.#services
      .sasOf(name)
      .find(({ phase, path }) => isAlive(phase.name) && (!peer || path.remote.address === peer));
    const wanted = entry.children.filter(isAskable);
    if (living?.first) living.first = { ...living.first, isUp: true };
    if (living?.phase.name === 'established') return upMissing(living, wanted);
    if (living !== undefined) {
      living.progress('up', `already ${living.phase.name}`);
      // It was begun for a packet, and for one child only.
      if (living.first) upMissing(living, wanted, living.first.spd.name);
      return;
    }
    const { initiation } = this.#services;
    const cannot = initiation.cannot(entry, address);
    if (cannot !== undefined) return this.#cannot(name, cannot);
    initiation.begin(initiation.create(entry, address));
  }

  /**
   * An IKE SA that carries another connection's children stays for them, as pluto has it. On-demand policies stay: the next
   * packet brings it up again.
   */
  #down(name: string): void {
    for (const sa of this.#services.sasOf(name)) {
      const own = [...sa.children.values()].filter(({ connection }) => connection === name);
      if (own.length === sa.children.size) sa.quit({ code: 'DELETED_BY_US', text: 'taken down' });
      else for (const child of own) sa.want(deleteChild(child));
    }
    this.#services.routes.release(name);
    this.#services.flows.prune();
  }

  #route({ kind, name }: Extract<Command, { kind: 'route' | 'unroute' }>): void {
    if (this.#services.routes.shunts.say(name, kind)) return;
    const entry = this.#services.pad.named(name);
    if (entry === undefined) return this.#cannot(name, `there is no connection ${name}`);
    if (kind === 'route') {
      if (!this.#services.routes.route(entry))
        this.#cannot(name, `${name} has no peer address to initiate to`);
      return;
    }
    this.#services.routes.unroute(entry);
    this.#services.flows.prune();
  }

  #upChild(name: string, child: string): void {
    const sa = this.#services.sasOf(name).find(inCharge);
    const spd = this.#services.pad.named(name)?.children.find((each) => each.name === child);
    if (sa === undefined || spd === undefined)
      return this.#cannot(name, `${name} is not up, or has no child ${child}`);
    if (spd.template) return this.#cannot(name, `${child} is made when a packet tells its label`);
    sa.want(wantChild(spd, sa));
  }

  #cannot(connection: string, text: string): void {
    const none = '0'.repeat(16);
    this.#services.emit({
      kind: 'ikeFailed',
      sa: { spiI: none, spiR: none, role: 'initiator', connection },
      reason: { code: 'LOCAL', text },
    });
  }
}

/** Children of the connection that are not there, nor on their way. */
function upMissing(sa: IkeSa, wanted: readonly SpdEntry[], onItsWay?: string): void {
  const up = new Set([...sa.children.values()].map(({ spd }) => spd.name));
  const missing = wanted.filter(({ name }) => !up.has(name) && name !== onItsWay);
  if (missing.length === 0 && onItsWay === undefined) sa.progress('up', 'already established');
  for (const spd of missing) sa.want(wantChild(spd, sa));
}

function rekey(sa: IkeSa, { name, what }: Extract<Command, { kind: 'rekey' }>): void {
  if (!inCharge(sa)) return;
  if (what === 'ike') sa.want(wantIkeRekey(sa));
  // A child the peer has not moved over to is fresh already.
  else
    for (const child of sa.children.values())
      if (child.connection === name && !child.heir && !child.outboundHeld) sa.want(wantRekey(child, sa));
}

const isAlive = (phase: PhaseName): boolean =>
  phase === 'init' || phase === 'authenticating' || phase === 'established';
