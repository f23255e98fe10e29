/** The files an operator may ask for: a capture of every datagram, and the keys to read it with. */
import type { EngineEvent, Path } from '../ike/actions.ts';
import { ControlError } from './control-protocol.ts';
import { KeyLog } from './key-log.ts';
import { PcapngFile } from './pcapng.ts';

export interface TraceFiles {
  /** Lines of Wireshark's `ikev2_decryption_table` are added to it. */
  readonly keyLog?: string | undefined;
  /** Lines of Wireshark's `esp_sa` are added to it. */
  readonly espKeyLog?: string | undefined;
  /** A pcapng file, made anew. */
  readonly pcap?: string | undefined;
}

export class Trace {
  readonly #keyLog: KeyLog;
  readonly #pcap: PcapngFile | undefined;
  readonly #now: () => number;

  /** `now`: milliseconds since 1970. Throws ControlError LISTEN when a file cannot be written. */
  constructor({ keyLog, espKeyLog, pcap }: TraceFiles, now: () => number) {
    this.#now = now;
    this.#keyLog = writable('--key-log', () => new KeyLog({ ike: keyLog, esp: espKeyLog }));
    this.#pcap = writable('--pcap', () => (pcap === undefined ? undefined : new PcapngFile(pcap)));
  }

  datagram(direction: 'in' | 'out', path: Path, octets: Uint8Array): void {
    this.#pcap?.write(direction, path, octets, this.#now());
  }

  event(event: EngineEvent): void {
    this.#keyLog.write(event);
  }

  close(): void {
    this.#keyLog.close();
    this.#pcap?.close();
  }
}

function writable<File>(option: string, open: () => File): File {
  try {
    return open();
  } catch (error) {
    throw new ControlError('LISTEN', `${option}: ${error instanceof Error ? error.message : error}`);
  }
}
