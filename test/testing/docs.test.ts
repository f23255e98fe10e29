/** What docs/testing.md shows is what runs: every line of code of it is one of this file or of fixtures.test.ts. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nobleCrypto } from '../../src/crypto/noble/index.ts';
import type { Action, Endpoint, Input } from '../../src/ike/actions.ts';
import { IkeEngine } from '../../src/ike/engine.ts';
import {
  connection,
  drop,
  ladder,
  lossy,
  misbehave,
  on,
  pair,
  reorder,
  replay,
  seeded,
  tampered,
  toJson,
  VirtualNetwork,
  verdicts,
} from '../../src/testing/index.ts';
import { ExchangeType } from '../../src/wire/numbers.ts';

type Send = (octets: Uint8Array, local: Endpoint, remote: Endpoint) => void;

/** An initiator that knows nothing of the network: an engine turned by hand. */
class Initiator {
  readonly #engine = new IkeEngine({
    now: 0,
    unixTime: 0,
    policy: connection({ name: 'mine', address: '10.0.0.1', psk: 'secret', peer: { address: '10.0.0.2' } }),
    crypto: nobleCrypto,
    random: seeded('mine').random,
  });
  #send: Send = () => undefined;

  start(send: Send): void {
    this.#send = send;
    this.#feed({ type: 'command', command: { kind: 'up', name: 'mine' } });
  }

  receive(octets: Uint8Array, local: Endpoint, remote: Endpoint): void {
    this.#feed({ type: 'datagram', socket: 'ike', local, remote, octets });
  }

  #feed(input: Input): void {
    for (const action of this.#engine.handle(0, input)) this.#perform(action);
  }

  #perform(action: Action): void {
    if (action.type === 'transmit') this.#send(action.octets, action.local, action.remote);
    if (action.type === 'ask') this.#feed({ type: 'answer', id: action.id, answer: { ok: true } });
  }
}

describe('docs/testing.md', () => {
  it('an IKE responder in your test, in five lines', () => {
    const mine = new Initiator();
    const network = new VirtualNetwork();
    const policy = connection({
      name: 'lab',
      address: '10.0.0.2',
      psk: 'secret',
      peer: { address: '10.0.0.1' },
    });
    const responder = network.host({ name: 'responder', addresses: ['10.0.0.2'], policy });
    network.listen('10.0.0.1', (octets, local, remote) => mine.receive(octets, local, remote));
    mine.start((octets, local, remote) => network.send(local, remote, octets));
    network.settle();
    expect(responder.established[0]?.remoteId).toBe('10.0.0.1');
    expect(responder.children[0]?.suite).toBe('AES_GCM_16-128 ESN');
    expect(responder.memory.sas.length).toBe(2);
    expect(ladder(network).join('\n')).toContain('IKE_AUTH request 1 { IDi IDr AUTH');
  });

  it('two ends that talk', () => {
    const both = pair({ mode: 'transport', seed: 7 }).up();
    both.initiator.down('pair');
    both.network.run();
    expect(both.responder.leftovers).toEqual([]);
    pair({ esp: 'aes256gcm16', responder: { subnet: '10.2.0.0/16', peerAddress: '%any' } });
  });

  it('fates', () => {
    const { network, initiator, ...both } = pair({ record: true });
    network.fate(on({ exchange: ExchangeType.IKE_AUTH, response: true, nth: 1 }, drop));
    network.fate(on({ from: '10.0.0.1', fragment: 2 }, reorder(1)));
    network.fate(lossy(seeded(1), { drop: 0.2, copy: 0.1, delay: 0.3 }));
    const withoutIdr = tampered(network.keys, ({ payloads }) =>
      payloads.filter(({ kind }) => kind !== 'idr'),
    );
    network.fate(on({ exchange: ExchangeType.IKE_AUTH, response: false }, withoutIdr));
    initiator.up('pair');
    expect(
      network.until(() => both.responder.established.length > 0 && initiator.established.length > 0),
    ).toBe(true);
    const console = { log: (line: string) => expect(line).toMatch(/^\[/) };
    const lines = both.responder.recording;
    for (const actions of replay(lines, nobleCrypto)) console.log(toJson(actions));
  });

  it('a misbehaving peer, and verdicts', () => {
    const both = pair();
    const rules = [{ on: { direction: 'out', exchange: 'IKE_AUTH', nth: 1 }, do: 'drop' }];
    misbehave(both.network, both.responder, { rules });
    both.initiator.up('pair');
    const verdict = verdicts(both.network);
    verdict.event(both.responder, 'ikeEstablished', { within: 2000 });
    verdict.never(both.responder, 'ikeDeleted', { within: 60_000 });
    verdict.sas(both.responder, { ike: 1, children: 1 });
    verdict.mirrored(both.initiator, both.responder);
    verdict.diagram(`
      initiator                                   responder
        | IKE_SA_INIT { SA KE Ni ... }              --> |
        | <--              IKE_SA_INIT { SA KE Nr ... } |
        | IKE_AUTH 1 { IDi ... }                    --> |
        | x--                     IKE_AUTH 1 { IDr ... } |
        | IKE_AUTH 1 { IDi ... }                    --> |
        | <--                     IKE_AUTH 1 { IDr ... } |`);
  });

  it('says what runs here, or in fixtures.test.ts', () => {
    const text = readFileSync(new URL('../../docs/testing.md', import.meta.url), 'utf8');
    const own = ['./docs.test.ts', './fixtures.test.ts'].map((path) => new URL(path, import.meta.url));
    const here = own.map((path) => readFileSync(path, 'utf8')).join('\n');
    const code = [...text.matchAll(/```ts\n(.*?)```/gs)].flatMap(([, block = '']) => block.split('\n'));
    const shown = code
      .map((line) => line.replace(/;? *\/\/.*$/, '').trim())
      .filter((line) => line !== '' && !line.startsWith('import '));
    expect(shown.length).toBeGreaterThan(15);
    const squash = (code: string) => code.replace(/\s+/g, '').replace(/,([)\]}])/g, '$1');
    expect(shown.filter((line) => !squash(here).includes(squash(line)))).toEqual([]);
  });
});
