/** What notices that were lost would have told, out of what the kernel has now. */
import type { KernelNotice, SaId } from '../port.ts';
import { addressText } from './addresses.ts';
import { forgetKeys } from './commands.ts';
import { labelOf } from './events.ts';
import type { MessageOf, XfrmMessage } from './messages.ts';
import { Protocol } from './numbers.ts';
import { type PolicyStacks, policyName } from './policy-stacks.ts';
import { dumpPolicies, dumpSas } from './requests.ts';
import { trafficSelectors } from './selectors.ts';
import type { XfrmSocket } from './socket.ts';

export interface Resynced {
  readonly notices: readonly KernelNotice[];
  /** Policies that somebody deleted. */
  readonly missing: readonly XfrmMessage[];
}

/**
 * An SA that is not there any more has expired, one beyond its soft limits is to be rekeyed, a
 * larval state is an acquire. `sas` are those that should be there, by `spi@destination`. Throws XfrmError.
 */
export function resync(
  socket: XfrmSocket,
  sas: ReadonlyMap<string, { readonly id: SaId }>,
  stacks: PolicyStacks,
): Resynced {
  const shown = socket.dump(dumpSas(Protocol.ESP)).filter((one) => one.kind === 'NEWSA');
  for (const one of shown) forgetKeys(one);
  const there = new Map(shown.map((one) => [nameOf(one), one]));
  const notices: KernelNotice[] = [];
  for (const { id } of sas.values()) {
    const one = there.get(`${id.spi} ${id.destination}`);
    if (one === undefined) notices.push({ kind: 'expire', id, hard: true });
    else if (isSpent(one)) notices.push({ kind: 'expire', id, hard: false });
  }
  for (const one of shown) notices.push(...acquire(one, stacks));
  return { notices, missing: missingOf(socket, stacks) };
}

const nameOf = ({ body: { id, family } }: MessageOf<'NEWSA'>): string =>
  `${id.spi} ${addressText(id.daddr, family) ?? ''}`;

const isSpent = ({ body: { lft, curlft } }: MessageOf<'NEWSA'>): boolean =>
  curlft.bytes >= lft.soft_byte_limit || curlft.packets >= lft.soft_packet_limit;

/** A larval state has the packet's selector and no SPI. */
function acquire({ body, attributes }: MessageOf<'NEWSA'>, stacks: PolicyStacks): KernelNotice[] {
  if (body.id.spi !== 0) return [];
  const policy = stacks.outward(body.reqid);
  const packet = trafficSelectors(body.sel);
  if (!policy || !packet) return [];
  return [
    {
      kind: 'acquire',
      reqid: policy.reqid,
      sequence: body.seq,
      local: packet.source,
      remote: packet.destination,
      ...labelOf(attributes),
    },
  ];
}

function missingOf(socket: XfrmSocket, stacks: PolicyStacks): XfrmMessage[] {
  const wanted = stacks.all;
  if (wanted.size === 0) return [];
  const there = new Set(
    socket.dump(dumpPolicies()).flatMap((one) => (one.kind === 'NEWPOLICY' ? [policyName(one)] : [])),
  );
  return [...wanted].filter(([name]) => !there.has(name)).map(([, message]) => message);
}
