/** What was sent and received as a pcapng file: raw IP packets, each with its direction. */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { Path } from '../ike/actions.ts';
import { udpPacket } from './frame.ts';

const blockType = { sectionHeader: 0x0a0d_0d0a, interfaceDescription: 1, enhancedPacket: 6 } as const;
const linkTypeRaw = 101;
const option = { end: 0, comment: 1, interfaceName: 2, packetFlags: 2 } as const;
const directionFlag = { in: 1, out: 2 } as const;

export class PcapngFile {
  readonly #fd: number;

  /** Opens `path` anew, for its owner only. Throws what fs throws. */
  constructor(path: string) {
    this.#fd = openSync(path, 'w', 0o600);
    writeSync(this.#fd, sectionHeader());
    writeSync(this.#fd, interfaceDescription('ikev2'));
  }

  /** `at`: milliseconds since 1970; `comment` is the packet's. */
  write(direction: 'in' | 'out', path: Path, octets: Uint8Array, at: number, comment?: string): void {
    const { local, remote } = path;
    const packet = direction === 'in' ? udpPacket(remote, local, octets) : udpPacket(local, remote, octets);
    writeSync(this.#fd, enhancedPacket(packet, direction, at, comment));
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function sectionHeader(): Uint8Array {
  const body = new DataView(new ArrayBuffer(16));
  body.setUint32(0, 0x1a2b_3c4d, true);
  body.setUint16(4, 1, true);
  body.setBigInt64(8, -1n, true);
  return block(blockType.sectionHeader, octetsOf(body));
}

function interfaceDescription(name: string): Uint8Array {
  const body = new DataView(new ArrayBuffer(8));
  body.setUint16(0, linkTypeRaw, true);
  return block(blockType.interfaceDescription, octetsOf(body), [
    [option.interfaceName, new TextEncoder().encode(name)],
  ]);
}

function enhancedPacket(
  packet: Uint8Array,
  direction: 'in' | 'out',
  at: number,
  comment: string | undefined,
): Uint8Array {
  const body = new DataView(new ArrayBuffer(20 + padded(packet.length)));
  const microseconds = Math.round(at * 1000);
  body.setUint32(4, Math.floor(microseconds / 0x1_0000_0000), true);
  body.setUint32(8, microseconds % 0x1_0000_0000, true);
  body.setUint32(12, packet.length, true);
  body.setUint32(16, packet.length, true);
  octetsOf(body).set(packet, 20);
  const flags = Uint8Array.of(directionFlag[direction], 0, 0, 0);
  return block(blockType.enhancedPacket, octetsOf(body), [
    ...(comment === undefined ? [] : [[option.comment, new TextEncoder().encode(comment)] as const]),
    [option.packetFlags, flags],
  ]);
}

/** Type, length, body, options, length again; everything in multiples of four octets, little-endian. */
function block(
  type: number,
  body: Uint8Array,
  options: readonly (readonly [number, Uint8Array])[] = [],
): Uint8Array {
  const optionLength = options.reduce((sum, [, value]) => sum + 4 + padded(value.length), 0);
  const length = 12 + body.length + (optionLength && optionLength + 4);
  const octets = new Uint8Array(length);
  const view = new DataView(octets.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  octets.set(body, 8);
  let at = 8 + body.length;
  for (const [code, value] of options) {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    octets.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  view.setUint32(length - 4, length, true);
  return octets;
}

const padded = (length: number): number => (length + 3) & ~3;
const octetsOf = (view: DataView): Uint8Array => new Uint8Array(view.buffer);
