/** An engine on real sockets and a real clock: the daemon's loop without its policy files. */
import { nodeCrypto } from '../../src/crypto/node/index.ts';
import { systemClock } from '../../src/daemon/clock.ts';
import { Loop } from '../../src/daemon/loop.ts';
import { UdpSockets } from '../../src/daemon/udp.ts';
import type { EngineEvent } from '../../src/ike/actions.ts';
import { IkeEngine } from '../../src/ike/engine.ts';
import { MemoryKernel } from '../../src/kernel/memory.ts';
import type { Policy } from '../../src/policy/policy.ts';

export class End {
  readonly address: string;
  readonly kernel = new MemoryKernel({ history: 1 });
  readonly #counts = new Map<string, number>();
  /** Bugs, and why SAs ended, as far as anybody wants to read. */
  readonly complaints: string[] = [];
  /** Rekeys of IKE SAs that this end began. */
  begun = 0;
  readonly #sockets: UdpSockets;
  #running: { readonly loop: Loop; readonly engine: IkeEngine } | undefined;

  constructor(address: string, ports: { readonly ike: number; readonly nat: number }) {
    this.address = address;
    this.#sockets = new UdpSockets({ ikePort: ports.ike, natPort: ports.nat });
  }

  async start(policy: Policy, ports: { readonly ike: number; readonly nat: number }): Promise<void> {
    await this.#sockets.listen([this.address]);
    const engine = new IkeEngine({
      now: systemClock.now(),
      unixTime: Math.floor(systemClock.unixTime() / 1000),
      policy,
      crypto: nodeCrypto,
      random: (length) => globalThis.crypto.getRandomValues(new Uint8Array(length)),
      ports,
      messages: false,
    });
    const loop = new Loop(engine, this.kernel, systemClock, {
      transmit: (path, octets) => this.#sockets.send(path, octets),
      event: (event) => this.#heard(event),
      answer: () => ({ ok: false, errno: 'ENOSYS' }),
    });
    this.#sockets.deliverTo({
      ike: (path, octets) => loop.feed({ type: 'datagram', ...path, octets }),
      esp: () => this.#count('esp'),
      keepalive: () => this.#count('keepalive'),
      unsent: (_path, errno) => this.#count(`unsent ${errno}`),
    });
    this.#running = { loop, engine };
  }

  get loop(): Loop {
    return this.#up.loop;
  }

  get engine(): IkeEngine {
    return this.#up.engine;
  }

  /** How often an event of that kind was told. */
  told(kind: EngineEvent['kind']): number {
    return this.#counts.get(kind) ?? 0;
  }

  async close(): Promise<void> {
    this.#running?.loop.close();
    await this.#sockets.close();
  }

  get #up() {
    if (this.#running === undefined) throw new Error('not started');
    return this.#running;
  }

  #heard(event: EngineEvent): void {
    this.#count(event.kind);
    if (event.kind === 'ikeRekeyed' && event.by.role === 'initiator') this.begun++;
    if (this.complaints.length >= 20) return;
    if (event.kind === 'bug') this.complaints.push(`bug: ${event.message} ${event.stack}`);
    if (event.kind === 'ikeFailed' || event.kind === 'ikeDeleted' || event.kind === 'childFailed')
      this.complaints.push(`${event.kind}: ${event.reason.text}`);
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }
}
