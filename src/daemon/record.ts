/** A run of the daemon's engine as a file, for `ikev2 replay`: a line for each input. */
import { appendFileSync, closeSync } from 'node:fs';
import { type EngineOptions, IkeEngine } from '../ike/engine.ts';
import { type Engine, type Recorded, record } from '../ike/recording.ts';
import { openOwn } from './own-file.ts';

export interface RecordFile {
  /** The file, made anew, for its owner only. */
  readonly record?: string | undefined;
  /** With pre-shared keys, keys and all that was drawn, so that the run can be made again. */
  readonly withSecrets?: boolean | undefined;
}

export class RunRecord {
  readonly #secrets: boolean;
  readonly #trouble: (error: unknown) => void;
  #fd: number | undefined;
  #engine: Recorded | undefined;

  /** `trouble` hears when the file cannot be written any more; it is then given up. Throws what fs throws. */
  constructor(file: string, secrets: boolean, trouble: (error: unknown) => void) {
    this.#secrets = secrets;
    this.#trouble = trouble;
    this.#fd = openOwn(file, 'w');
  }

  /** An engine whose inputs are written down, and what it sends. */
  engine(options: EngineOptions): Engine {
    this.#engine = record(options, (line) => this.#write(line), { secrets: this.#secrets });
    return this.#engine;
  }

  /** Writes the last line, which says that nothing was cut off. */
  close(): void {
    this.#engine?.end();
    this.#giveUp();
  }

  #giveUp(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #write(line: string): void {
    if (this.#fd === undefined) return;
    try {
      appendFileSync(this.#fd, `${line}\n`);
    } catch (error) {
      this.#giveUp();
      this.#trouble(error);
    }
  }
}

/** The engine of a daemon: recorded when it is asked for. */
export const makeEngine = (options: EngineOptions, recorded: RunRecord | undefined): Engine =>
  recorded?.engine(options) ?? new IkeEngine(options);
