/** What a responder on this machine costs: processor time and memory, as /proc tells. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Endpoint } from '../ike/actions.ts';
import { parseAddress } from '../wire/address.ts';

export interface Reading {
  /** User and system time of all its threads, in seconds. */
  readonly cpu: number;
  /** Resident memory, in octets. */
  readonly rss: number;
  /** How late its event loop was since it was last read, in milliseconds; only of our own responder. */
  readonly eventLoopDelay?: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** Whoever reads the target; a first reading begins what the next one tells of. */
export interface Probe {
  readonly pid: number;
  read(): Promise<Reading | undefined>;
}

/** Ticks a second of /proc/PID/stat; the kernel says 100 to every program. */
const ticks = 100;

export const processProbe = (pid: number): Probe => ({ pid, read: async () => readProcess(pid) });

/** Undefined when there is no such process, or no /proc. */
export function readProcess(pid: number): Reading | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // After the name, which may hold anything: the state is field 3, utime and stime are 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const coarse = (Number(fields[11]) + Number(fields[12])) / ticks;
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const rss = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    return { cpu: fineCpu(pid) ?? coarse, rss };
  } catch {
    return undefined;
  }
}

/** The same time in nanoseconds, of the threads that are there. */
function fineCpu(pid: number): number | undefined {
  let nanoseconds = 0;
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
    }
  } catch {
    return undefined;
  }
  return nanoseconds > 0 ? nanoseconds / 1e9 : undefined;
}

/** Who listens on that address and port, or on the wildcard; undefined when nobody here does, or it is not to be seen. */
export function pidOfPort({ address, port }: Endpoint): number | undefined {
  const inode = inodeOf(address, port);
  if (inode === undefined) return undefined;
  const wanted = `socket:[${inode}]`;
  for (const pid of numbersIn('/proc')) {
    for (const fd of numbersIn(`/proc/${pid}/fd`)) {
      if (linkOf(`/proc/${pid}/fd/${fd}`) === wanted) return Number(pid);
    }
  }
  return undefined;
}

function inodeOf(address: string, port: number): string | undefined {
  const octets = parseAddress(address);
  if (octets === undefined) return undefined;
  const table = octets.length === 4 ? '/proc/net/udp' : '/proc/net/udp6';
  const any = '0'.repeat(octets.length * 2);
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const own = `${kernelHex(octets)}:${hexPort}`;
  let inode: string | undefined;
  for (const line of readLines(table)) {
    const [, local, , , , , , , , found] = line.trim().split(/\s+/);
    if (local === own) return found;
    if (local === `${any}:${hexPort}`) inode = found;
  }
  return inode;
}

/** Words of 32 bits in the machine's order; all that Node runs on is little-endian but for s390x. */
function kernelHex(octets: Uint8Array): string {
  const view = new DataView(octets.buffer, octets.byteOffset);
  let text = '';
  for (let at = 0; at < octets.length; at += 4)
    text += view.getUint32(at, true).toString(16).toUpperCase().padStart(8, '0');
  return text;
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split('\n').slice(1);
  } catch {
    return [];
  }
}

function numbersIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
