/** Connections that differ in nothing but their children share an IKE SA: whose child is one of them? RFC 4301 §4.4.3. */
import type { PadEntry, SpdEntry } from '../policy/policy.ts';
import type { ChildSa } from './child-sa.ts';
import type { Context } from './context.ts';
import type { IkeSa } from './ike-sa.ts';

/** The children of all of them, for a peer that asks for any. The first is whose IKE SA it is. */
export const joined = ([first, ...others]: readonly [PadEntry, ...PadEntry[]]): PadEntry =>
  others.length === 0
    ? first
    : {
        ...first,
        name: [first, ...others].map(({ name }) => name).join(', '),
        children: [first, ...others].flatMap(({ children }) => children),
      };

/** The connection among them that a child is of; the first when it is of none any more. */
export function ownerOf(spd: SpdEntry, among: readonly [PadEntry, ...PadEntry[]]): PadEntry {
  const itself = among.find(({ children }) => children.includes(spd));
  return itself ?? among.find(({ children }) => children.some(({ name }) => name === spd.name)) ?? among[0];
}

/** A child that we ask for, or one that is replaced; neither where a peer asks. */
export interface Which {
  readonly spd?: SpdEntry;
  readonly replaces?: ChildSa | undefined;
}

/** The connection of the child that is replaced, or of one that we ask for, on an IKE SA of `entry`. */
export function connectionFor(entry: PadEntry, { spd, replaces }: Which, cx: Context): PadEntry {
  if (replaces) return cx.pad.named(replaces.connection) ?? entry;
  return spd ? ownerOf(spd, cx.pad.alike(entry)) : entry;
}

/** Whether it carries a child of the connection. */
export const carriesFor = (sa: IkeSa, connection: string): boolean =>
  sa.children.owner === sa && [...sa.children.values()].some((child) => child.connection === connection);
