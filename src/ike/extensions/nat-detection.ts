/** NAT_DETECTION_SOURCE_IP and NAT_DETECTION_DESTINATION_IP, and the move to the NAT socket. RFC 7296 §2.23. */
import type { PadEntry } from '../../policy/policy.ts';
import { parseAddress } from '../../wire/address.ts';
import { notifies } from '../../wire/message.ts';
import { NotifyType } from '../../wire/numbers.ts';
import type { Payload } from '../../wire/payloads/index.ts';
import type { Notify } from '../../wire/payloads/notify.ts';
import type { Endpoint, Path } from '../actions.ts';
import type { Context } from '../context.ts';
import type { IkeSa } from '../ike-sa.ts';
import { statusNotify } from '../notify.ts';

const hashLength = 20;
const none = new Uint8Array(0);

/**
 * The two notifies. With `encapsulation=yes` the source hash is no address's: the peer then sees a NAT and
 * encapsulates. With `no` there are none: nobody looks for a NAT.
 */
export function offerNatDetection(
  sa: IkeSa,
  encapsulation: PadEntry['encapsulation'],
  cx: Context,
): Notify[] {
  if (encapsulation === 'no') return [];
  const source =
    encapsulation === 'yes' ? cx.random(hashLength) : endpointHash(sa.spiI, sa.spiR, sa.path.local, cx);
  return [
    statusNotify(NotifyType.NAT_DETECTION_SOURCE_IP, source),
    statusNotify(NotifyType.NAT_DETECTION_DESTINATION_IP, endpointHash(sa.spiI, sa.spiR, sa.path.remote, cx)),
  ];
}

/** Who of us is behind a NAT; a peer that sends no hashes knows of none. */
export function readNatDetection(
  sa: IkeSa,
  payloads: readonly Payload[],
  encapsulation: PadEntry['encapsulation'],
  cx: Context,
): void {
  const sources = notifies(payloads, NotifyType.NAT_DETECTION_SOURCE_IP);
  const destinations = notifies(payloads, NotifyType.NAT_DETECTION_DESTINATION_IP);
  if (encapsulation === 'no' || sources.length === 0 || destinations.length === 0) return;
  const { local, remote } = sa.path;
  // The request was sent before there was an SPIr.
  const spiR = sa.role === 'responder' ? 0n : sa.spiR;
  sa.nat.peer = !holds(sources, endpointHash(sa.spiI, spiR, remote, cx), cx);
  sa.nat.here = encapsulation === 'yes' || !holds(destinations, endpointHash(sa.spiI, spiR, local, cx), cx);
}

/** The path an initiator goes on with once a NAT is seen. */
export function natPath(path: Path, natPort: number): Path {
  if (path.socket === 'nat') return path;
  const remotePort = path.remote.port === 500 ? 4500 : path.remote.port;
  return {
    socket: 'nat',
    local: { address: path.local.address, port: natPort },
    remote: { address: path.remote.address, port: remotePort },
  };
}

/** SHA-1(SPIi | SPIr | address | port). */
function endpointHash(spiI: bigint, spiR: bigint, { address, port }: Endpoint, cx: Context): Uint8Array {
  const host = parseAddress(address) ?? none;
  const hashed = new Uint8Array(18 + host.length);
  const view = new DataView(hashed.buffer);
  view.setBigUint64(0, spiI);
  view.setBigUint64(8, spiR);
  hashed.set(host, 16);
  view.setUint16(16 + host.length, port);
  return cx.crypto.hash('sha1', hashed);
}

const holds = (hashes: readonly Notify[], expected: Uint8Array, cx: Context): boolean =>
  hashes.some(({ data }) => cx.crypto.equal(data, expected));

/** A NAT may give a peer another port, or another address, at any time. RFC 7296 §2.23. */
export const samePath = (a: Path, b: Path): boolean =>
  a.socket === b.socket &&
  a.local.address === b.local.address &&
  a.remote.address === b.remote.address &&
  a.remote.port === b.remote.port;
