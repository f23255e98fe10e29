/** The virtual network itself: time, fates, NATs, and that a bug ends the run. */
import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node/index.ts';
import {
  BugError,
  copy,
  delay,
  drop,
  Faults,
  from,
  inTurn,
  ladder,
  on,
  pair,
  reorder,
  rewrite,
  VirtualNetwork,
} from '../../src/testing/index.ts';

const [a, b] = [
  { address: '10.0.0.1', port: 1000 },
  { address: '10.0.0.2', port: 2000 },
];

/** What arrives at b, and when. */
function listening(network: VirtualNetwork): string[] {
  const heard: string[] = [];
  network.listen(b.address, (octets, _local, remote) =>
    heard.push(`${network.now} ${octets.join()} ${remote.address}:${remote.port}`),
  );
  return heard;
}

const send = (network: VirtualNetwork, ...numbers: number[]): void => {
  for (const number of numbers) network.send(a, b, Uint8Array.of(number));
};

describe('fates', () => {
  it('without one a datagram arrives after the latency', () => {
    const network = new VirtualNetwork({ latency: 7 });
    const heard = listening(network);
    send(network, 1, 2);
    network.settle();
    expect(heard).toEqual(['7 1 10.0.0.1:1000', '7 2 10.0.0.1:1000']);
  });

  it.each([
    ['drop', drop, ['10 2']],
    ['copy', copy(2, 5), ['10 1', '10 2', '15 1', '20 1']],
    ['delay', delay(100), ['10 2', '110 1']],
    ['reorder', reorder(1), ['10 2', '10 1']],
    ['rewrite', rewrite((octets) => octets.map((octet) => octet + 40)), ['10 41', '10 2']],
  ] as const)('%s', (_name, fate, expected) => {
    const network = new VirtualNetwork();
    const heard = listening(network);
    network.fate(on({ nth: 1 }, fate));
    send(network, 1, 2);
    network.settle();
    expect(heard.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(expected);
  });

  it('reorder lets it through in the end when nothing follows', () => {
    const network = new VirtualNetwork();
    const heard = listening(network);
    network.fate(reorder(3));
    send(network, 1);
    network.settle();
    expect(heard).toHaveLength(1);
    expect(network.now).toBeGreaterThanOrEqual(10_000);
  });

  it('from elsewhere, and the first fate that says anything decides', () => {
    const network = new VirtualNetwork();
    const heard = listening(network);
    network.fate(inTurn(on({ to: '10.9.9.9' }, drop), from({ address: '10.6.6.6', port: 6 })));
    network.fate(drop);
    send(network, 1);
    network.settle();
    expect(heard).toEqual(['10 1 10.6.6.6:6']);
  });

  it('is taken away again', () => {
    const network = new VirtualNetwork();
    const heard = listening(network);
    const stop = network.fate(drop);
    send(network, 1);
    stop();
    send(network, 2);
    network.settle();
    expect(heard).toHaveLength(1);
  });
});

describe('time', () => {
  it('advances to the millisecond, with nothing to do too', () => {
    const network = new VirtualNetwork();
    network.advance(1234);
    expect(network.now).toBe(1234);
    const done: number[] = [];
    network.after(100, () => done.push(network.now));
    network.advance(99);
    expect(done).toEqual([]);
    network.advance(1);
    expect(done).toEqual([1334]);
  });

  it('until a predicate holds, or the limit is reached', () => {
    const both = pair();
    both.initiator.up('pair');
    expect(both.network.until(() => both.responder.ikeSas.length > 0)).toBe(true);
    expect(both.network.now).toBe(10);
    expect(both.network.until(() => both.network.now > 1e9, 50)).toBe(false);
  });

  it('run ends when all is quiet, and says when it is not', () => {
    expect(pair().up().network.run()).toBe(true);
    expect(
      pair({ entry: { dpdDelay: 1000 } })
        .up()
        .network.run(10_000),
    ).toBe(false);
  });
});

describe('NAT', () => {
  const inner = { address: '192.168.0.1', port: 1000 };
  const made = (options: object) => {
    const network = new VirtualNetwork();
    const nat = network.nat({ outside: '203.0.113.1', inside: [inner.address], ...options });
    const heard: string[] = [];
    for (const address of [inner.address, b.address, '10.0.0.3']) {
      network.listen(address, (_octets, local, remote) =>
        heard.push(`${remote.address}:${remote.port} > ${local.address}:${local.port}`),
      );
    }
    const go = (source: typeof a, destination: typeof a): string | undefined => {
      heard.length = 0;
      network.send(source, destination, Uint8Array.of(1));
      network.settle();
      return heard[0];
    };
    return { network, nat, go };
  };
  const outer = (port: number) => ({ address: '203.0.113.1', port });

  it('maps endpoint-independently, filters by address and port', () => {
    const { go } = made({});
    expect(go(inner, b)).toBe('203.0.113.1:40000 > 10.0.0.2:2000');
    expect(go(inner, { ...b, port: 2001 })).toBe('203.0.113.1:40000 > 10.0.0.2:2001');
    expect(go(b, outer(40_000))).toBe('10.0.0.2:2000 > 192.168.0.1:1000');
    expect(go({ ...b, port: 9 }, outer(40_000))).toBeUndefined();
    expect(go(b, outer(40_001))).toBeUndefined();
  });

  it('maps for each peer, keeps ports, filters nothing, when so told', () => {
    const { go } = made({
      mapping: 'address-dependent',
      filtering: 'endpoint-independent',
      ports: 'preserve',
    });
    expect(go(inner, b)).toBe('203.0.113.1:1000 > 10.0.0.2:2000');
    expect(go(inner, { address: '10.0.0.3', port: 5 })).toBe('203.0.113.1:40000 > 10.0.0.3:5');
    expect(go({ address: '10.0.0.3', port: 7 }, outer(1000))).toBe('10.0.0.3:7 > 192.168.0.1:1000');
  });

  it('forgets after its timeout, and when it starts anew', () => {
    const { go, nat, network } = made({ timeout: 30_000 });
    go(inner, b);
    expect(nat.mappings).toEqual([{ inner, outer: outer(40_000) }]);
    network.advance(30_001);
    expect(go(b, outer(40_000))).toBeUndefined();
    nat.rebind('203.0.113.7');
    expect(go(inner, b)).toBe('203.0.113.7:41001 > 10.0.0.2:2000');
  });

  it('inner addresses cannot be reached from outside', () => {
    const { go, network } = made({});
    expect(go(b, inner)).toBeUndefined();
    expect(network.undelivered).toBe(1);
  });
});

describe('a bug', () => {
  it('ends the run', () => {
    const faults = new Faults();
    const both = pair({ initiator: { crypto: faults.crypto(nodeCrypto) } });
    faults.arm(5);
    expect(() => both.up()).toThrow(BugError);
  });

  it('is kept when told to', () => {
    const faults = new Faults();
    const both = pair({ initiator: { crypto: faults.crypto(nodeCrypto), tolerateBugs: true } });
    faults.arm(5);
    both.up();
    expect(both.initiator.told('bug')).toHaveLength(1);
  });
});

it('a ladder shows what was sent, decrypted', () => {
  const lines = ladder(pair().up().network);
  expect(lines).toHaveLength(4);
  expect(lines[2]).toMatch(
    /^ +20 ms {2}10\.0\.0\.1:500 -> 10\.0\.0\.2:500 {2}IKE_AUTH request 1 \{ IDi IDr AUTH /,
  );
});
