/** Our engine in this process, on sockets of a namespace: every datagram passes by here, in and out. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeCrypto } from '../../../src/crypto/node/index.ts';
import { fileSource } from '../../../src/daemon/policy-source.ts';
import type { IkeSaStatus } from '../../../src/ike/status.ts';
import { type Host, ladder } from '../../../src/testing/index.ts';
import { LiveNetwork } from '../../../src/testing/live.ts';
import { scratch } from './mounts.ts';
import type { OurFiles } from './ours.ts';
import { until } from './process.ts';
import { socketsIn } from './sockets.ts';

/** Octets of our nonces, and of most keys. */
const nonceLength = 32;

export class Live {
  readonly host: Host;
  readonly network: LiveNetwork;
  readonly #nonces: { low: boolean };

  private constructor(host: Host, network: LiveNetwork, nonces: { low: boolean }) {
    this.host = host;
    this.network = network;
    this.#nonces = nonces;
  }

  /** Its data plane only remembers. Throws what is wrong with the files or with the sockets. */
  static async start(files: OurFiles): Promise<Live> {
    const [address = files.side.address] = files.listen ?? [];
    const { policy } = await read(files, address);
    const nonces = { low: false };
    const network = new LiveNetwork({
      random(length) {
        const octets = new Uint8Array(randomBytes(length));
        return nonces.low && length === nonceLength ? octets.fill(0, 0, 8) : octets;
      },
    });
    const sockets = await socketsIn(files.side.namespace, address);
    const host = await network.host({ name: 'ours', address, policy, sockets, crypto: nodeCrypto });
    return new Live(host, network, nonces);
  }

  /** From now on the nonces it draws are lower, or no lower, than any a peer may draw. */
  set drawsLow(low: boolean) {
    this.#nonces.low = low;
  }

  /** Every message so far, decrypted. */
  get log(): string {
    return ladder(this.network).join('\n');
  }

  async list(): Promise<readonly IkeSaStatus[]> {
    this.network.check();
    return this.host.ikeSas;
  }

  /** Waits until the SAs are as wanted. Throws with the ladder of the run, and at once what a rule or the engine threw. */
  async when<T>(
    what: string,
    probe: (sas: readonly IkeSaStatus[]) => T | undefined | Promise<T | undefined>,
    within = 10_000,
  ): Promise<T> {
    const seen = () => `${JSON.stringify(this.host.ikeSas, null, 1)}\n${this.log}`;
    return until(`our engine: ${what}`, async () => probe(await this.list()), within, seen);
  }

  stop(): Promise<void> {
    return this.network.close();
  }
}

async function read({ config, secrets }: OurFiles, address: string) {
  const place = scratch('live');
  try {
    const file = (name: string, text: string) => {
      const path = join(place.path, name);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    };
    return await fileSource({
      config: file('ipsec.conf', config),
      secrets: file('ipsec.secrets', secrets),
      listen: [address],
    })();
  } finally {
    place.remove();
  }
}
