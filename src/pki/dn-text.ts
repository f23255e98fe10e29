/** Distinguished names as text. */
import { type Attribute, rdnsOf, textOf } from './name.ts';

export function formatDn(name: Uint8Array): string {
  return rdnsOf(name)
    .map((r) => r.map((a: Attribute) => `${a.type}=${textOf(a.value) ?? ''}`).join('+'))
    .join(', ');
}
