/** Echoes by the system's `ping`, for data planes that are the system's: what it sends the kernel protects, or not. */
import { execFile } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { compareAddresses, contains, parseCidr } from '../policy/range.ts';
import { formatAddress, parseAddress } from '../wire/address.ts';
import { ControlError } from './control-protocol.ts';
import { noRoom, patience, type SendEcho, type SentEcho } from './ping.ts';

/** Milliseconds beyond `patience` that the process may take. */
const slack = 3_000;

export interface SystemPingOptions {
  /** `ping` on the PATH unless said. */
  readonly command?: string;
  /** Of this host; asked of the system unless said. */
  readonly addresses?: () => readonly string[];
}

/** From an address of this host that the child's selectors hold, to one they hold; never through a shell. */
export function systemEchoes(options: SystemPingOptions = {}): SendEcho {
  const { command = 'ping', addresses = hostAddresses } = options;
  return (child, to) => {
    const own = addresses()
      .map(parseAddress)
      .filter((address) => address !== undefined);
    const locals = rangesOf(child.local);
    const remotes = rangesOf(child.remote);
    const asked = to === undefined ? undefined : parseAddress(to);
    if (to !== undefined && asked === undefined) throw noRoom(to, 'it is no address');
    if (asked && !remotes.some((remote) => contains(remote, { start: asked, end: asked })))
      throw noRoom(to, `it is not in ${child.remote}`);
    for (const destination of asked ? [asked] : remotes.map(memberOf)) {
      const from = own.find(
        (start) =>
          start.length === destination.length &&
          locals.some((local) => contains(local, { start, end: start })),
      );
      if (from) return sendEcho(command, formatAddress(from), formatAddress(destination));
    }
    throw noRoom(to, `this host has no address in ${child.local}; ping from a host that has`);
  };
}

function sendEcho(command: string, from: string, to: string): SentEcho {
  const args = ['-n', '-c', '1', '-W', String(patience / 1000), '-I', from, to];
  const env = { ...process.env, LC_ALL: 'C' };
  const reply = new Promise<Awaited<SentEcho['reply']>>((resolve, reject) => {
    execFile(command, args, { env, timeout: patience + slack }, (error, stdout, stderr) => {
      const heard = /(\d+) bytes from .*?time=([\d.]+) ms/.exec(stdout);
      const code = error ? (error.code ?? error.signal) : 0;
      if (heard) resolve({ from: to, size: Number(heard[1]) - 8, milliseconds: Number(heard[2]) });
      // Exit code 1: nothing came back; or a router, or the kernel's own policy, would not have it.
      else if (code === 0 || code === 1 || code === 'SIGTERM') resolve(undefined);
      else reject(failure(command, code, stderr));
    });
  });
  return { from, to, reply };
}

function failure(command: string, code: unknown, stderr: string): ControlError {
  const text =
    code === 'ENOENT'
      ? `echoes of this data plane are sent by the command ${command}, which is not installed: apt-get install iputils-ping`
      : `${command} failed (${code}): ${stderr.trim().split('\n')[0] ?? ''}`;
  return new ControlError('NOT_SUPPORTED', text);
}

/** Of selectors in text; what else stands there (protocol, ports) is left to the kernel. */
const rangesOf = (selectors: string) =>
  selectors
    .split(/[\s,]+/)
    .map((word) => parseCidr(/^[\da-f.:]+(?:[/-][\da-f.:]+)?/i.exec(word)?.[0] ?? ''))
    .filter((range) => range !== undefined);

/** The only address, or the second: the first may be a network's. */
function memberOf({ start, end }: { readonly start: Uint8Array; readonly end: Uint8Array }): Uint8Array {
  const address = start.slice();
  if (compareAddresses(start, end) !== 0) address[address.length - 1] = (address.at(-1) ?? 0) | 1;
  return address;
}

const hostAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address);
