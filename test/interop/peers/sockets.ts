/** UDP sockets of a namespace, for use in this process: a socket stays in the network it was made in. */
import { spawn } from 'node:child_process';
import type { Socket } from 'node:dgram';
import type { BoundSockets } from '../../../src/testing/sockets.ts';
import { inNetwork } from './namespaces.ts';

/** Binds them there and hands them over; then it has nothing more to do. */
const binder = `
  const { createSocket } = require('node:dgram');
  const [address, ...ports] = process.argv.slice(1);
  for (const port of ports) {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.bind({ address, port: Number(port), exclusive: true }, () => process.send(port, socket));
  }
  process.on('disconnect', () => process.exit());`;

/** Ports 500 and 4500 of an address in a namespace. Throws with what the system said when they cannot be bound. */
export async function socketsIn(namespace: string, address: string): Promise<BoundSockets> {
  const [file = '', ...args] = [
    ...inNetwork(namespace),
    process.execPath,
    '-e',
    binder,
    address,
    '500',
    '4500',
  ];
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const bound = new Map<string, Socket>();
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const found = new Promise<BoundSockets>((resolve, reject) => {
    child.on('message', (port, socket) => {
      bound.set(String(port), socket as Socket);
      const [ike, nat] = [bound.get('500'), bound.get('4500')];
      if (ike && nat) resolve({ ike, nat });
    });
    child.once('error', reject);
    child.once('close', () => reject(new Error(`no sockets at ${address}: ${said}`)));
  });
  try {
    return await found;
  } finally {
    if (child.connected) child.disconnect();
  }
}
