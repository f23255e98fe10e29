/** An initiator that asks once and never goes on: what a peer counts as half open. */
import { randomBytes } from 'node:crypto';
import { inNetwork, type Side } from './namespaces.ts';
import { must } from './process.ts';

const u16 = (value: number) => Buffer.from([value >> 8, value & 255]);
const u32 = (value: number) => Buffer.concat([u16(value >>> 16), u16(value & 0xffff)]);
const payload = (next: number, body: Buffer) =>
  Buffer.concat([Buffer.from([next, 0]), u16(body.length + 4), body]);
const transform = (last: boolean, type: number, id: number, attribute = Buffer.alloc(0)) =>
  Buffer.concat([
    Buffer.from([last ? 0 : 3, 0]),
    u16(8 + attribute.length),
    Buffer.from([type, 0]),
    u16(id),
    attribute,
  ]);

/** IKE_SA_INIT with AES-GCM-16 128, HMAC-SHA2-256 and Curve25519, and octets for a public value. */
function request(): Buffer {
  const transforms = Buffer.concat([
    transform(false, 1, 20, Buffer.concat([u16(0x800e), u16(128)])),
    transform(false, 2, 5),
    transform(true, 4, 31),
  ]);
  const proposal = Buffer.concat([
    Buffer.from([0, 0]),
    u16(8 + transforms.length),
    Buffer.from([1, 1, 0, 3]),
    transforms,
  ]);
  const body = Buffer.concat([
    payload(34, proposal),
    payload(40, Buffer.concat([u16(31), u16(0), randomBytes(32)])),
    payload(0, randomBytes(32)),
  ]);
  const flags = Buffer.from([33, 0x20, 34, 0x08]);
  return Buffer.concat([randomBytes(8), Buffer.alloc(8), flags, u32(0), u32(28 + body.length), body]);
}

/** Sends `count` of them from one side's network, each from a port of its own. */
export async function strangers(from: Side, to: Side, count = 1): Promise<void> {
  const script = `
    const socket = require('node:dgram').createSocket('udp4');
    socket.send(Buffer.from(process.argv[1], 'hex'), 500, process.argv[2], () => socket.close());`;
  for (let sent = 0; sent < count; sent += 1) {
    const words = [process.execPath, '-e', script, request().toString('hex'), to.address];
    await must([...inNetwork(from.namespace), ...words]);
  }
}
