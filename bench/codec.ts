/** Parsing and encoding of messages: a JSON line for each, with the median in microseconds. */
import { Bench } from 'tinybench';
import { ikePayload } from '../src/policy/proposal.ts';
import { parseIkeProposals } from '../src/policy/proposal-text.ts';
import {
  encodeMessage,
  encodePayloads,
  type Payload,
  parseMessage,
  parsePayloads,
} from '../src/wire/index.ts';

const octets = (length: number): Uint8Array => new Uint8Array(length).fill(7);
const fields = {
  initiatorSpi: 1n,
  responderSpi: 0n,
  exchange: 34,
  initiator: true,
  response: false,
  messageId: 0,
};
const notify = (type: number, length: number): Payload => ({
  kind: 'notify',
  protocol: 0,
  spi: octets(0),
  type,
  data: octets(length),
});

const init: Payload[] = [
  {
    kind: 'sa',
    proposals: ikePayload(parseIkeProposals('aes128gcm16-prfsha256-x25519,aes256-sha2_512-modp2048')),
  },
  { kind: 'ke', group: 31, data: octets(32) },
  { kind: 'nonce', data: octets(32) },
  notify(16388, 20),
  notify(16389, 20),
  notify(16430, 0),
];
const selectors = [
  { kind: 'range' as const, protocol: 0, startPort: 0, endPort: 65535, start: octets(4), end: octets(4) },
];
const auth: Payload[] = [
  { kind: 'idi', idType: 2, data: octets(16) },
  { kind: 'auth', method: 2, data: octets(32) },
  { kind: 'tsi', selectors },
  { kind: 'tsr', selectors },
];
const initOctets = encodeMessage(fields, init);
const inner = encodePayloads(auth);

const bench = new Bench({ time: 500 })
  .add('parse IKE_SA_INIT', () => parseMessage(initOctets))
  .add('encode IKE_SA_INIT', () => encodeMessage(fields, init))
  .add('parse the inside of IKE_AUTH', () => parsePayloads(inner.first, inner.octets))
  .add('encode the inside of IKE_AUTH', () => encodePayloads(auth));
await bench.run();
for (const { name, result } of bench.tasks) {
  if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`);
  process.stdout.write(
    `${JSON.stringify({ bench: 'codec', name, us: Number((result.latency.p50 * 1000).toFixed(2)) })}\n`,
  );
}
