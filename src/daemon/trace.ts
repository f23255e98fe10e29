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
  readonly #now: () => number;
  readonly #trouble: (text: string) => void;
  #keyLog: KeyLog | undefined;
  #pcap: PcapngFile | undefined;

  /**
   * `now`: milliseconds since 1970. `trouble` hears when a file cannot be written any more; it is then given up. Throws
   * ControlError LISTEN when one cannot be opened.
   */
  constructor({ keyLog, espKeyLog, pcap }: TraceFiles, now: () => number, trouble: (text: string) => void) {
    this.#now = now;
    this.#trouble = trouble;
    this.#keyLog = writable('--key-log', () => new KeyLog({ ike: keyLog, esp: espKeyLog }));
    this.#pcap = pcap === undefined ? undefined : writable('--pcap', () => new PcapngFile(pcap));
  }

  datagram(direction: 'in' | 'out', path: Path, octets: Uint8Array): void {
    try {
      this.#pcap?.write(direction, path, octets, this.#now());
    } catch (error) {
      this.#pcap = undefined;
      this.#trouble(`the capture ends here: ${error instanceof Error ? error.message : error}`);
    }
  }

  event(event: EngineEvent): void {
    try {
      this.#keyLog?.write(event);
    } catch (error) {
      this.#keyLog = undefined;
      this.#trouble(`the key log ends here: ${error instanceof Error ? error.message : error}`);
    }
  }

  close(): void {
    this.#keyLog?.close();
    this.#pcap?.close();
    this.#keyLog = this.#pcap = undefined;
  }
}

function writable<File>(option: string, open: () => File): File {
  try {
    return open();
  } catch (error) {
    throw new ControlError('LISTEN', `${option}: ${error instanceof Error ? error.message : error}`);
  }
}
