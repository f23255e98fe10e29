/** `ikev2 fault` against a live pluto and a live charon: each script ends with its verdict. */
import { expect } from 'vitest';
import type { FaultFile } from '../../src/testing/fault-file.ts';
import { secret } from './both-ends.ts';
import * as charons from './charon-pair.ts';
import { fault } from './peers/fault.ts';
import { suite } from './peers/needs.ts';
import { until } from './peers/process.ts';
import { it } from './peers/staged.ts';
import * as plutos from './pluto-pair.ts';

const authRequest = { direction: 'out', exchange: 'IKE_AUTH', message: 'request' } as const;
const initRequest = { direction: 'out', exchange: 'IKE_SA_INIT', message: 'request' } as const;
const answer = (exchange: string) => ({ direction: 'in', exchange, message: 'response', nth: 1 }) as const;
const sign = { action: 'sign', psk: secret } as const;
const signed = { on: { ...authRequest, payload: 'AUTH' }, do: sign } as const;
const up = { event: 'childEstablished', ike: 1, children: 1 } as const;
const refused = { event: 'ikeFailed', not: 'ikeEstablished', ike: 0 } as const;

/** Whichever the peer is. */
const scripts: Record<string, FaultFile> = {
  'the first IKE_AUTH answer is lost': {
    rules: [{ on: { direction: 'in', exchange: 'IKE_AUTH', nth: 1 }, do: 'drop' }],
    expect: {
      ...up,
      diagram: [
        'IKE_SA_INIT request 0 { SA KE Ni ... } -->',
        '...',
        'x-- IKE_AUTH response 1 { IDr ... }',
        '...',
        '<-- IKE_AUTH response 1 { IDr ... }',
        '...',
      ],
    },
  },
  'the first IKE_AUTH request cannot be decrypted': {
    rules: [{ on: { ...authRequest, nth: 1 }, do: { action: 'datagram', at: -1, xor: 'ff' } }],
    expect: up,
  },
  'every datagram is sent twice': {
    rules: [{ on: { direction: 'out' }, do: 'copy' }],
    expect: up,
  },
  'IKE_SA_INIT comes again in the midst of IKE_AUTH': {
    rules: [{ on: { ...authRequest, nth: 1 }, do: { action: 'replay', which: 'first' } }],
    expect: up,
  },
  'a payload everybody knows is critical': {
    rules: [{ on: initRequest, do: { action: 'critical', payload: 'KE' } }, signed],
    expect: up,
  },
  'RESERVED is not zero': {
    rules: [{ on: initRequest, do: { action: 'reserved', payload: 'KE', bits: 127, octets: 255 } }, signed],
    expect: up,
  },
  'an unknown payload': {
    rules: [{ on: authRequest, do: { action: 'add', payload: { payload: 200, body: '0102' } } }],
    expect: up,
  },
  'an unknown critical payload': {
    rules: [
      { on: authRequest, do: { action: 'add', payload: { payload: 200, critical: true, body: '0102' } } },
    ],
    expect: refused,
  },
  'a higher major version': {
    rules: [{ on: initRequest, do: { action: 'header', majorVersion: 3 } }],
    for: 1500,
    expect: { not: 'ikeEstablished', ike: 0 },
  },
  'a higher minor version': {
    rules: [{ on: initRequest, do: { action: 'header', minorVersion: 1 } }, signed],
    expect: up,
  },
  'a proposal of nothing anybody knows': {
    rules: [
      {
        on: initRequest,
        do: { action: 'set', payload: 'SA', field: 'proposals.*.transforms[type=ENCR].id', to: 1023 },
      },
    ],
    expect: refused,
  },
  'AUTH is wrong': {
    rules: [{ on: authRequest, do: { action: 'octets', payload: 'AUTH', at: -1, xor: 'ff' } }],
    expect: refused,
  },
  'an identity that is nobody’s, and AUTH that covers it': {
    rules: [
      {
        on: authRequest,
        do: [{ action: 'set', payload: 'IDi', field: 'data', to: { text: 'nobody' } }, sign],
      },
    ],
    expect: refused,
  },
  'payloads in another order': {
    rules: [{ on: authRequest, do: { action: 'order', payloads: ['TSr', 'TSi', 'SA', 'AUTH'] } }],
    expect: up,
  },
  'rekeys while all it has sent is replayed': {
    rules: [
      { on: answer('IKE_AUTH'), do: { action: 'command', command: 'rekey_child', after: 100 } },
      { on: answer('CREATE_CHILD_SA'), do: { action: 'command', command: 'rekey_ike', after: 100 } },
      { on: { direction: 'out', exchange: 'CREATE_CHILD_SA' }, do: { action: 'replay', which: 'forward' } },
    ],
    expect: { event: ['childEstablished', 'ikeRekeyed'], ike: 1, children: 1 },
  },
};

const benches = { charon: charons.bench, pluto: plutos.bench };

for (const name of ['charon', 'pluto'] as const) {
  suite(`ikev2 fault against ${name}`, ['namespaces', name, 'fakexfrm', 'ours'], () => {
    for (const [title, script] of Object.entries(scripts)) {
      it.concurrent(title, async ({ stage }) => {
        const { peer, files } = await benches[name](stage, name === 'charon' ? { noData: true } : {});
        const { code, stdout, stderr } = await fault(files, script);
        expect(code, `${stdout}${stderr}\n${peer.log}`).toBe(0);
        expect(stdout).toMatch(/every rule acted, and all came about as expected\n$/);
        // What is half open, as after a replayed IKE_SA_INIT, may wait for its time.
        await until('the peer has heard of our end', async () => {
          const { ike, children } = await peer.holding();
          return ike.length + children.length === 0 ? true : undefined;
        });
      });
    }
  });
}
