/** Field by field what tshark sees: its own dissection trees of captures, and tshark itself where it is installed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import {
  ExchangeType,
  encodeMessage,
  encodePayloads,
  fromHex,
  parseMessage,
  parsePayloads,
  toHex,
} from '../../src/wire/index.ts';
import { ikeMessages, pcapOf } from './pcap.ts';
import { dissect, fieldsOf } from './tshark.ts';
import {
  describeWithVectors,
  goldenCaptures,
  recordedChains,
  recordedMessages,
  vectorPath,
} from './vectors.ts';

describeWithVectors('02-wireshark-ikev2', () => {
  for (const { capture, messages } of goldenCaptures()) {
    it(`${capture}: tshark's trees`, () => {
      const file = vectorPath(
        `02-wireshark-ikev2/${capture.replace('captures', 'tshark-dissection')}.json.gz`,
      );
      const trees = fieldsOf(gunzipSync(readFileSync(file)).toString());
      expect(trees).toHaveLength(messages.length);
      messages.forEach(({ ikeMessage }, i) => {
        const { header, payloads } = parseMessage(fromHex(ikeMessage));
        expect(dissect(header, payloads)).toEqual(trees[i]);
      });
    });

    it(`${capture}: the messages of the capture, and what is inside them`, () => {
      const captured = ikeMessages(vectorPath(`02-wireshark-ikev2/${capture}`));
      expect(captured.map(toHex)).toEqual(messages.map(({ ikeMessage }) => ikeMessage));
      for (const { firstInnerPayload, innerPayloads } of messages) {
        if (firstInnerPayload === undefined || innerPayloads === undefined) continue;
        const payloads = parsePayloads(firstInnerPayload, fromHex(innerPayloads));
        const { first, octets } = encodePayloads(payloads);
        expect({ first, inner: toHex(octets) }).toEqual({ first: firstInnerPayload, inner: innerPayloads });
      }
    });
  }
});

const tshark = spawnSync('tshark', ['--version'], { stdio: 'ignore' }).status === 0;

describeWithVectors('', () => {
  it.skipIf(!tshark)(`every recorded message as tshark reads it${tshark ? '' : ' (no tshark here)'}`, () => {
    const clear = recordedChains().map(({ first, octets }) => inClear(first, octets));
    const messages = [...recordedMessages().map(({ octets }) => octets), ...clear];
    const trees = runTshark(messages);
    expect(trees).toHaveLength(messages.length);
    messages.forEach((octets, i) => {
      const { header, payloads } = parseMessage(octets);
      expect(dissect(header, payloads)).toEqual(trees[i]);
    });
  });
});

/** What is inside an Encrypted payload as a message of its own, so that tshark needs no keys. */
function inClear(first: number, octets: Uint8Array): Uint8Array {
  const fields = { initiatorSpi: 1n, responderSpi: 2n, initiator: true, response: false, messageId: 1 };
  const header = encodeMessage({ ...fields, exchange: ExchangeType.IKE_AUTH }, []);
  const message = Uint8Array.from([...header, ...octets]);
  message[16] = first;
  new DataView(message.buffer).setUint32(24, message.length);
  return message;
}

function runTshark(messages: readonly Uint8Array[]): string[][] {
  const folder = mkdtempSync(join(tmpdir(), 'ikev2-wire-'));
  try {
    const file = join(folder, 'messages.pcap');
    writeFileSync(file, pcapOf(messages));
    const args = ['-n', '-r', file, '-T', 'json', '-J', 'isakmp'];
    return fieldsOf(
      execFileSync('tshark', args, { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1e8 }).toString(),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
