/** Shared by the updown tests: a connection from its text. */
import type { PadEntry, SpdEntry } from '../../src/policy/policy.ts';
import { pad } from '../config/read.ts';

/** Our end is 192.0.2.1, the peer 198.51.100.2; `lines` are added. */
export function connection(...lines: string[]): { entry: PadEntry; spd: SpdEntry } {
  const entry = pad('leftid=@ours', 'rightid=@theirs', ...lines);
  const [spd] = entry.children;
  if (spd === undefined) throw new Error('no child');
  return { entry, spd };
}
