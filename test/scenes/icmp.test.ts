/**
 * ICMP errors are no proof that the peer is gone (RFC 7296 §2.4): our sockets are not connected, so that the system tells them of
 * none, and no input of the engine could say so. A port that is closed costs nothing but the datagrams sent to it.
 *
 *   one                              host of the other
 *     | IKE_SA_INIT to a closed port -->       |
 *     |       <-- ICMP port unreachable        |
 *     | IKE_SA_INIT to an open port -->        |
 *     |                  <-- an answer         |
 */
import { expect, test } from 'vitest';
import { type UdpReceiver, UdpSockets } from '../../src/daemon/udp.ts';
import type { Path } from '../../src/ike/actions.ts';

async function listening(address: string, receiver: Partial<UdpReceiver>): Promise<UdpSockets> {
  const sockets = new UdpSockets({ ikePort: 0, natPort: 0 });
  sockets.deliverTo({ ike() {}, esp() {}, keepalive() {}, unsent() {}, ...receiver });
  await sockets.listen([address]);
  return sockets;
}

const port = (sockets: UdpSockets): number => sockets.locals[0]?.ike ?? 0;

test.each(['127.0.0.1', '::1'])('a closed port of %s', async (address) => {
  const unsent: string[] = [];
  let heard: (octets: Uint8Array) => void = () => {};
  const answered = new Promise<Uint8Array>((resolve) => {
    heard = resolve;
  });
  const ours = await listening(address, {
    ike: (_path, octets) => heard(octets),
    unsent: (_path, errno) => unsent.push(errno),
  });
  const gone = await listening(address, {});
  const peer: UdpSockets = await listening(address, { ike: (path) => peer.send(path, Uint8Array.of(7)) });
  const to = (remote: number): Path => ({
    socket: 'ike',
    local: { address, port: port(ours) },
    remote: { address, port: remote },
  });
  const closed = port(gone);
  await gone.close();
  for (let times = 0; times < 5; times++) ours.send(to(closed), new Uint8Array(28));
  ours.send(to(port(peer)), new Uint8Array(28));
  expect(await answered).toEqual(Uint8Array.of(7));
  expect(unsent).toEqual([]);
  await ours.close();
  await peer.close();
});
