/** Two userspace kernels joined back to back, and commands for both ends of a child. */
import { defaultCrypto } from '../../src/crypto/index.ts';
import type { Crypto } from '../../src/crypto/provider.ts';
import type { EspSuite } from '../../src/crypto/suite.ts';
import type { KernelNotice, SaCommand } from '../../src/kernel/port.ts';
import { type DatagramPath, UserspaceKernel } from '../../src/kernel/userspace.ts';
import { parseAddress } from '../../src/wire/address.ts';
import type { RangeSelector } from '../../src/wire/payloads/ts.ts';
import { counting, keysOf } from '../esp/suites.ts';

export const range = (start: string, end = start, protocol = 0): RangeSelector => ({
  kind: 'range',
  protocol,
  startPort: 0,
  endPort: 65535,
  start: parseAddress(start) ?? new Uint8Array(),
  end: parseAddress(end) ?? new Uint8Array(),
});

/** What both ends agreed on, seen from the end called `here`. */
export interface Agreement {
  readonly suite: EspSuite;
  readonly mode?: 'tunnel' | 'transport';
  readonly here: { readonly address: string; readonly port?: number; readonly traffic: RangeSelector };
  readonly there: { readonly address: string; readonly port?: number; readonly traffic: RangeSelector };
  readonly spiHere?: number;
  readonly spiThere?: number;
  readonly reqid?: number;
}

export const swapped = (a: Agreement): Agreement => ({
  ...a,
  here: a.there,
  there: a.here,
  spiHere: a.spiThere ?? 0x2002,
  spiThere: a.spiHere ?? 0x1001,
});

/** The SAs of one end: inbound, then outbound. */
export function sasOf(a: Agreement): readonly [SaCommand, SaCommand] {
  const { key, integKey } = keysOf(a.suite);
  const common = {
    mode: a.mode ?? 'tunnel',
    reqid: a.reqid ?? 1,
    encryption: { transform: a.suite.cipher.id, keyBits: a.suite.keyBits, key },
    ...(a.suite.integ && { integrity: { transform: a.suite.integ.id, key: integKey } }),
    esn: a.suite.esn,
    replayWindow: 64,
    local: [a.here.traffic],
    remote: [a.there.traffic],
  };
  const [herePort, therePort] = [a.here.port ?? 4500, a.there.port ?? 4500];
  return [
    {
      ...common,
      direction: 'in',
      id: { spi: a.spiHere ?? 0x1001, destination: a.here.address },
      source: a.there.address,
      encapsulation: { sourcePort: therePort, destinationPort: herePort },
    },
    {
      ...common,
      direction: 'out',
      id: { spi: a.spiThere ?? 0x2002, destination: a.there.address },
      source: a.here.address,
      encapsulation: { sourcePort: herePort, destinationPort: therePort },
    },
  ];
}

export interface Datagram {
  readonly octets: Uint8Array;
  readonly path: DatagramPath;
}

export interface End {
  readonly kernel: UserspaceKernel;
  readonly sent: Datagram[];
  readonly notices: KernelNotice[];
  readonly delivered: Uint8Array[];
}

/** One kernel whose datagrams pile up in `sent`; with `device` packets pile up in `delivered`. */
export function end(
  options: { readonly device?: boolean; readonly crypto?: Crypto; readonly now?: () => number } = {},
): End {
  const sent: Datagram[] = [];
  const notices: KernelNotice[] = [];
  const delivered: Uint8Array[] = [];
  const kernel = new UserspaceKernel({
    crypto: options.crypto ?? defaultCrypto,
    random: counting(),
    now: options.now ?? (() => 1000),
    transmit: (octets, path) => sent.push({ octets, path }),
    notice: (notice) => notices.push(notice),
    ...(options.device && {
      deliver: (packet: Uint8Array) => {
        delivered.push(packet.slice());
        return undefined;
      },
    }),
  });
  return { kernel, sent, notices, delivered };
}

/** Carries everything sent to the other end; addresses as sent unless `from` says otherwise. */
export function carry(from: End, to: End, address?: { address: string; port: number }): number {
  const datagrams = from.sent.splice(0);
  for (const { octets, path } of datagrams) {
    to.kernel.input(octets, { local: path.remote, remote: address ?? path.local });
  }
  return datagrams.length;
}

export function install(to: End, agreement: Agreement): void {
  for (const sa of sasOf(agreement)) to.kernel.apply({ kind: 'addSa', sa });
}

/** Both ends of one child. */
export function joined(agreement: Agreement): { here: End; there: End } {
  const [here, there] = [end(), end()];
  install(here, agreement);
  install(there, swapped(agreement));
  return { here, there };
}
