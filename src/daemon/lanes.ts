/** Kernel commands in order within a child, and never one child behind another. */
import { type Kernel, type KernelCommand, KernelError, type SaId } from '../kernel/port.ts';

/** A symbolic errno; undefined when the command holds. */
export type Errno = string | undefined;

export class KernelLanes {
  readonly #kernel: Kernel;
  readonly #reqids = new Map<string, number>();
  readonly #tails = new Map<number, Promise<Errno>>();
  readonly #bug: (error: unknown) => void;

  /** `bug` hears of what an adapter threw that is no KernelError; the command then counts as EIO. */
  constructor(kernel: Kernel, bug: (error: unknown) => void) {
    this.#kernel = kernel;
    this.#bug = bug;
  }

  /** At once when the child's lane is empty and the adapter knows at once; a promise otherwise, never rejected. */
  run(command: KernelCommand): Errno | Promise<Errno> {
    const lane = this.#lane(command);
    const before = this.#tails.get(lane);
    const outcome = before ? before.then(() => this.#apply(command)) : this.#apply(command);
    if (!(outcome instanceof Promise)) return this.#settled(command, outcome);
    this.#tails.set(lane, outcome);
    return outcome.then((errno) => {
      if (this.#tails.get(lane) === outcome) this.#tails.delete(lane);
      return this.#settled(command, errno);
    });
  }

  #settled(command: KernelCommand, errno: Errno): Errno {
    const gone = command.kind === 'addSa' && errno !== undefined && errno !== 'EEXIST';
    if (gone) this.#reqids.delete(key(command.sa.id));
    return errno;
  }

  #apply(command: KernelCommand): Errno | Promise<Errno> {
    try {
      const applied = this.#kernel.apply(command);
      return applied?.then(() => undefined, this.#errno);
    } catch (error) {
      return this.#errno(error);
    }
  }

  #errno = (error: unknown): string => {
    if (error instanceof KernelError) return error.errno;
    this.#bug(error);
    return 'EIO';
  };

  /** The reqid names a child; an SA's later commands carry only its ID. */
  #lane(command: KernelCommand): number {
    switch (command.kind) {
      case 'addSa':
        this.#reqids.set(key(command.sa.id), command.sa.reqid);
        return command.sa.reqid;
      case 'addPolicy':
      case 'deletePolicy':
        return command.policy.reqid;
      case 'updateSa': {
        const reqid = this.#reqids.get(key(command.id)) ?? 0;
        this.#reqids.delete(key(command.id));
        this.#reqids.set(key({ spi: command.id.spi, destination: command.destination }), reqid);
        return reqid;
      }
      case 'deleteSa': {
        const reqid = this.#reqids.get(key(command.id)) ?? 0;
        this.#reqids.delete(key(command.id));
        return reqid;
      }
    }
  }
}

const key = (id: SaId): string => `${id.spi}@${id.destination}`;
