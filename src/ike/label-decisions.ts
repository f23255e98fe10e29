/** What an engine is told of labels, as octets among those it draws: a run is made again without whoever was asked. */
import type { LabelAccess, LabelDenial, LabelMode } from '../policy/label.ts';
import { fromHex, toHex } from '../wire/hex.ts';

const granted = '01';
const denied = '00';

/** Asks, and tells `drawn` each answer as hexadecimal digits. */
export function decisionsDrawn(access: LabelAccess, drawn: (decision: string) => void): LabelAccess {
  return {
    mode: access.mode,
    denial(flow, template) {
      const denial = access.denial(flow, template);
      drawn(denial ? `${denied}${toHex(new TextEncoder().encode(JSON.stringify(denial)))}` : granted);
      return denial;
    },
  };
}

/** Answers what `next` gives, which such a telling was; else throws what `wrong` makes. */
export const drawnDecisions = (
  mode: LabelMode,
  next: () => string | undefined,
  wrong: (what: string) => Error,
): LabelAccess => ({
  mode,
  denial() {
    const decision = next();
    if (decision === granted) return undefined;
    if (!decision?.startsWith(denied)) throw wrong('the recording knows no answer about a label');
    return JSON.parse(new TextDecoder().decode(fromHex(decision.slice(2)))) as LabelDenial;
  },
});
