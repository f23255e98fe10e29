import { describe, expect, it } from 'vitest';
import { defaultCrypto } from '../../src/crypto/index.ts';
import { espSuite } from '../../src/crypto/suite.ts';
import { echoRequest, parseEcho } from '../../src/esp/echo.ts';
import { makePacket, readHeader } from '../../src/esp/ip.ts';
import { type KernelCommand, KernelError, type PolicyCommand } from '../../src/kernel/port.ts';
import { toHex } from '../../src/wire/hex.ts';
import { Encr } from '../../src/wire/numbers.ts';
import { allSuites, octetsFrom, suiteName } from '../esp/suites.ts';
import { type Agreement, carry, end, install, joined, range, sasOf, swapped } from './pair.ts';

const gcm = espSuite(defaultCrypto, { encr: Encr.AES_GCM_16, keyBits: 256, esn: true });
if (gcm === undefined) throw new Error('no AES-GCM');

const tunnel: Agreement = {
  suite: gcm,
  here: { address: '192.0.2.1', traffic: range('10.1.0.0', '10.1.255.255') },
  there: { address: '192.0.2.2', traffic: range('10.2.0.0', '10.2.255.255') },
};

const errno = (act: () => void): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof KernelError) return error.errno;
    throw error;
  }
  return 'none';
};

describe('commands', () => {
  const [inbound, outbound] = sasOf(tunnel);
  const policy = (direction: PolicyCommand['direction'], reqid = 1): PolicyCommand => ({
    direction,
    reqid,
    mode: 'tunnel',
    local: tunnel.here.traffic,
    remote: tunnel.there.traffic,
    localAddress: '192.0.2.1',
    remoteAddress: '192.0.2.2',
  });
  const refusals: [string, KernelCommand, string][] = [
    ['an SA twice', { kind: 'addSa', sa: inbound }, 'EEXIST'],
    ['deleting none', { kind: 'deleteSa', id: { spi: 5, destination: '192.0.2.1' } }, 'ESRCH'],
    [
      'moving none',
      {
        kind: 'updateSa',
        id: { spi: 5, destination: '192.0.2.1' },
        source: '192.0.2.2',
        destination: '192.0.2.1',
        encapsulation: { sourcePort: 1, destinationPort: 2 },
      },
      'ESRCH',
    ],
    ['no such policy', { kind: 'deletePolicy', policy: policy('fwd') }, 'ENOENT'],
    [
      'an unknown cipher',
      {
        kind: 'addSa',
        sa: {
          ...inbound,
          id: { spi: 6, destination: 'x' },
          encryption: { ...inbound.encryption, transform: 1 },
        },
      },
      'ENOSYS',
    ],
    [
      'a short key',
      {
        kind: 'addSa',
        sa: {
          ...inbound,
          id: { spi: 6, destination: 'x' },
          encryption: { ...inbound.encryption, key: new Uint8Array(31) },
        },
      },
      'EINVAL',
    ],
  ];
  it.each(refusals)('%s is refused', (_, command, expected) => {
    const { kernel } = end();
    kernel.apply({ kind: 'addSa', sa: inbound });
    kernel.apply({ kind: 'addPolicy', policy: policy('out') });
    kernel.apply({ kind: 'addPolicy', policy: policy('in') });
    expect(errno(() => kernel.apply(command))).toBe(expected);
  });

  it('an SA without UDP encapsulation is refused: there is no protocol 50 here', () => {
    const { encapsulation: _, ...bare } = inbound;
    const { kernel } = end();
    expect(errno(() => kernel.apply({ kind: 'addSa', sa: bare }))).toBe('EOPNOTSUPP');
    expect(kernel.encapsulationOnly).toBe(true);
  });

  it("use the command's keys as they were", () => {
    const { here, there } = joined(tunnel);
    const again = end();
    for (const sa of [inbound, outbound]) {
      const key = sa.encryption.key.slice();
      again.kernel.apply({ kind: 'addSa', sa: { ...sa, encryption: { ...sa.encryption, key } } });
      key.fill(0);
    }
    again.kernel.ping({ reqid: 1 }, () => {});
    carry(again, there);
    expect(there.sent).toHaveLength(1);
    expect(here.sent).toEqual([]);
  });

  it('a deleted SA carries nothing', () => {
    const { here, there } = joined(tunnel);
    there.kernel.apply({ kind: 'deleteSa', id: { spi: 0x2002, destination: '192.0.2.2' } });
    here.kernel.ping({ reqid: 1 }, () => {});
    carry(here, there);
    expect([...there.kernel.drops]).toEqual([['unknown-spi', 1]]);
    there.kernel.close();
    expect(there.kernel.ping({ reqid: 1 }, () => {})).toBeUndefined();
  });
});

describe('rekey', () => {
  it('sends by the newest SA of the reqid, and still takes the old', () => {
    const { here, there } = joined(tunnel);
    here.kernel.ping({ reqid: 1 }, () => {});
    const young = { ...tunnel, spiHere: 0x1101, spiThere: 0x2102 };
    install(here, young);
    install(there, swapped(young));
    here.kernel.ping({ reqid: 1 }, () => {});
    const spis = here.sent.map(({ octets }) => toHex(octets.subarray(0, 4)));
    expect(spis).toEqual(['00002002', '00002102']);
    carry(here, there);
    expect(there.sent.map(({ octets }) => toHex(octets.subarray(0, 4)))).toEqual(['00001101', '00001101']);
    carry(there, here);
    expect([...here.kernel.drops, ...there.kernel.drops]).toEqual([]);
    here.kernel.apply({ kind: 'deleteSa', id: { spi: 0x2102, destination: '192.0.2.2' } });
    here.kernel.ping({ reqid: 1 }, () => {});
    expect(toHex(here.sent[0]?.octets.subarray(0, 4) ?? new Uint8Array())).toBe('00002002');
  });
});

describe('a NAT that rebinds', () => {
  const nat = { address: '198.51.100.7', port: 61000 };

  it('is told once, by authenticated packets that are the newest', () => {
    const { here, there } = joined(tunnel);
    here.kernel.ping({ reqid: 1 }, () => {});
    const late = here.sent.splice(0);
    here.kernel.ping({ reqid: 1 }, () => {});
    here.kernel.ping({ reqid: 1 }, () => {});
    const forged = here.sent.map(({ octets, path }) => ({
      octets: octets.with(20, octets[20] ? 0 : 1),
      path,
    }));
    const real = here.sent.splice(0);
    here.sent.push(...forged);
    carry(here, there, nat);
    expect(there.notices).toEqual([]);
    here.sent.push(...real);
    carry(here, there, nat);
    const mapping = { kind: 'mapping', id: { spi: 0x2002, destination: '192.0.2.2' }, ...nat };
    expect(there.notices).toEqual([mapping]);
    here.sent.push(...late);
    carry(here, there, { address: '198.51.100.8', port: 1 });
    expect(there.notices).toEqual([mapping]);
    expect([...there.kernel.drops]).toEqual([['bad-icv', 2]]);
  });

  it('is followed when the engine says so, not before', () => {
    const { here, there } = joined(tunnel);
    here.kernel.ping({ reqid: 1 }, () => {});
    carry(here, there, nat);
    expect(there.sent.splice(0)[0]?.path.remote).toEqual({ address: '192.0.2.1', port: 4500 });
    there.kernel.apply({
      kind: 'updateSa',
      id: { spi: 0x1001, destination: '192.0.2.1' },
      source: '192.0.2.2',
      destination: nat.address,
      encapsulation: { sourcePort: 4500, destinationPort: nat.port },
    });
    there.kernel.apply({
      kind: 'updateSa',
      id: { spi: 0x2002, destination: '192.0.2.2' },
      source: nat.address,
      destination: '192.0.2.2',
      encapsulation: { sourcePort: nat.port, destinationPort: 4500 },
    });
    here.kernel.ping({ reqid: 1 }, () => {});
    carry(here, there, nat);
    expect(there.sent[0]?.path).toEqual({ local: { address: '192.0.2.2', port: 4500 }, remote: nat });
    expect(there.notices).toHaveLength(1);
  });
});

describe('a device', () => {
  const device = () => {
    const here = end({ device: true });
    const there = end({ device: true });
    for (const [at, agreement] of [
      [here, tunnel],
      [there, swapped(tunnel)],
    ] as const) {
      install(at, agreement);
      const { traffic: local } = agreement.here;
      const { traffic: remote } = agreement.there;
      const [localAddress, remoteAddress] = [agreement.here.address, agreement.there.address];
      for (const direction of ['out', 'in', 'fwd'] as const) {
        const policy = {
          direction,
          reqid: 1,
          mode: 'tunnel',
          local,
          remote,
          localAddress,
          remoteAddress,
        } as const;
        at.kernel.apply({ kind: 'addPolicy', policy });
      }
    }
    return { here, there };
  };
  const [ours, theirs] = [Uint8Array.of(10, 1, 0, 9), Uint8Array.of(10, 2, 0, 9)];
  const packet = makePacket(ours, theirs, 17, octetsFrom(1, 300));

  it('has its packets carried by policy', () => {
    const { here, there } = device();
    expect(here.kernel.send(packet)).toBe(true);
    carry(here, there);
    expect(there.delivered).toEqual([packet]);
    expect(there.sent).toEqual([]);
  });

  it('answers echo itself, but pings of ours come back to us', () => {
    const { here, there } = device();
    let replies = 0;
    const ping = here.kernel.ping({ reqid: 1 }, () => {
      replies += 1;
    });
    carry(here, there);
    expect(there.sent).toEqual([]);
    const [request] = there.delivered;
    const header = request && readHeader(request);
    const echo = request && header && parseEcho(request, header);
    if (echo === undefined || ping === undefined) throw new Error('no request');
    const answer = echoRequest({ ...echo, source: echo.destination, destination: echo.source });
    answer[20] = 0;
    answer[22] = (answer[22] ?? 0) + 8;
    expect(there.kernel.send(answer)).toBe(true);
    carry(there, here);
    expect(replies).toBe(1);
    expect(here.delivered).toEqual([]);
  });

  it('sends nothing outside the policies', () => {
    const { here } = device();
    expect(here.kernel.send(makePacket(theirs, ours, 17, octetsFrom(1, 9)))).toBe(false);
    expect(here.kernel.send(octetsFrom(1, 9))).toBe(false);
    expect([...here.kernel.drops]).toEqual([
      ['no-policy', 1],
      ['not-ip', 1],
    ]);
    expect(here.sent).toEqual([]);
  });

  it('makes a policy without SAs ask for them, not with every packet', () => {
    const { here } = device();
    here.kernel.apply({ kind: 'deleteSa', id: { spi: 0x2002, destination: '192.0.2.2' } });
    expect(here.kernel.send(packet)).toBe(false);
    expect(here.kernel.send(packet)).toBe(false);
    const port = (n: number) => ({ protocol: 17, startPort: n, endPort: n });
    expect(here.notices).toEqual([
      {
        kind: 'acquire',
        reqid: 1,
        sequence: 1,
        local: { kind: 'range', ...port(0x0108), start: ours, end: ours },
        remote: { kind: 'range', ...port(0x0f16), start: theirs, end: theirs },
      },
    ]);
    expect([...here.kernel.drops]).toEqual([['no-sa', 2]]);
  });
});

describe('what comes from outside', () => {
  it('never throws and is never delivered, but for the packet itself', () => {
    const suites = allSuites(defaultCrypto, true).filter(({ keyBits }) => keyBits !== 192);
    for (const suite of suites) {
      const here = end();
      const there = end({ device: true });
      install(here, { ...tunnel, suite });
      install(there, swapped({ ...tunnel, suite }));
      here.kernel.ping({ reqid: 1, size: 4 }, () => {});
      const [datagram] = here.sent;
      if (datagram === undefined) throw new Error('nothing sent');
      const { octets, path } = datagram;
      const way = { local: path.remote, remote: path.local };
      for (let bit = 0; bit < octets.length * 8; bit++) {
        const at = bit >> 3;
        there.kernel.input(octets.with(at, (octets[at] ?? 0) ^ (1 << (bit & 7))), way);
      }
      for (let length = 0; length < octets.length; length++) {
        there.kernel.input(octets.subarray(0, length), way);
        there.kernel.input(octets.subarray(length + 1), way);
        if (length >= 12)
          there.kernel.input(Uint8Array.of(...octets.subarray(0, 8), ...octets.subarray(length)), way);
      }
      expect(there.delivered, suiteName(suite)).toEqual([]);
      there.kernel.input(octets, way);
      expect(there.delivered, suiteName(suite)).toHaveLength(1);
    }
  });

  it('is counted by reason', () => {
    const { here, there } = joined(tunnel);
    const way = { local: tunnel.there, remote: tunnel.here };
    const path = {
      local: { address: way.local.address, port: 4500 },
      remote: { address: way.remote.address, port: 4500 },
    };
    here.kernel.ping({ reqid: 1 }, () => {});
    const [datagram] = here.sent;
    if (datagram === undefined) throw new Error('nothing sent');
    const { octets } = datagram;
    there.kernel.input(octets.subarray(0, 7), path);
    there.kernel.input(octets.subarray(0, 20), path);
    there.kernel.input(octets.with(0, 9), path);
    there.kernel.input(octets.with(40, (octets[40] ?? 0) ^ 1), path);
    there.kernel.input(octets, path);
    there.kernel.input(octets, path);
    expect([...there.kernel.drops]).toEqual([
      ['malformed', 2],
      ['unknown-spi', 1],
      ['bad-icv', 1],
      ['replay', 1],
    ]);
  });
});
