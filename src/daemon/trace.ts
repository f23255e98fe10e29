/** The files an operator may ask for: a capture of every datagram, the keys to read it with, and a record of the run. */
import { dirname } from 'node:path';
import type { EngineEvent, Path } from '../ike/actions.ts';
import type { EngineOptions } from '../ike/engine.ts';
import type { Engine } from '../ike/recording.ts';
import { Capture } from './capture.ts';
import { ControlError } from './control-protocol.ts';
import { KeyLog } from './key-log.ts';
import { makeEngine, type RecordFile, RunRecord } from './record.ts';

export interface TraceFiles extends RecordFile {
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
  #pcap: Capture | undefined;
  readonly #record: RunRecord | undefined;

  /**
   * `now`: milliseconds since 1970. `trouble` hears when a file cannot be written any more; it is then given up. Throws
   * ControlError LISTEN when one cannot be opened.
   */
  constructor(files: TraceFiles, now: () => number, trouble: (text: string) => void) {
    const { keyLog, espKeyLog, pcap, record, withSecrets = false } = files;
    this.#now = now;
    this.#trouble = trouble;
    this.#keyLog = writable(
      '--key-log',
      keyLog ?? espKeyLog,
      () => new KeyLog({ ike: keyLog, esp: espKeyLog }),
    );
    this.#pcap =
      pcap === undefined ? undefined : writable('--pcap', pcap, () => new Capture(pcap, this.#captureEnds));
    const stopped = (error: unknown) =>
      trouble(`the record ends here: ${error instanceof Error ? error.message : error}`);
    this.#record =
      record === undefined
        ? undefined
        : writable('--record', record, () => new RunRecord(record, withSecrets, stopped));
  }

  /** The daemon's engine, recorded when that was asked for. */
  engine(options: EngineOptions): Engine {
    return makeEngine(options, this.#record);
  }

  datagram(direction: 'in' | 'out', path: Path, octets: Uint8Array): void {
    this.#pcap?.datagram(direction, path, octets, this.#now());
  }

  event(event: EngineEvent): void {
    if (event.kind === 'message') this.#pcap?.message(event);
    try {
      this.#keyLog?.write(event);
    } catch (error) {
      this.#keyLog = undefined;
      this.#trouble(`the key log ends here: ${error instanceof Error ? error.message : error}`);
    }
  }

  readonly #captureEnds = (error: unknown): void => {
    this.#pcap = undefined;
    this.#trouble(`the capture ends here: ${error instanceof Error ? error.message : error}`);
  };

  close(): void {
    this.#keyLog?.close();
    this.#pcap?.close();
    this.#record?.close();
    this.#keyLog = this.#pcap = undefined;
  }
}

function writable<File>(option: string, file: string | undefined, open: () => File): File {
  try {
    return open();
  } catch (error) {
    const directory = dirname(file ?? '');
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new ControlError('LISTEN', `${option}: there is no directory ${directory}`);
    throw new ControlError('LISTEN', `${option}: ${error instanceof Error ? error.message : error}`);
  }
}
