/** Two ends of a connection, one of them behind a NAT, that talk through userspace ESP; and what a step does to them. */
import { nodeCrypto as crypto } from '../../src/crypto/node/index.ts';
import {
  type Fate,
  type Host,
  lossy,
  type Nat,
  type Pair,
  pair,
  seeded,
  VirtualNetwork,
} from '../../src/testing/index.ts';
import type { End, Step } from './steps.ts';
import { TalkingKernel } from './talking-kernel.ts';
import { WireWatch } from './wire-watch.ts';

const addresses = { initiator: '192.168.1.2', responder: '10.0.0.2' } as const;
const name = 'pair';
/** More children than this are not asked for. */
const mostChildren = 8;

/** Breaks something in a world, to show that the model notices. */
export type Fault = (world: World) => void;

export class World {
  readonly network: VirtualNetwork;
  readonly nat: Nat;
  readonly both: Pair;
  readonly kernels: Readonly<Record<End, TalkingKernel>>;
  readonly watch: WireWatch;
  /** Packets on their way or lost, and those that came, of each sender. */
  readonly sent: Readonly<Record<End, Set<number>>> = { initiator: new Set(), responder: new Set() };
  readonly #line = { fate: undefined as Fate | undefined };
  #outside = 1;

  constructor(seed: number, options: { readonly fault?: Fault } = {}) {
    this.network = new VirtualNetwork({ seed, history: 300 });
    this.nat = this.network.nat({
      outside: '203.0.113.1',
      inside: [addresses.initiator],
      timeout: 3_600_000,
    });
    this.kernels = {
      initiator: this.#kernel('initiator', [1, 2]),
      responder: this.#kernel('responder', [2, 1]),
    };
    this.both = pair({
      network: this.network,
      crypto,
      entry: { retransmit: { interval: 500, timeout: 20_000 }, dpdDelay: 25_000 },
      initiator: {
        address: addresses.initiator,
        identity: '@inside',
        subnet: '10.1.0.0/16',
        kernel: this.kernels.initiator,
      },
      responder: {
        address: addresses.responder,
        identity: '@gateway',
        subnet: '10.2.0.0/16',
        peerAddress: '%any',
        kernel: this.kernels.responder,
      },
    });
    this.watch = new WireWatch(this.both);
    options.fault?.(this);
    this.network.fate((flight) => this.#line.fate?.(flight));
  }

  perform(step: Step): void {
    if (step.do === 'time goes on') this.network.advance(step.millis);
    else if (step.do === 'a bad line') this.#spoil(step.drop);
    else if (step.do === 'a good line') this.goodLine();
    else if (step.do === 'another address') this.nat.rebind(`203.0.113.${1 + (this.#outside++ % 200)}`);
    else this.#performAt(step);
  }

  goodLine(): void {
    this.#line.fate = undefined;
  }

  /** So many packets by the policies' choice; how many were not dropped at once. */
  talk(end: End, packets: number): number {
    let many = 0;
    for (let packet = 0; packet < packets; packet++) if (this.note(end, this.kernels[end].talk())) many++;
    return many;
  }

  /** Remembers that a packet was sent, if it was. */
  note(end: End, packet: number | undefined): boolean {
    if (packet !== undefined) this.sent[end].add(packet);
    return packet !== undefined;
  }

  #performAt(step: Extract<Step, { readonly end: End }>): void {
    const { end } = step;
    const host = this.both[end];
    switch (step.do) {
      case 'up':
        return host.up(name);
      case 'down':
        return host.down(name);
      case 'rekey children':
        return host.command({ kind: 'rekey', name, what: 'children' });
      case 'rekey the IKE SA':
        return host.command({ kind: 'rekey', name, what: 'ike' });
      case 'one more child':
        if (host.children.length < mostChildren) host.command({ kind: 'upChild', name, child: name });
        return;
      case 'delete a child': {
        const spi = nthSpi(host, step.nth);
        if (spi !== undefined) host.command({ kind: 'deleteChild', spi });
        return;
      }
      case 'a child is at its end': {
        const spi = nthSpi(host, step.nth);
        const id = { spi: spi ?? 0, destination: addresses[end] };
        if (spi !== undefined) host.feed({ type: 'kernel', notice: { kind: 'expire', id, hard: step.hard } });
        return;
      }
      case 'liveness':
        return host.command({ kind: 'liveness', name });
      case 'the same policy':
        return host.setPolicy(this.both.policies[end]);
      case 'another policy':
        return host.setPolicy(this.both.change(end, { esp: step.esp }));
      case 'crash':
        return host.crash();
      case 'on demand':
        return host.command({ kind: 'route', name });
      case 'no longer on demand':
        return host.command({ kind: 'unroute', name });
      case 'refuse an SA':
        return this.kernels[end].memory.refuse(1, 'ENOSYS', 'addSa');
      case 'talk':
        this.talk(end, step.packets);
        return;
    }
  }

  #spoil(drop: number): void {
    const dice = this.network.seeded.fork(`line at ${this.network.now}`);
    this.#line.fate = lossy(dice, { drop, copy: 0.2, delay: 0.4, latest: 2000 });
  }

  #kernel(end: End, subnets: readonly [number, number]): TalkingKernel {
    const { random } = seeded(`packets of ${end}`);
    return new TalkingKernel(this.network, subnets, { crypto, random }, (notice) =>
      this.both[end].feed({ type: 'kernel', notice }),
    );
  }
}

function nthSpi({ children }: Host, nth: number): number | undefined {
  return children[nth % Math.max(children.length, 1)]?.inboundSpi;
}
