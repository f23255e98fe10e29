/** What SAs carried that left the data plane a moment ago, for those who hear of it next. */
import type { Kernel, SaCounters, SaId } from '../kernel/port.ts';

/** Older ones are forgotten. */
const most = 256;

export class RemovedCounters {
  readonly #kernel: Pick<Kernel, 'counters'>;
  readonly #kept = new Map<string, SaCounters>();

  constructor(kernel: Pick<Kernel, 'counters'>) {
    this.#kernel = kernel;
  }

  /** It is about to go. */
  keep(id: SaId): void {
    const counters = this.#kernel.counters(id);
    if (counters === undefined) return;
    this.#kept.delete(keyOf(id));
    this.#kept.set(keyOf(id), counters);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > most && oldest !== undefined) this.#kept.delete(oldest);
  }

  /** Of an SA that is there, or was. */
  of(id: SaId): SaCounters | undefined {
    return this.#kernel.counters(id) ?? this.#kept.get(keyOf(id));
  }
}

const keyOf = ({ spi, destination }: SaId): string => `${spi} ${destination}`;
