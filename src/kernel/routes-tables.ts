/** Tables of routes into one device, each route with one of worse metric that refuses: a device that is down lets nothing by. */
import { formatAddress } from '../wire/address.ts';
import { SystemError } from './errno.ts';
import type { Prefix, Route, RouteSocket } from './rtnetlink.ts';

export type TableWriter = Pick<RouteSocket, 'setRoute' | 'deleteRoute' | 'routes'>;

export class DeviceTables {
  readonly #socket: TableWriter;
  readonly #first: number;
  readonly #count: number;
  /** By what they are for. */
  readonly #tables = new Map<string, number>();
  readonly #taken = new Set<number>();
  readonly #routes = new Map<string, Route>();
  #device: number | undefined;

  constructor(socket: TableWriter, first: number, count: number, device: number) {
    this.#socket = socket;
    this.#first = first;
    this.#count = count;
    this.#device = device;
  }

  /** The table for something, a new one where there is none. Throws SystemError ENOSPC. */
  table(what: string): number {
    const known = this.#tables.get(what);
    if (known !== undefined) return known;
    for (let table = this.#first; table < this.#first + this.#count; table++) {
      if (this.#taken.has(table)) continue;
      this.#taken.add(table);
      this.#tables.set(what, table);
      return table;
    }
    throw new SystemError('table', 'ENOSPC', `${this.#count} are all a device can have`);
  }

  /** Its routes are gone. */
  free(what: string): void {
    this.#taken.delete(this.#tables.get(what) ?? -1);
    this.#tables.delete(what);
  }

  /** In the place of one to the same prefix. Throws SystemError; not when the device is down or gone: then it is refused. */
  set(to: Prefix, table: number, source?: Uint8Array): void {
    const key = keyOf(to, table);
    const before = this.#routes.get(key);
    if (before && textOf(before.source) === textOf(source)) return;
    const route = { to, table, ...(source && { source }) };
    this.#socket.setRoute({ to, table });
    this.#routes.set(key, route);
    this.#lead(route);
  }

  unset(to: Prefix, table: number): void {
    const route = this.#routes.get(keyOf(to, table));
    if (route === undefined) return;
    this.#routes.delete(keyOf(to, table));
    if (this.#device !== undefined) this.#socket.deleteRoute({ to, table, device: this.#device });
    this.#socket.deleteRoute({ to, table });
  }

  /** Its index when it is up, or up again: the kernel takes routes away when a device goes down. Throws SystemError. */
  device(index: number | undefined): void {
    this.#device = index;
    for (const route of this.#routes.values()) this.#lead(route);
  }

  /** Takes away all there is in the tables, whoever made it. */
  sweep(): void {
    this.#routes.clear();
    for (const { to, table, device } of this.#socket.routes(this.#first, this.#first + this.#count - 1))
      this.#socket.deleteRoute({ to, table, ...(device && { device }) });
    this.#tables.clear();
    this.#taken.clear();
  }

  #lead(route: Route): void {
    if (this.#device === undefined) return;
    try {
      this.#socket.setRoute({ ...route, device: this.#device });
    } catch (error) {
      if (error instanceof SystemError && absent.has(error.errno)) return;
      throw error;
    }
  }
}

const absent: ReadonlySet<string> = new Set(['ENETDOWN', 'ENODEV']);
const keyOf = ({ address, length }: Prefix, table: number): string =>
  `${table} ${formatAddress(address)}/${length}`;
const textOf = (address: Uint8Array | undefined): string => (address ? formatAddress(address) : '');
