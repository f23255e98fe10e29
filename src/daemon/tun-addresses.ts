/** Which addresses the TUN device has: what we are configured to be, and what peers give us. RFC 7296 §2.19. */
import type { EngineEvent, SaName } from '../ike/actions.ts';
import type { Prefix } from '../kernel/rtnetlink.ts';
import type { PadEntry } from '../policy/policy.ts';
import { formatAddress, parseAddress } from '../wire/address.ts';

export class TunAddresses {
  readonly #tell: (addresses: readonly Prefix[]) => void;
  /** By IKE SA. */
  readonly #given = new Map<string, readonly Prefix[]>();
  #configured: readonly Prefix[] = [];

  /** `tell` hears of every change, with all that there are then. */
  constructor(tell: (addresses: readonly Prefix[]) => void) {
    this.#tell = tell;
  }

  /** `leftsourceip=` of the connections there are. */
  connections(entries: readonly PadEntry[]): void {
    const texts = entries.flatMap(({ sourceAddress }) => sourceAddress ?? []);
    this.#configured = texts.flatMap(prefix);
    this.#say();
  }

  /** An address given to us is ours until the IKE SA it came with, or its last heir, is gone. */
  event(event: EngineEvent): void {
    switch (event.kind) {
      case 'configured':
        this.#given.set(keyOf(event.sa), event.addresses.flatMap(prefix));
        break;
      case 'ikeRekeyed': {
        const given = this.#given.get(keyOf(event.sa));
        if (given === undefined) return;
        this.#given.set(keyOf(event.by), given);
        this.#given.delete(keyOf(event.sa));
        return;
      }
      case 'ikeDeleted':
      case 'ikeFailed':
        if (!this.#given.delete(keyOf(event.sa))) return;
        break;
      default:
        return;
    }
    this.#say();
  }

  #say(): void {
    const all = [...this.#configured, ...[...this.#given.values()].flat()];
    const named = new Map(all.map((each) => [formatAddress(each.address), each]));
    this.#tell([...named.values()]);
  }
}

const keyOf = ({ spiI, spiR }: SaName): string => `${spiI} ${spiR}`;

/** The address alone: what is behind it is a matter of routes. */
function prefix(text: string): Prefix[] {
  const address = parseAddress(text.split('/')[0] ?? '');
  return address ? [{ address, length: address.length * 8 }] : [];
}
