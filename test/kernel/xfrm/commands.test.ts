/** Commands of the kernel port as the kernel takes them. */
import { describe, expect, it } from 'vitest';
import { KernelError, type PolicyCommand, type SaCommand } from '../../../src/kernel/port.ts';
import { attributeValue } from '../../../src/kernel/xfrm/attributes.ts';
import { deleteSa, getSa, newSa } from '../../../src/kernel/xfrm/commands.ts';
import type { MessageOf } from '../../../src/kernel/xfrm/messages.ts';
import { moveSa } from '../../../src/kernel/xfrm/move.ts';
import {
  deletePolicies,
  neighbourDiscoveryBypass,
  newPolicies,
  socketBypass,
  updatePolicies,
} from '../../../src/kernel/xfrm/policies.ts';
import { libreswanPriority, PriorityBase } from '../../../src/kernel/xfrm/priority.ts';
import { Encr, Integ } from '../../../src/wire/numbers.ts';
import { messageOf } from './iproute2.ts';
import { net } from './selectors.ts';

const key = (length: number) => Uint8Array.from({ length }, (_, i) => i);
const digits = (length: number) => `0x${Buffer.from(key(length)).toString('hex')}`;

const gcm: SaCommand = {
  id: { spi: 0x1001, destination: '192.0.2.2' },
  source: '192.0.2.1',
  direction: 'out',
  mode: 'tunnel',
  reqid: 1,
  encryption: { transform: Encr.AES_GCM_16, keyBits: 128, key: key(20) },
  esn: false,
  replayWindow: 32,
  local: [net('10.1.0.0/16')],
  remote: [net('10.2.0.0/16')],
};
const sa = 'ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1001 reqid 1';
const withGcm = `aead 'rfc4106(gcm(aes))' ${digits(20)} 128`;
const cbc = {
  encryption: { transform: Encr.AES_CBC, keyBits: 128, key: key(16) },
  integrity: { transform: Integ.HMAC_SHA2_256_128, key: key(32) },
};
const withCbc = `enc 'cbc(aes)' ${digits(16)} auth-trunc 'hmac(sha256)' ${digits(32)} 128`;
const label = new TextEncoder().encode('system_u:object_r:ipsec_spd_t:s0\0');

describe('addSa', () => {
  const same: [string, ReturnType<typeof newSa>, string][] = [
    ['tunnel', newSa(gcm), `${sa} mode tunnel replay-window 32 flag af-unspec ${withGcm}`],
    [
      'transport, with its selector',
      newSa({
        ...gcm,
        ...cbc,
        mode: 'transport',
        local: [net('192.0.2.1/32', 6, 1234)],
        remote: [net('192.0.2.2/32', 6, 80)],
      }),
      `${sa} mode transport replay-window 32 ${withCbc} sel src 192.0.2.1/32 dst 192.0.2.2/32 proto tcp sport 1234 dport 80`,
    ],
    [
      'transport of several selectors, with none',
      newSa({ ...gcm, mode: 'transport', local: [net('192.0.2.1/32', 6, 80), net('192.0.2.1/32', 6, 443)] }),
      `${sa} mode transport replay-window 32 ${withGcm}`,
    ],
    [
      'ESN',
      newSa({ ...gcm, esn: true, replayWindow: 128 }),
      `${sa} mode tunnel replay-window 128 flag esn af-unspec ${withGcm}`,
    ],
    [
      'a wide window',
      newSa({ ...gcm, replayWindow: 64 }),
      `${sa} mode tunnel replay-window 64 flag af-unspec ${withGcm}`,
    ],
    [
      'ESN that checks as little as can be',
      newSa({ ...gcm, esn: true, replayWindow: 0 }),
      `${sa} mode tunnel replay-window 4096 flag esn af-unspec ${withGcm}`,
    ],
    [
      'everything',
      newSa(
        {
          ...gcm,
          reqid: 7,
          esn: true,
          replayWindow: 128,
          label,
          encapsulation: { sourcePort: 4500, destinationPort: 4501 },
          limits: { octets: 1000, packets: 10 },
        },
        {
          seconds: { soft: 10, hard: 20 },
          flags: 2 | 4,
          extraFlags: 2,
          mark: { value: 0x2a, mask: 0xff },
          ifId: 0x1234,
          outputMark: { value: 0x77, mask: 0xffff },
          tfcPadding: 1400,
        },
      ),
      `${sa.replace('reqid 1', 'reqid 7')} mode tunnel mark 0x2a mask 0xff replay-window 128 flag esn decap-dscp nopmtudisc af-unspec ${withGcm} encap espinudp 4500 4501 0.0.0.0 ctx 'system_u:object_r:ipsec_spd_t:s0' extra-flag oseq-may-wrap output-mark 0x77 mask 0xffff if_id 0x1234 tfcpad 1400 limit time-soft 10 limit time-hard 20 limit byte-soft 750 limit byte-hard 1000 limit packet-soft 7 limit packet-hard 10`,
    ],
  ];
  it.each(same)('%s, as iproute2 says it', (_, message, command) => {
    expect(message).toEqual(messageOf(command));
  });

  it('tells the direction where the kernel knows it, and then no window on the way out', () => {
    const out = newSa({ ...gcm, esn: true, replayWindow: 128 }, { tellDirection: true });
    expect(out.attributes.at(-1)).toEqual({ kind: 'SA_DIR', value: 2 });
    expect(attributeValue(out.attributes, 'REPLAY_ESN_VAL')).toMatchObject({ bmp_len: 0, replay_window: 0 });
    expect(newSa(gcm, { tellDirection: true }).body.replay_window).toBe(0);
    const inbound = newSa({ ...gcm, direction: 'in' }, { tellDirection: true });
    expect(inbound.attributes.at(-1)).toEqual({ kind: 'SA_DIR', value: 1 });
    expect(inbound.body.replay_window).toBe(32);
  });

  it('takes the place of the larval state of an ACQUIRE', () => {
    expect(newSa(gcm, { acquire: 9 }).body.seq).toBe(9);
  });

  it.each([
    ['a transform without kernel name', { encryption: { ...gcm.encryption, transform: Encr.DES } }, 'ENOSYS'],
    ['an AEAD with INTEG', { integrity: cbc.integrity }, 'ENOSYS'],
    ['a key of the wrong length', { encryption: { ...gcm.encryption, key: key(16) } }, 'EINVAL'],
    ['an address that is none', { source: 'here' }, 'EINVAL'],
    ['ends of two versions', { source: '2001:db8::1' }, 'EINVAL'],
    ['a window wider than the kernel has', { replayWindow: 32769 }, 'EINVAL'],
  ])('refuses %s', (_, change, errno) => {
    expect(() => newSa({ ...gcm, ...change })).toThrow(
      expect.objectContaining({ code: 'KERNEL', command: 'addSa', errno }),
    );
  });
});

describe('an SA that is there', () => {
  const shown = (change: Partial<SaCommand> = {}): MessageOf<'NEWSA'> => {
    const made = newSa({ ...gcm, ...cbc, ...change });
    const curlft = { bytes: 500n, packets: 5n, add_time: 1n, use_time: 2n };
    const legacy = { alg_name: 'hmac(sha256)', alg_key_len: 256, alg_key: key(32) };
    return {
      ...made,
      body: { ...made.body, curlft },
      attributes: [
        { kind: 'ALG_AUTH', value: legacy },
        ...made.attributes,
        { kind: 'REPLAY_VAL', value: { oseq: 5, seq: 0, bitmap: 0 } },
        { kind: 'LASTUSED', value: 3n },
      ],
    };
  };
  const ports = (destinationPort: number) => ({ sourcePort: 4500, destinationPort });

  it('is deleted and asked for by its name', () => {
    const named = {
      daddr: Uint8Array.of(192, 0, 2, 2, ...new Uint8Array(12)),
      spi: 0x1001,
      family: 2,
      proto: 50,
    };
    expect(deleteSa(gcm.id)).toEqual({ kind: 'DELSA', body: named, attributes: [] });
    expect(getSa(gcm.id)).toEqual({ kind: 'GETSA', body: named, attributes: [] });
    expect(() => deleteSa({ spi: 1, destination: 'x' })).toThrow(KernelError);
  });

  it('is made anew with its keys, numbers and counters when an address changes', () => {
    const [made, gone, ...others] = moveSa(shown(), { source: '192.0.2.1', destination: '198.51.100.7' });
    expect(others).toEqual([]);
    expect(gone).toEqual(deleteSa(gcm.id));
    const whole = newSa({ ...gcm, ...cbc, id: { ...gcm.id, destination: '198.51.100.7' } });
    expect(made?.kind).toBe('NEWSA');
    expect(made?.body).toEqual({ ...whole.body, curlft: shown().body.curlft });
    expect(made?.attributes).toEqual([
      ...whole.attributes,
      { kind: 'REPLAY_VAL', value: { oseq: 5, seq: 0, bitmap: 0 } },
      { kind: 'LTIME_VAL', value: shown().body.curlft },
    ]);
  });

  it('passes over numbers on its way out, which the old one may have used meanwhile', () => {
    const ends = { source: '198.51.100.1', destination: '192.0.2.2', direction: 'out' as const };
    const [gone, made] = moveSa(shown(), ends);
    expect(gone?.kind).toBe('DELSA');
    expect(made && attributeValue(made.attributes, 'REPLAY_VAL')).toMatchObject({ oseq: 0x1_0005 });
    const wide = shown({ esn: true });
    const state = wide.attributes.map((each) =>
      each.kind === 'REPLAY_ESN_VAL' ? { ...each, value: { ...each.value, oseq: 0xffff_fff0 } } : each,
    );
    const [, madeWide] = moveSa({ ...wide, attributes: state }, ends);
    const numbers = { oseq: 0xfff0, oseq_hi: 1 };
    expect(madeWide && attributeValue(madeWide.attributes, 'REPLAY_ESN_VAL')).toMatchObject(numbers);
  });

  it('gets another port in place, encapsulated as it is', () => {
    const to = { source: '192.0.2.1', destination: '192.0.2.2', encapsulation: ports(61000) };
    const [update, ...others] = moveSa(shown({ encapsulation: ports(4500) }), to);
    expect(others).toEqual([]);
    expect(update?.kind).toBe('UPDSA');
    expect(update && attributeValue(update.attributes, 'ENCAP')).toMatchObject({
      encap_sport: 4500,
      encap_dport: 61000,
    });
  });

  it('is made anew when encapsulation begins or ends', () => {
    const [from, to] = ['192.0.2.1', '192.0.2.2'];
    const kinds = (messages: readonly { kind: string }[]) => messages.map(({ kind }) => kind);
    const begun = moveSa(shown(), { source: from, destination: to, encapsulation: ports(4500) });
    expect(kinds(begun)).toEqual(['DELSA', 'NEWSA']);
    const ended = moveSa(shown({ encapsulation: ports(4500) }), { source: from, destination: to });
    expect(kinds(ended)).toEqual(['DELSA', 'NEWSA']);
    expect(kinds(ended[1]?.attributes ?? [])).not.toContain('ENCAP');
  });
});

describe('addPolicy', () => {
  const policy: PolicyCommand = {
    direction: 'out',
    reqid: 1,
    mode: 'tunnel',
    local: net('10.1.0.0/16'),
    remote: net('10.2.0.0/16'),
    localAddress: '192.0.2.1',
    remoteAddress: '192.0.2.2',
  };
  const out = 'src 10.1.0.0/16 dst 10.2.0.0/16 dir out';
  const back = 'src 10.2.0.0/16 dst 10.1.0.0/16';
  const template = 'tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 1 mode tunnel';
  const templateBack = 'tmpl src 192.0.2.2 dst 192.0.2.1 proto esp reqid 1 mode tunnel';
  const zero = 'tmpl src 0.0.0.0 dst 0.0.0.0 proto esp reqid 1 mode transport';
  const hosts = { local: net('192.0.2.1/32'), remote: net('192.0.2.2/32') };
  const same: [string, ReturnType<typeof newPolicies>, string][] = [
    ['out', newPolicies(policy), `${out} priority 1761505 ${template}`],
    ['in', newPolicies({ ...policy, direction: 'in' }), `${back} dir in priority 1761505 ${templateBack}`],
    [
      'fwd',
      newPolicies({ ...policy, direction: 'fwd' }, { priority: 5 }),
      `${back} dir fwd priority 5 ${templateBack}`,
    ],
    [
      'transport, between any addresses',
      newPolicies({ ...policy, ...hosts, mode: 'transport' }),
      `src 192.0.2.1/32 dst 192.0.2.2/32 dir out priority 1753281 ${zero}`,
    ],
    ['a bypass', newPolicies({ ...policy, action: 'bypass' }, { priority: 2 }), `${out} priority 2`],
    [
      'a shunt',
      newPolicies({ ...policy, action: 'discard', rank: 'shunt' }),
      `${out} action block priority 712929`,
    ],
    [
      'everything',
      newPolicies(
        { ...policy, label },
        { priority: 9, index: 0x101, flags: 3, mark: { value: 1, mask: 3 }, ifId: 4, seconds: 900 },
      ),
      `${out} index 0x101 priority 9 flag localok icmp mark 1 mask 3 if_id 4 limit time-hard 900 ctx 'system_u:object_r:ipsec_spd_t:s0' ${template}`,
    ],
  ];
  it.each(same)('%s, as iproute2 says it', (_, messages, command) => {
    expect(messages).toEqual([messageOf(`ip xfrm policy add ${command}`)]);
  });

  it('replaces what has the same selectors', () => {
    expect(updatePolicies(policy)).toEqual([
      messageOf(`ip xfrm policy update ${out} priority 1761505 ${template}`),
    ]);
  });

  it('is deleted by its selectors, direction, mark, interface and label', () => {
    const options = { mark: { value: 1, mask: 3 }, ifId: 4 };
    expect(deletePolicies({ ...policy, label }, options)).toEqual([
      messageOf(`ip xfrm policy delete ${out} mark 1 mask 3 if_id 4 ctx 'system_u:object_r:ipsec_spd_t:s0'`),
    ]);
  });

  it('is as many as the range has prefixes, and deleted as such', () => {
    const range = { ...net('10.1.0.1/32'), end: Uint8Array.of(10, 1, 0, 6) };
    const made = newPolicies({ ...policy, local: range });
    const prefixes = made.map(({ body }) => `${body.sel.saddr[3]}/${body.sel.prefixlen_s}`);
    expect(prefixes).toEqual(['1/32', '2/31', '4/31', '6/32']);
    const gone = deletePolicies({ ...policy, local: range });
    expect(gone.map(({ body }) => body.sel)).toEqual(made.map(({ body }) => body.sel));
  });

  it('refuses what no policy of the kernel can say', () => {
    const labelled = { ...policy, local: { kind: 'label', label } as const };
    expect(() => newPolicies(labelled)).toThrow(expect.objectContaining({ code: 'KERNEL', errno: 'EINVAL' }));
    expect(() => newPolicies({ ...policy, localAddress: '' })).toThrow(KernelError);
    expect(() => deletePolicies(labelled)).toThrow(expect.objectContaining({ command: 'deletePolicy' }));
  });

  it('lets neighbour discovery pass before all else', () => {
    const bypasses = neighbourDiscoveryBypass();
    expect(bypasses).toHaveLength(15);
    const command = 'ip xfrm policy add src ::/0 dst ::/0 proto ipv6-icmp type 135 dir fwd priority 1';
    expect(bypasses).toContainEqual(messageOf(command));
  });

  it('lets a socket pass', () => {
    expect(socketBypass('ipv6', 'out')).toMatchObject({ dir: 1, action: 0, sel: { family: 10 } });
  });
});

describe('priority as Libreswan packs it', () => {
  // `ip xfrm policy` beside pluto: 1757393 of subnets /24, 1753281 of two hosts.
  it.each([
    [1757393, { local: net('192.0.1.0/24'), remote: net('192.0.2.0/24') }],
    [1757392, { local: net('192.0.1.0/24'), remote: net('192.0.2.0/24'), instance: true }],
    [1753281, { local: net('192.1.2.45/32'), remote: net('192.1.2.23/32') }],
    [
      1753281 + (1 << 20),
      { local: net('192.1.2.45/32'), remote: net('192.1.2.23/32'), base: PriorityBase.OPPORTUNISTIC },
    ],
    [
      1753281 - (1 << 18) - (1 << 17),
      { local: net('192.1.2.45/32', 6), remote: net('192.1.2.23/32', 6, 80) },
    ],
  ])('%i', (priority, of) => {
    expect(libreswanPriority(of)).toBe(priority);
  });
});
