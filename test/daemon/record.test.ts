/** What a record of a run holds, and what it must not. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { defaultCrypto } from '../../src/crypto/index.ts';
import { nobleCrypto } from '../../src/crypto/noble/index.ts';
import { RunRecord } from '../../src/daemon/record.ts';
import type { Engine } from '../../src/ike/recording.ts';
import { replay } from '../../src/ike/recording.ts';
import { toJson } from '../../src/ike/run-json.ts';
import { connection, seeded } from '../../src/testing/index.ts';
import { replayReport } from '../../src/testing/replay-report.ts';
import { toHex } from '../../src/wire/hex.ts';

const directory = mkdtempSync(join(tmpdir(), 'ikev2-record-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const key = new Uint8Array(20).fill(0xab);
const policy = connection({
  name: 'net',
  address: '10.0.0.1',
  psk: 'tell nobody',
  peer: { address: '10.0.0.2' },
});

/** An engine whose data plane refuses an SA, keys and all. */
function run(engine: Engine): void {
  engine.handle(1, { type: 'command', command: { kind: 'up', name: 'net' } });
  engine.handle(600, { type: 'wake' });
  engine.handle(700, {
    type: 'kernelFailed',
    errno: 'ENOMEM',
    command: {
      kind: 'addSa',
      sa: {
        id: { spi: 1, destination: '10.0.0.2' },
        source: '10.0.0.1',
        direction: 'out',
        mode: 'tunnel',
        reqid: 1,
        encryption: { transform: 20, keyBits: 128, key },
        integrity: { transform: 12, key },
        esn: false,
        replayWindow: 64,
        local: [],
        remote: [],
      },
    },
  });
  engine.handle(800, { type: 'policy', policy });
}

function recorded(name: string, secrets: boolean, drawn: string[] = []): string {
  const file = join(directory, name);
  const record = new RunRecord(file, secrets, (error) => expect(error).toBeUndefined());
  const stream = seeded(name).random;
  const random = (length: number): Uint8Array => {
    const octets = stream(length);
    drawn.push(toHex(octets));
    return octets;
  };
  run(record.engine({ now: 0, unixTime: 0, policy, crypto: nobleCrypto, random }));
  record.close();
  return readFileSync(file, 'utf8');
}

const psk = toHex(new TextEncoder().encode('tell nobody'));

describe('a record', () => {
  it('with secrets holds all it takes to run again, with any provider', () => {
    const text = recorded('with', true);
    expect(text).toContain(psk);
    expect(text).toContain(toHex(key));
    const runs = [nobleCrypto, defaultCrypto].map((crypto) =>
      [...replay(text.split('\n'), crypto)].map((each) => toJson(each)),
    );
    expect(runs[0]).toHaveLength(4);
    expect(runs[1]).toEqual(runs[0]);
  });

  it('without secrets holds no key of a failed command, no pre-shared key of a policy, nothing drawn', () => {
    const drawn: string[] = [];
    const text = recorded('without', false, drawn);
    for (const secret of [psk, toHex(key), 'tell nobody', '"drawn"']) expect(text).not.toContain(secret);
    // The SPI and the nonce went over the wire; the private value did not.
    const secret = drawn.filter((octets) => octets.length === 64 && !text.includes(octets));
    expect(secret).toHaveLength(1);
    const unsent = text.replaceAll(/"octets":\{"hex":"[0-9a-f]+"\}/g, '');
    for (const octets of drawn) expect(unsent).not.toContain(octets);
    expect(text.split('\n').filter((line) => line.includes('"sent"'))).toHaveLength(2);
    expect(() => [...replay(text.split('\n'), nobleCrypto)]).toThrow(/made without secrets/);
    const lines: string[] = [];
    expect(replayReport(text.split('\n'), (line) => lines.push(line))).toEqual({
      inputs: 4,
      received: 0,
      sent: 2,
      reproduced: false,
      ended: true,
    });
    expect(lines[0]).toMatch(/10\.0\.0\.1:500 -> 10\.0\.0\.2:500 {2}IKE_SA_INIT request 0 \{ SA KE Ni/);
  });

  it('that cannot be written any more is given up, and the engine goes on', () => {
    const told: unknown[] = [];
    const record = new RunRecord('/dev/full', true, (error) => told.push(error));
    run(record.engine({ now: 0, unixTime: 0, policy, crypto: nobleCrypto, random: seeded(0).random }));
    record.close();
    expect(told).toEqual([expect.objectContaining({ code: 'ENOSPC' })]);
  });

  it('that is another run is found out', () => {
    const text = recorded('other', true);
    const file = join(directory, 'spoilt');
    writeFileSync(file, text.replace(/"drawn":\["[0-9a-f]{4}/, '"drawn":["0000'));
    expect(() => [...replay(readFileSync(file, 'utf8').split('\n'), nobleCrypto)]).toThrow(
      /line 2: datagram 1 of 1 is not the one of the recording/,
    );
  });
});
