/** Which IKE SAs and children are still in memory: not by what an engine says, but by what the garbage collector left. */
import { queryObjects, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ChildSa } from '../../src/ike/child-sa.ts';
import { Children } from '../../src/ike/children.ts';
import { IkeSa } from '../../src/ike/ike-sa.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

export interface Living {
  readonly ikeSas: number;
  readonly children: number;
  /** Octets in use. */
  readonly heap: number;
}

/** Keeps a weak reference to every child made while it is open. */
export class Census {
  readonly #add = Children.prototype.add;
  #children: WeakRef<ChildSa>[] = [];

  constructor() {
    const { children, add } = { children: () => this.#children, add: this.#add };
    Children.prototype.add = function (child) {
      children().push(new WeakRef(child));
      add.call(this, child);
    };
  }

  close(): void {
    Children.prototype.add = this.#add;
  }

  /** Counts once all garbage is gone. */
  async take(): Promise<Living> {
    // A weak reference made or looked at in this turn of the loop holds on to its object until the next.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    this.#children = this.#children.filter((child) => child.deref() !== undefined);
    const heap = process.memoryUsage().heapUsed;
    const ikeSas = queryObjects(IkeSa, { format: 'count' });
    return { ikeSas, children: this.#children.length, heap };
  }
}
