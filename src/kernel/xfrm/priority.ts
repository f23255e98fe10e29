/** The priority of a policy as Libreswan packs it (`calculate_sa_prio`): the lowest wins. */
import type { RangeSelector, TrafficSelector } from '../../wire/payloads/ts.ts';

/** 1 a connection, 2 an opportunistic one, 3 one without authentication; 0, before all, is a shunt of one flow. */
export const PriorityBase = { SHUNT: 0, STATIC: 1, OPPORTUNISTIC: 2, ANONYMOUS: 3 } as const;

export interface PriorityOf {
  readonly local: TrafficSelector;
  readonly remote: TrafficSelector;
  /** `PriorityBase`; STATIC unless said. */
  readonly base?: number;
  /** Made from a template for one peer: before the template itself. */
  readonly instance?: boolean;
}

/**
 * Packed from the highest bit: base 2, wildcard ports 2, wildcard protocol 1, 128 less each prefix length 8 and 8,
 * template 1. A selector that is no range counts as the widest.
 */
export function libreswanPriority({ local, remote, base, instance }: PriorityOf): number {
  const wildPorts = Number(anyPort(local)) + Number(anyPort(remote));
  const wildProtocol = Number(local.kind !== 'range' || local.protocol === 0);
  let packed = base ?? PriorityBase.STATIC;
  packed = (packed << 2) | wildPorts;
  packed = (packed << 1) | wildProtocol;
  packed = (packed << 8) | (128 - prefixLength(local));
  packed = (packed << 8) | (128 - prefixLength(remote));
  return (packed << 1) | (instance ? 0 : 1);
}

const anyPort = (selector: TrafficSelector): boolean => selector.kind !== 'range' || selector.startPort === 0;

/** Of the shortest prefix with the whole range in it. */
function prefixLength(selector: TrafficSelector): number {
  return selector.kind === 'range' ? commonBits(selector) : 0;
}

function commonBits({ start, end }: RangeSelector): number {
  const differing = start.findIndex((octet, i) => octet !== end[i]);
  if (differing < 0) return start.length * 8;
  const difference = (start[differing] ?? 0) ^ (end[differing] ?? 0);
  return differing * 8 + Math.clz32(difference) - 24;
}
