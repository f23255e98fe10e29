/** Fault scripts: what a rule matches, what it does, and what is wrong with one that cannot be understood. */
import { describe, expect, it } from 'vitest';
import {
  actionNames,
  FaultError,
  ladder,
  type Misbehaviour,
  misbehave,
  type Pair,
  type PairOptions,
  pair,
} from '../../src/testing/index.ts';
import { expectUp } from '../scenes/expect-up.ts';

interface Run extends Pair {
  readonly faults: Misbehaviour;
}

/** The initiator misbehaves by these rules. */
function started(rules: readonly unknown[], options: PairOptions = {}): Run {
  const both = pair(options);
  return { ...both, up: both.up, faults: misbehave(both.network, both.initiator, { rules }) };
}

const acted = ({ faults }: Run): number[] => faults.report.map((rule) => rule.acted);
const log = (text = 'seen') => ({ action: 'log', text });

describe('a rule matches', () => {
  const matches: [on: unknown, count: number][] = [
    [undefined, 4],
    [{}, 4],
    [{ direction: 'out' }, 2],
    [{ direction: 'in' }, 2],
    [{ from: '10.0.0.2' }, 2],
    [{ to: '10.0.0.9' }, 0],
    [{ sender: 'responder' }, 2],
    [{ exchange: 'IKE_AUTH' }, 2],
    [{ exchange: [34, 'ike_auth'] }, 4],
    [{ message: 'request' }, 2],
    [{ messageId: 1, message: 'response' }, 1],
    [{ payload: 'TSi' }, 2],
    [{ payload: ['Nr', 'N(NAT_DETECTION_SOURCE_IP)'] }, 2],
    [{ payload: ['KE', 'N(CHILDLESS_IKEV2_SUPPORTED)'] }, 1],
    [{ payload: 33 }, 4],
    [{ without: 'KE' }, 2],
    [{ without: ['KE', 'IDi'] }, 1],
    [{ retransmission: true }, 0],
    [{ retransmission: false }, 4],
    [{ esp: true }, 0],
    [{ sa: 1 }, 4],
    [{ sa: 2 }, 0],
    [{ nth: 3 }, 1],
    [{ nth: [1, 4, 9] }, 2],
    [{ every: 2 }, 2],
    [{ fragment: 1 }, 0],
  ];
  it.each(matches)('%j: %i of the four', (on, count) => {
    const run = started([{ ...(on === undefined ? {} : { on }), do: log() }]);
    expectUp(run.up());
    expect(acted(run)).toEqual([count]);
    expect(run.faults.log).toHaveLength(count);
  });

  it('each IKE SA apart with perSa, and the second one with sa', () => {
    const rules = [
      { on: { exchange: 'IKE_AUTH', nth: 1, perSa: true }, do: log() },
      { on: { exchange: 'IKE_AUTH', nth: 1 }, do: log() },
      { on: { sa: 2 }, do: log() },
    ];
    const run = started(rules);
    run.up();
    run.initiator.down('pair');
    run.network.run();
    run.up();
    expect(acted(run)).toEqual([2, 1, 4]);
  });

  it('retransmissions, and fragments by number', () => {
    const run = started([
      { on: { exchange: 'IKE_SA_INIT', nth: 1 }, do: 'drop' },
      { on: { retransmission: true }, do: log('again') },
    ]);
    run.initiator.up('pair');
    run.network.advance(5000);
    expect(acted(run)).toEqual([1, 1]);
    const fragmented = started([{ on: { fragment: 1 }, do: { action: 'fragment', total: { add: 1 } } }], {
      entry: { fragmentation: 'force' },
      identity: `@${'x'.repeat(1500)}`,
      initiator: { peerIdentity: '%any' },
      responder: { peerIdentity: '%any', identity: '@short' },
    });
    fragmented.initiator.up('pair');
    fragmented.network.advance(300);
    expect(acted(fragmented)).toEqual([1]);
    expect(fragmented.responder.established).toEqual([]);
  });

  it('ESP in UDP', () => {
    const run = started([{ on: { esp: true, direction: 'out' }, do: 'drop' }], { kernel: 'userspace' }).up();
    let answers = 0;
    const { reqid = 0 } = run.initiator.children[0] ?? {};
    run.initiator.userspace.ping({ reqid }, () => answers++);
    run.network.advance(500);
    expect(answers).toBe(0);
  });
});

describe('actions', () => {
  it('all of a rule, and all rules, in their order', () => {
    const run = started([
      { on: { exchange: 'IKE_AUTH' }, do: [log('1'), log('2'), 'pass'] },
      { on: {}, do: log('3') },
    ]);
    run.up();
    expect(run.faults.log).toEqual(['3', '3', '1', '2', '1', '2']);
  });

  it('seal again so that the other end takes it, with every kind of cipher', () => {
    const suites = [
      'aes128-sha2_256-modp2048',
      'aes256gcm16-sha2_384-ecp256',
      'aes256-sha1-ecp256',
      'chacha20poly1305-sha2_256-x25519',
    ];
    for (const ike of suites) {
      const more = { action: 'add', payload: { payload: 'V', data: { text: 'hello' } } };
      const run = started([{ on: { exchange: 'IKE_AUTH' }, do: more }], { ike });
      run.up();
      expectUp(run);
      expect(acted(run)).toEqual([2]);
      const lines = ladder(run.network).filter((line) => line.includes('ARRIVES'));
      expect(lines.join('\n')).toMatch(/IKE_AUTH request 1 \{ .* V \}.*\n.*IKE_AUTH response 1 \{ .* V \}/);
    }
  });

  it('leave the octets as they were when they change nothing', () => {
    const run = started([{ do: 'reseal' }]);
    expectUp(run.up());
    for (const { octets, passages } of run.network.flights) expect(passages[0]?.octets).toEqual(octets);
  });

  it('replay what went between other ports, there', () => {
    const again = { action: 'replay', which: 'first' };
    const run = started([{ on: { direction: 'out', exchange: 'IKE_AUTH', nth: 1 }, do: again }], {
      entry: { encapsulation: 'yes' },
    });
    expectUp(run.up());
    const [first, , auth] = run.network.flights;
    expect(auth?.source.port).toBe(4500);
    expect(auth?.passages[1]).toMatchObject({ octets: first?.octets, source: { port: 500 } });
  });

  it('have the same outcome for a retransmission, so that it is one', () => {
    const run = started([
      { on: { direction: 'out', exchange: 'IKE_AUTH' }, do: { action: 'add', payload: { payload: 'V' } } },
      { on: { direction: 'in', exchange: 'IKE_AUTH', nth: 1 }, do: 'drop' },
    ]);
    run.initiator.up('pair');
    run.network.advance(5000);
    expectUp(run);
  });

  it('reach into proposals by their fields', () => {
    const set = (field: string, change: object) => ({ action: 'set', payload: 'SA', field, ...change });
    const sent = (change: object): string => {
      const run = started([{ on: { exchange: 'IKE_SA_INIT', message: 'request' }, do: change }]);
      run.initiator.up('pair');
      run.network.advance(100);
      return ladder(run.network, { details: true }).join('\n');
    };
    expect(sent(set('proposals.0.transforms[type=PRF]', { omit: true }))).toMatch(
      /ARRIVES.*\n +SA 1 IKE: ENCR=AES_GCM_16-128 KE=CURVE25519\n/,
    );
    expect(sent(set('proposals.*.number', { add: 1 }))).toMatch(/malformed|ARRIVES/);
    expect(sent(set('proposals.0', { duplicate: true }))).toMatch(/SA 1 IKE: .*; 1 IKE: /);
    expect(
      sent(set('proposals.0.transforms', { prepend: { type: 'ENCR', id: 'AES_CBC', keyLength: 256 } })),
    ).toMatch(/SA 1 IKE: ENCR=AES_CBC-256 ENCR=AES_GCM_16-128/);
    expect(sent({ action: 'set', payload: 'KE', field: 'group', to: 'MODP_2048' })).toMatch(
      /KE MODP_2048, 32 octets/,
    );
  });

  it('change octets where they are told', () => {
    const nonce = (change: object): string => {
      const run = started([
        {
          on: { exchange: 'IKE_SA_INIT', message: 'request' },
          do: [
            { action: 'set', payload: 'Ni', field: 'data', to: { repeat: '11', times: 16 } },
            { action: 'octets', payload: 'Ni', ...change },
          ],
        },
      ]);
      run.initiator.up('pair');
      run.network.advance(5);
      return (
        /ARRIVES.*\n(?:.*\n){2} +N (\d+ octets [0-9a-f]+)/.exec(
          ladder(run.network, { details: true }).join('\n'),
        )?.[1] ?? ''
      );
    };
    const ones = (n: number) => '11'.repeat(n);
    expect(nonce({ set: 'aabb' })).toBe(`16 octets aabb${ones(14)}`);
    expect(nonce({ at: -1, set: 'aabb' })).toBe(`16 octets ${ones(15)}aa`);
    expect(nonce({ at: 2, xor: 'ff' })).toBe(`16 octets ${ones(2)}ee${ones(13)}`);
    expect(nonce({ at: 1, insert: '00' })).toBe(`17 octets 1100${ones(14)}`);
    expect(nonce({ append: { text: 'A' } })).toBe(`17 octets ${ones(16)}`);
    expect(nonce({ insert: { hex: '0x 00 01' }, remove: 2 })).toBe(`16 octets 0001${ones(14)}`);
  });

  it('that find nothing to act on are told', () => {
    const run = started([
      { name: 'no such payload', do: { action: 'remove', payload: 'EAP' } },
      { name: 'no such message', on: { exchange: 'GSA_AUTH' }, do: 'drop' },
    ]);
    expectUp(run.up());
    expect(run.faults.report).toEqual([
      { rule: 'rule 1 "no such payload"', matched: 4, acted: 0 },
      { rule: 'rule 2 "no such message"', matched: 0, acted: 0 },
    ]);
    expect(run.faults.idle).toHaveLength(2);
  });

  it('stop when they are told to', () => {
    const run = started([{ do: 'drop' }]);
    run.faults.stop();
    expectUp(run.up());
  });

  it('send what nobody asked for, sealed or not, either way', () => {
    const run = started([
      {
        on: { direction: 'in', exchange: 'IKE_AUTH' },
        do: [
          {
            action: 'inject',
            toward: 'sender',
            exchange: 'INFORMATIONAL',
            message: 'request',
            messageId: { add: 1 },
            after: 5,
            payloads: [{ payload: 'D', protocol: 'IKE' }],
          },
          { action: 'emit', octets: '00000000', toward: 'sender' },
          { action: 'reflect', after: 1 },
        ],
      },
    ]);
    run.up();
    expect(run.responder.established).toEqual([]);
    expect(run.responder.told('drop').map(({ reason }) => reason)).toContain('malformed');
  });
});

describe('a rule that cannot be understood says where', () => {
  const wrong: [script: unknown, says: string][] = [
    [7, 'script: expected an object, found number 7'],
    [{}, 'script.rules: expected a list of rules'],
    [{ rules: [], rule: [] }, "script.rule: no such field; did you mean 'rules'?"],
    [{ rules: [{}] }, 'rule 1.do: missing'],
    [{ rules: [{ do: [] }] }, 'rule 1.do: expected an action'],
    [{ rules: [{ do: 'drop' }, { name: 'late', do: 'dealy' }] }, 'rule 2 "late", do.action: expected '],
    [{ rules: [{ do: { action: 'delay' } }] }, 'rule 1, do.by: missing'],
    [
      { rules: [{ do: ['drop', { action: 'delay', by: 'soon' }] }] },
      'rule 1, do[1].by: expected a whole number, found string "soon"',
    ],
    [{ rules: [{ do: { action: 'drop', by: 1 } }] }, 'rule 1, do.by: no such field'],
    [
      { rules: [{ on: { exchange: 'IKE_AUHT' }, do: 'drop' }] },
      "rule 1, on.exchange: there is no 'IKE_AUHT'; did you mean 'IKE_AUTH'?",
    ],
    [
      { rules: [{ on: { mesage: 'request' }, do: 'drop' }] },
      "rule 1, on.mesage: no such field; did you mean 'message'?",
    ],
    [
      { rules: [{ on: { payload: 'N(COKIE)' }, do: 'drop' }] },
      "rule 1, on.payload: there is no 'COKIE'; did you mean 'COOKIE'?",
    ],
    [
      { rules: [{ on: { nth: 0 }, do: 'drop' }] },
      'rule 1, on.nth: expected a number from 1 to 1000000, found 0',
    ],
    [{ rules: [{ on: { nth: 1, every: 2 }, do: 'drop' }] }, 'rule 1, on.every: nth is said too: choose one'],
    [{ rules: [{ on: {}, at: 5, do: 'drop' }] }, 'rule 1: says more than one of on, at and kernel'],
    [{ rules: [{ at: 5, do: 'drop' }] }, "rule 1, do.action: expected command, log, found 'drop'"],
    [{ rules: [{ kernel: {}, do: 'refuse' }] }, 'rule 1, kernel: expected either command or notice'],
    [
      { rules: [{ kernel: { notice: 'expire' }, do: 'refuse' }] },
      'rule 1, do.action: a notice can only be ignored',
    ],
    [
      { rules: [{ kernel: { command: 'addSa' }, do: 'drop' }] },
      "rule 1, do.action: expected refuse, ignore, delay, found 'drop'",
    ],
    [{ rules: [{ do: { action: 'header' } }] }, 'rule 1, do: says no field of the header'],
    [
      { rules: [{ do: { action: 'header', initiatorSpi: '01' } }] },
      'rule 1, do.initiatorSpi: expected 8 octets, found 1',
    ],
    [
      { rules: [{ do: { action: 'octets', payload: 'KE' } }] },
      'rule 1, do: expected set, xor, insert, remove, truncate or append',
    ],
    [
      { rules: [{ do: { action: 'octets', payload: 'KE', set: 'xyz' } }] },
      "rule 1, do.set: expected pairs of hexadecimal digits, found 'xyz'",
    ],
    [
      { rules: [{ do: { action: 'set', payload: 'KE', field: 'group' } }] },
      'rule 1, do: expected one of to, add',
    ],
    [
      { rules: [{ do: { action: 'add', payload: { payload: 'N(COOKIE)', dta: '00' } } }] },
      'rule 1, do.payload.dta: ',
    ],
    [
      { rules: [{ do: { action: 'add', payload: { payload: 'SA', proposals: [{ number: 1 }] } } }] },
      'rule 1, do.payload: this payload cannot be made',
    ],
    [
      { rules: [{ do: { action: 'command', command: 'rekey' } }] },
      'rule 1, do.command: expected initiate, rekey_ike',
    ],
  ];
  it.each(wrong)('%j', (script, says) => {
    const { network, initiator } = pair();
    expect(() => misbehave(network, initiator, script)).toThrow(FaultError);
    expect(() => misbehave(network, initiator, script)).toThrow(says);
  });

  it('and one that cannot act, when its turn comes', () => {
    const run = started([
      {
        name: 'x',
        on: { direction: 'out', exchange: 'IKE_AUTH' },
        do: { action: 'set', payload: 'SA', field: 'proposals.0.transforms.1.id', to: 'AES_CBC' },
      },
    ]);
    run.initiator.up('pair');
    expect(() => run.network.settle()).toThrow(/^rule 1 "x", do\.to: there is no 'AES_CBC'/);
    expect(ladder(run.network).at(-1)).toMatch(/IKE_AUTH request 1 .* LOST$/);
    run.network.settle();
    expect(run.responder.established).toEqual([]);
  });

  const impossible: [field: string, change: object, said: RegExp][] = [
    [
      'proposals.*.nonsense',
      { to: 1 },
      /do\.field: no field 'nonsense'; there are number, protocol, spi, transforms$/,
    ],
    ['proposals.nonsense', { to: 1 }, /do\.field: 'nonsense' is no place in a list: expected a number/],
    ['proposals.0.x.y', { to: 1 }, /do\.field: no field 'x'/],
    ['proposals.*.transforms[type=ESN].id', { to: 1 }, /do\.field: there is no 'ESN'/],
    [
      'proposals.*.transforms[kind=3].id',
      { to: 1 },
      /do\.field: no field 'kind' in \[kind=3\]; there are type, id/,
    ],
    ['proposals.*.transforms[type=KE].id', { to: 'AES_CBC' }, /do\.to: there is no 'AES_CBC'/],
    [
      'proposals.*.transforms.*.id',
      { to: 'AES_CBD' },
      /do\.to: there is no 'AES_CBD'; did you mean 'AES_CBC'/,
    ],
    ['proposals.*.number', { to: 300 }, /do\.to: this payload cannot be made: /],
    ['proposals.*.number', { omit: true }, /do\.omit: 'number' is no list, and always there/],
    ['proposals.*.number', { duplicate: true }, /do\.duplicate: 'number' is no list/],
    ['proposals.*.spi', { add: 1 }, /do\.add: 'spi' is no number to add to/],
    ['proposals', { append: { number: 1 } }, /do\.append: protocol is missing/],
    ['proposals.0.transforms', { append: { type: 'ENCR', id: 1, x: 1 } }, /do\.append: no field 'x'/],
    ['proposals.*.spi', { to: { rnd: 8 } }, /do\.to: expected hex, text, repeat or random/],
    ['proposals[', { to: 1 }, /do\.field: 'proposals\[' is no field/],
  ];
  it.each(impossible)('a change of %s that no SA payload allows: %j', (field, change, said) => {
    expect(() => started([{ name: 'x', do: { action: 'set', payload: 'SA', field, ...change } }])).toThrow(
      said,
    );
  });

  it('a change that the payload it names cannot have', () => {
    const set = (payload: unknown, field: string, to: unknown) => () =>
      started([{ do: [{ action: 'set', payload, field, to }] }]);
    expect(set('AUTH', 'colour', 1)).toThrow(
      /^rule 1, do\[0\]\.field: no field 'colour'; there are method, data$/,
    );
    expect(set('all', 'colour', 1)).toThrow(/do\[0\]\.field: no field 'colour'/);
    expect(set(200, 'data', '00')).toThrow(/do\[0\]\.payload: payload 200 has no fields: use octets/);
    expect(set('TSi', 'selectors.*.start', 'here')).toThrow(
      /do\[0\]\.to: expected pairs of hexadecimal digits/,
    );
    expect(set('TSi', 'selectors.*.start', '::1')).not.toThrow();
    expect(set('all', 'data', '00')).not.toThrow();
  });
});

describe('set', () => {
  it('takes random octets', () => {
    const nonces = [1, 2].map((seed) => {
      const on = { direction: 'out', exchange: 'IKE_SA_INIT' };
      const field = { payload: 'Ni', field: 'data', to: { random: 40 } };
      const run = started([{ on, do: { action: 'set', ...field } }], { seed });
      run.initiator.up('pair');
      run.network.settle();
      return ladder(run.network, { details: true }).find((line) => /^ +N 40 octets/.test(line));
    });
    expect(nonces[0]).toMatch(/N 40 octets [0-9a-f]+/);
    expect(nonces[0]).not.toBe(nonces[1]);
  });

  it('a condition on names passes over what the names mean nothing of', () => {
    const on = { direction: 'out', exchange: 'IKE_SA_INIT', message: 'request' };
    const field = 'proposals.*.transforms[id=CURVE25519].id';
    const run = started([{ on, do: { action: 'set', payload: 'SA', field, to: 'CURVE25519' } }]);
    expectUp(run.up());
    expect(acted(run)).toEqual([1]);
  });
});

describe('documentation', () => {
  it('names of actions are told apart', () => {
    expect(new Set(actionNames).size).toBe(actionNames.length);
    expect(actionNames).toContain('inject');
  });
});
