/** Reads the UDP datagrams of a pcap or pcapng file, for tests. Fragments of IP are passed over. */
import { readFileSync } from 'node:fs';

export interface Datagram {
  readonly frame: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly octets: Uint8Array;
}

/** The IKE messages among them: those of port 500, and those of any other port that carry the non-ESP marker. */
export function ikeMessages(path: string): Uint8Array[] {
  return readDatagrams(path).flatMap(({ sourcePort, destinationPort, octets }) => {
    if (sourcePort === 500 || destinationPort === 500) return [octets];
    const marked = octets.length > 4 && octets.subarray(0, 4).every((octet) => octet === 0);
    return marked ? [octets.subarray(4)] : [];
  });
}

export function readDatagrams(path: string): Datagram[] {
  const file = Uint8Array.from(readFileSync(path));
  const view = new DataView(file.buffer);
  const frames = view.getUint32(0) === 0x0a0d0d0a ? readPcapng(file, view) : readPcap(file, view);
  return frames.flatMap(({ linkType, octets }, i) => {
    const packet = networkPacket(linkType, octets);
    const datagram = packet && udpOf(packet);
    return datagram ? [{ frame: i + 1, ...datagram }] : [];
  });
}

interface Frame {
  readonly linkType: number;
  readonly octets: Uint8Array;
}

function readPcap(file: Uint8Array, view: DataView): Frame[] {
  const little = [0xd4c3b2a1, 0x4d3cb2a1].includes(view.getUint32(0));
  const linkType = view.getUint32(20, little);
  const frames: Frame[] = [];
  for (let at = 24; at + 16 <= file.length; ) {
    const captured = view.getUint32(at + 8, little);
    frames.push({ linkType, octets: file.subarray(at + 16, at + 16 + captured) });
    at += 16 + captured;
  }
  return frames;
}

function readPcapng(file: Uint8Array, view: DataView): Frame[] {
  const little = view.getUint32(8) === 0x4d3c2b1a;
  const linkTypes: number[] = [];
  const frames: Frame[] = [];
  for (let at = 0; at + 12 <= file.length; at += view.getUint32(at + 4, little)) {
    const type = view.getUint32(at, little);
    if (type === 1) linkTypes.push(view.getUint16(at + 8, little));
    if (type === 6) {
      const linkType = linkTypes[view.getUint32(at + 8, little)] ?? 1;
      const captured = view.getUint32(at + 20, little);
      frames.push({ linkType, octets: file.subarray(at + 28, at + 28 + captured) });
    }
  }
  return frames;
}

function networkPacket(linkType: number, frame: Uint8Array): Uint8Array | undefined {
  const etherTypes = [0x0800, 0x86dd];
  const etherTypeAt = { 1: 12, 113: 14 }[linkType];
  if (etherTypeAt !== undefined) {
    const vlan = u16(frame, etherTypeAt) === 0x8100 ? 4 : 0;
    const at = etherTypeAt + vlan;
    return etherTypes.includes(u16(frame, at)) ? frame.subarray(at + 2) : undefined;
  }
  if (linkType === 0) return frame.subarray(4);
  return [12, 14, 101, 228, 229].includes(linkType) ? frame : undefined;
}

function udpOf(packet: Uint8Array): Omit<Datagram, 'frame'> | undefined {
  const version = (packet[0] ?? 0) >> 4;
  const at = version === 4 ? ((packet[0] ?? 0) & 0x0f) * 4 : 40;
  const protocol = version === 4 ? packet[9] : packet[6];
  const fragmented = version === 4 && (u16(packet, 6) & 0x3fff) !== 0;
  if ((version !== 4 && version !== 6) || protocol !== 17 || fragmented) return undefined;
  return {
    sourcePort: u16(packet, at),
    destinationPort: u16(packet, at + 2),
    octets: packet.subarray(at + 8, at + u16(packet, at + 4)),
  };
}

const u16 = (octets: Uint8Array, at: number): number => ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);

/** A pcap file (raw IP) in which each message is a datagram from port 500 to port 500. */
export function pcapOf(messages: readonly Uint8Array[]): Uint8Array {
  const file: number[] = [
    ...le32(0xa1b2c3d4),
    2,
    0,
    4,
    0,
    ...le32(0),
    ...le32(0),
    ...le32(0xffff),
    ...le32(101),
  ];
  for (const message of messages) {
    const length = 28 + message.length;
    const ip = [0x45, 0, ...be16(length), 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
    const udp = [...be16(500), ...be16(500), ...be16(length - 20), 0, 0];
    file.push(...le32(0), ...le32(0), ...le32(length), ...le32(length), ...ip, ...udp, ...message);
  }
  return Uint8Array.from(file);
}

const be16 = (value: number): number[] => [value >> 8, value & 0xff];
const le32 = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
