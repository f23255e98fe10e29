/** What the data plane tells of the children, and what it could not do. RFC 7296 §2.8, §2.23. */
import type { KernelCommand, KernelNotice, PolicyCommand } from '../kernel/port.ts';
import type { ChildSa } from './child-sa.ts';
import type { Services } from './context.ts';
import { deleteChild } from './exchanges/index.ts';
import type { IkeSa } from './ike-sa.ts';
import type { SaTable } from './sa-table.ts';

export class DataPlane {
  readonly #services: Services;
  readonly #table: SaTable;

  constructor(services: Services, table: SaTable) {
    this.#services = services;
    this.#table = table;
  }

  notice(notice: KernelNotice): void {
    if (notice.kind === 'acquire') return this.#services.flows.acquire(notice);
    const { owner, child } = this.childOf(notice.id.spi);
    if (!owner || !child) return;
    if (notice.kind === 'selectors') return owner.upkeep.misfit(child, notice.packet);
    if (notice.kind === 'mapping') owner.mapped({ address: notice.address, port: notice.port });
    else owner.upkeep.expire(child, notice);
  }

  /** By the inbound SPI; an outbound one is looked for among all, which is rare. */
  childOf(spi: number): { readonly owner?: IkeSa; readonly child?: ChildSa } {
    const claimed = this.#table.ownerOfChild(spi);
    const child = claimed?.get(spi);
    if (claimed && child) return { owner: claimed.owner, child };
    for (const sa of this.#table.all()) {
      const outbound = [...sa.children.values()].find(({ outboundSpi }) => outboundSpi === spi);
      if (outbound) return { owner: sa.children.owner, child: outbound };
    }
    return {};
  }

  /** The child whose command failed is deleted at both ends; the IKE SA lives. */
  failed(command: KernelCommand, errno: string): void {
    if (command.kind !== 'addSa' && command.kind !== 'addPolicy') return;
    if (command.kind === 'addPolicy' && command.policy.action)
      return this.#standingRefused(command.policy, errno);
    for (const sa of this.#table.all()) {
      const child = [...sa.children.values()].findLast((each) => isOf(command, each));
      if (child === undefined) continue;
      if (command.kind === 'addSa') child.outboundRefused = true;
      return this.#childRefused(sa.children.owner, child, `${command.kind}: ${errno}`);
    }
    if (command.kind === 'addPolicy') this.#standingRefused(command.policy, errno);
  }

  /** An on-demand policy, or a shunt: the operator is told. */
  #standingRefused(policy: PolicyCommand, errno: string): void {
    const whose = this.#services.routes.whose(policy) ?? this.#services.flows.whose(policy);
    if (whose === undefined) return;
    const reason = { code: 'KERNEL', text: `addPolicy: ${errno}` } as const;
    this.#services.emit({ kind: 'routeFailed', ...whose, reason });
  }

  #childRefused(sa: IkeSa, child: ChildSa, text: string): void {
    this.#services.emit({
      kind: 'childFailed',
      sa: sa.name,
      connection: child.connection,
      child: child.spd.name,
      reason: { code: 'KERNEL', text },
    });
    sa.want(deleteChild(child));
  }
}

/** Of rekeyed children, which share a reqid, the newest has the new policies. */
function isOf(command: Extract<KernelCommand, { kind: 'addSa' | 'addPolicy' }>, child: ChildSa): boolean {
  if (command.kind === 'addPolicy') return !child.sharesPolicies && child.reqid === command.policy.reqid;
  const { id, reqid } = command.sa;
  return (
    child.reqid === reqid && child.outboundSpi === id.spi && child.path.remote.address === id.destination
  );
}
