/** Test material of `../shared/vectors`, and just enough of pcap and pcapng to read it. */
import { existsSync, readFileSync } from 'node:fs';

const root = new URL('../../../shared/vectors/', import.meta.url);

/** Whether the vectors are here; says so when they are not. */
export const haveVectors = existsSync(root);
if (!haveVectors) console.warn('skipped: no ../shared/vectors beside the project');

export const read = (path: string): Uint8Array => new Uint8Array(readFileSync(new URL(path, root)));

export const readJson = <T>(path: string): T => JSON.parse(new TextDecoder().decode(read(path))) as T;

/** The IP packets of an Ethernet capture of either format. */
export function capturedPackets(path: string): Uint8Array[] {
  const octets = read(path);
  const view = new DataView(octets.buffer);
  const frames = view.getUint32(0, true) === 0x0a0d0d0a ? pcapng(octets, view) : pcap(octets, view);
  return frames.map((frame) => frame.subarray(14));
}

function pcap(octets: Uint8Array, view: DataView): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 24; at + 16 <= octets.length; ) {
    const length = view.getUint32(at + 8, true);
    frames.push(octets.subarray(at + 16, at + 16 + length));
    at += 16 + length;
  }
  return frames;
}

function pcapng(octets: Uint8Array, view: DataView): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at + 12 <= octets.length; at += view.getUint32(at + 4, true)) {
    if (view.getUint32(at, true) !== 6) continue;
    frames.push(octets.subarray(at + 28, at + 28 + view.getUint32(at + 20, true)));
  }
  return frames;
}
