/** What the daemon keeps of its SAs beside the engine: their numbers, as pluto counts states, and what was told of them. */
import type { EngineEvent, Path, SaName } from '../ike/actions.ts';
import type { UpdownConfiguration } from './updown.ts';

/** An IKE SA. Its heir by a rekey inherits all but the number. */
export interface IkeRecord {
  readonly number: number;
  /** Which of its connection's, from 1; stays through rekeys. 0 while nobody is proven. */
  readonly instance: number;
  readonly path?: Path;
  /** As `formatIdentity` writes them. */
  readonly localId?: string;
  readonly remoteId?: string;
  readonly configuration?: UpdownConfiguration;
}

export interface ChildRecord {
  readonly number: number;
  /** Unix seconds. */
  readonly addTime: number;
}

export class SaBook {
  readonly #unixTime: () => number;
  readonly #ike = new Map<string, IkeRecord>();
  readonly #children = new Map<number, ChildRecord>();
  readonly #instances = new Map<string, number>();
  #last = 0;

  /** `unixTime` in milliseconds. */
  constructor(unixTime: () => number) {
    this.#unixTime = unixTime;
  }

  /** One that was never heard of gets the next number. */
  ike(sa: SaName): IkeRecord {
    const known = this.#ike.get(keyOf(sa));
    if (known) return known;
    const made = { number: ++this.#last, instance: 0 };
    this.#ike.set(keyOf(sa), made);
    return made;
  }

  child(inboundSpi: number): ChildRecord {
    const known = this.#children.get(inboundSpi);
    if (known) return known;
    const made = { number: ++this.#last, addTime: Math.floor(this.#unixTime() / 1000) };
    this.#children.set(inboundSpi, made);
    return made;
  }

  event(event: EngineEvent): void {
    switch (event.kind) {
      case 'ikeEstablished': {
        const { path, localId, remoteId } = event;
        const name = event.sa.connection ?? '';
        const instance = (this.#instances.get(name) ?? 0) + 1;
        this.#instances.set(name, instance);
        this.#put(event.sa, { path, localId, remoteId, instance });
        break;
      }
      case 'configured': {
        const { addresses, dns, domains } = event;
        const address = addresses[0]?.replace(/\/\d+$/, '');
        this.#put(event.sa, { configuration: { address, dns, domains } });
        break;
      }
      case 'endpointChanged':
        this.#put(event.sa, { path: event.path });
        break;
      case 'ikeRekeyed':
        this.#ike.set(keyOf(event.by), { ...this.ike(event.sa), number: ++this.#last });
        break;
      case 'childEstablished':
        this.child(event.child.inboundSpi);
        break;
      case 'childDeleted':
        this.#children.delete(event.child.inboundSpi);
        break;
      case 'ikeDeleted':
      case 'ikeFailed':
        this.#ike.delete(keyOf(event.sa));
        break;
    }
  }

  #put(sa: SaName, more: Partial<IkeRecord>): void {
    this.#ike.set(keyOf(sa), { ...this.ike(sa), ...more });
  }
}

/** A responder's SPI comes with its answer. */
const keyOf = ({ role, spiI, spiR }: SaName): string => (role === 'initiator' ? `i ${spiI}` : `r ${spiR}`);
