/** What tshark makes of a capture, with a key log to open it. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from './mounts.ts';
import { must } from './process.ts';

/** A node of tshark's dissection: field names to text, a nested node, or several of them. */
export type Dissected = { readonly [field: string]: Field };
export type Field = string | Dissected | readonly Field[];

/**
 * The `isakmp` layer of every IKE packet in a pcapng; `keyLog` holds lines of `ikev2_decryption_table`.
 * `ports`: others than 500 and 4500 that carry IKE.
 */
export async function dissect(pcap: string, keyLog?: string): Promise<Dissected[]> {
  const place = scratch('tshark');
  try {
    if (keyLog !== undefined) copyFileSync(keyLog, join(place.path, 'ikev2_decryption_table'));
    const text = await must(
      ['tshark', '-n', '-r', pcap, '-Y', 'isakmp', '-T', 'json', '--no-duplicate-keys'],
      {
        env: { WIRESHARK_CONFIG_DIR: place.path },
        within: 60_000,
      },
    );
    const packets = JSON.parse(text) as { _source: { layers: { isakmp: Dissected } } }[];
    return packets.map((packet) => packet._source.layers.isakmp);
  } finally {
    place.remove();
  }
}

/** Every value of a field, at any depth, in the order of the packet. */
export function values(node: Field, field: string): string[] {
  if (typeof node === 'string') return [];
  if (Array.isArray(node)) return node.flatMap((one: Field) => values(one, field));
  return Object.entries(node as Dissected).flatMap(([name, value]) => {
    if (name !== field) return values(value, field);
    return [value].flat().filter((one): one is string => typeof one === 'string');
  });
}
