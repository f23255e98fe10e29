/** Which data plane a daemon gets, and what becomes of proposals that it cannot do. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nobleCrypto } from '../../src/crypto/noble/index.ts';
import { noSecrets } from '../../src/daemon/answers.ts';
import { Connections } from '../../src/daemon/connections.ts';
import { Daemon } from '../../src/daemon/daemon.ts';
import { makeKernel } from '../../src/daemon/data-plane.ts';
import { type Lacks, suited, transformsOf } from '../../src/daemon/esp-lacks.ts';
import { makeLog } from '../../src/daemon/log.ts';
import { choosePlane, describePlane } from '../../src/daemon/plane.ts';
import { Trace } from '../../src/daemon/trace.ts';
import { UdpSockets } from '../../src/daemon/udp.ts';
import { SystemError } from '../../src/kernel/errno.ts';
import { whyNoXfrm } from '../../src/kernel/xfrm/probe.ts';
import { isAead } from '../../src/policy/proposal.ts';
import { formatEspProposal, parseEspProposals } from '../../src/policy/proposal-text.ts';
import { connection } from '../../src/testing/index.ts';
import { Encr, Integ } from '../../src/wire/numbers.ts';
import { acknowledged, answerWith, fakeKernel } from '../kernel/xfrm/fake-libc.ts';
import { ownNetwork } from '../kernel/xfrm/own-network.ts';

const policyOf = (esp: string) =>
  connection({ name: 'net', address: '10.0.0.1', psk: 'secret', peer: { address: '10.0.0.2' }, esp });

describe('ESP proposals a data plane can do in part', () => {
  const offered = (esp: string, lacks: Lacks) => {
    const { policy, remarks } = suited(policyOf(esp), lacks, nobleCrypto);
    const proposals = policy.pad[0]?.children[0]?.proposals ?? [];
    return { texts: proposals.map((one) => formatEspProposal(one, 'libreswan')), remarks };
  };
  const without =
    (...ids: number[]): Lacks =>
    ({ encr, integ }) =>
      ids.includes(encr) || ids.includes(integ) ? `no ${encr} ${integ}` : undefined;

  it('are offered in that part', () => {
    const { texts, remarks } = offered('aes_gcm128,chacha20_poly1305', without(Encr.CHACHA20_POLY1305));
    expect(texts).toEqual(offered('aes_gcm128', without()).texts);
    expect(remarks).toEqual([`no ${Encr.CHACHA20_POLY1305} 0`]);
  });

  it('keep the integrity algorithms there are', () => {
    const { texts } = offered('aes128-sha1,aes128-sha2_256', without(Integ.HMAC_SHA1_96));
    expect(texts).toEqual(offered('aes128-sha2_256', without()).texts);
  });

  it('are as they were when all can be done', () => {
    const policy = policyOf('aes_gcm128,aes256-sha2_512');
    expect(suited(policy, without(), nobleCrypto).policy).toEqual(policy);
  });

  it('stay when none can be done, and that is said', () => {
    const { texts, remarks } = offered('aes_gcm128', without(Encr.AES_GCM_16));
    expect(texts).toHaveLength(1);
    expect(remarks.at(-1)).toMatch(/^"net": the data plane can do none of the ESP proposals of /);
  });

  it('are asked for with the key size of ciphers that have but one', () => {
    const chacha = { encr: Encr.CHACHA20_POLY1305, keyBits: 256, integ: 0 };
    expect(isAead(chacha.encr)).toBe(true);
    expect(transformsOf(parseEspProposals('chacha20_poly1305'), nobleCrypto)).toEqual([chacha]);
  });
});

describe('with --tun', () => {
  const policy = policyOf('aes_gcm128');
  const why = 'the kernel can do no ESP';
  /** Refuses SAs with this errno; 0 refuses none. */
  const kernelOf = (errno: number) => {
    const fake = fakeKernel();
    fake.answer = (asked) => {
      if (asked.message.kind === 'NEWSA') return [acknowledged(asked, errno)];
      if (asked.message.kind !== 'GETSADINFO') return undefined;
      return [answerWith(asked, { kind: 'NEWSADINFO', body: { flags: 0 }, attributes: [] })];
    };
    return () => fake.calls;
  };

  it('auto is the kernel’s if that can do ESP, and no device is made', () => {
    const plane = choosePlane('auto', policy, nobleCrypto, kernelOf(0));
    expect(plane).toEqual({ name: 'xfrm' });
    expect(describePlane(plane, 'ipsec0')).toEqual({
      info: 'data plane: xfrm; it needs no TUN device: ipsec0 is not made',
    });
  });

  it('auto is else the device, and without one there is a warning', () => {
    const plane = choosePlane('auto', policy, nobleCrypto, kernelOf(93));
    expect(plane).toEqual({ name: 'userspace', why: expect.stringContaining(why) });
    const { info, warn } = describePlane(plane, 'ipsec0');
    expect(info).toMatch(/^data plane: userspace behind the TUN device ipsec0, since .*can do no ESP/);
    expect(warn).toBeUndefined();
    expect(describePlane(plane, undefined).warn).toMatch(
      /^no traffic of this host is carried: .*--tun NAME$/,
    );
  });

  it('user space that is asked for is as it is asked for', () => {
    expect(describePlane({ name: 'userspace' }, undefined)).toEqual({ info: 'data plane: userspace' });
  });
});

describe('the kernel says why there is no XFRM', () => {
  const failing = (call: 'socket' | 'setsockopt', number: number) => {
    const fake = fakeKernel();
    return { ...fake.calls, [call]: () => -1, errno: () => number };
  };

  it.each([
    [
      'without koffi',
      () => {
        throw new SystemError('load', 'ENOENT', 'koffi is not here: no');
      },
      /koffi is not here/,
    ],
    ['without xfrm_user', () => failing('socket', 93), /modprobe xfrm_user/],
  ])('%s', (_, calls, text) => {
    expect(whyNoXfrm(calls)).toMatch(text);
  });

  it('without the right to it', () => {
    const fake = fakeKernel();
    fake.answer = (asked) => [acknowledged(asked, 1)];
    expect(whyNoXfrm(() => fake.calls)).toMatch(/CAP_NET_ADMIN.*setcap cap_net_admin/);
  });
});

const network = ownNetwork();
const why = typeof network === 'string' ? network : undefined;
if (why) console.warn(`skipped: ${why}`);

describe.skipIf(why !== undefined)('the data plane on this machine', () => {
  beforeAll(() => {
    if (typeof network !== 'string') network.enter();
  });
  afterAll(() => {
    if (typeof network !== 'string') network.leave();
  });

  it('is the kernel’s if that can do ESP, else in user space; and what was asked for or none', () => {
    const policy = policyOf('aes_gcm128');
    const plane = choosePlane('auto', policy, nobleCrypto);
    if (plane.name === 'xfrm') return expect(choosePlane('xfrm', policy, nobleCrypto)).toEqual(plane);
    expect(plane).toEqual({
      name: 'userspace',
      why: expect.stringContaining('can do no ESP (AES_GCM_16-128: '),
    });
    expect(() => choosePlane('xfrm', policy, nobleCrypto)).toThrow(
      expect.objectContaining({
        code: 'CONFIG',
        message: expect.stringMatching(
          /^--kernel xfrm: .*modprobe -a esp4 esp6; or choose: --kernel userspace$/,
        ),
      }),
    );
    expect(choosePlane('memory', policy, nobleCrypto)).toEqual({ name: 'memory' });
  });

  it('is one daemon’s', () => {
    const options = {
      ...{ crypto: nobleCrypto, random: () => new Uint8Array(), reqids: [] },
      ...{ transmit() {}, notice() {}, dropped() {}, remark() {} },
    };
    const kernel = makeKernel('xfrm', options);
    try {
      expect(() => makeKernel('xfrm', options)).toThrow(
        expect.objectContaining({
          code: 'CONFIG',
          message: '--kernel xfrm: another ikev2 daemon has this kernel',
        }),
      );
    } finally {
      kernel.close();
    }
  });

  it.each([
    [undefined, 30],
    [7, 7],
  ])('waits for SAs as long as xfrmlifetime= says: %s', async (said, seconds) => {
    const expiry = (): number => Number(readFileSync('/proc/sys/net/core/xfrm_acq_expires', 'utf8'));
    const before = expiry();
    const udp = new UdpSockets({ ikePort: 0, natPort: 0 });
    const daemon = new Daemon({
      options: { source: () => Promise.reject(new Error('never read')) },
      log: makeLog({ level: 'error', format: 'text', write: () => {} }),
      udp,
      trace: new Trace({}, Date.now, () => {}),
      connections: new Connections(policyOf('aes_gcm128')),
      plane: { name: 'xfrm' },
      secrets: noSecrets,
      acquireExpiry: said,
    });
    expect(expiry()).toBe(seconds);
    await daemon.stop();
    expect(expiry()).toBe(before);
  });
});
