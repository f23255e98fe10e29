/** Connections of several children, one pair of networks each, and misbehaving CREATE_CHILD_SA responders. */
import type { SpdEntry } from '../../src/policy/policy.ts';
import { parseEspProposals } from '../../src/policy/proposal-text.ts';
import { allTraffic, parseCidr, type SelectorPolicy } from '../../src/policy/selector.ts';
import { type Pair, type PairOptions, pair, tamper } from '../../src/testing/index.ts';
import { ExchangeType } from '../../src/wire/numbers.ts';
import type { Payload } from '../../src/wire/payloads/index.ts';

/** Networks, separated by commas. */
export const nets = (text: string): SelectorPolicy[] =>
  text.split(',').map((each) => {
    const range = parseCidr(each);
    if (range === undefined) throw new SyntaxError(each);
    return allTraffic(range);
  });

export const spd = (name: string, local: string, remote: string, more: Partial<SpdEntry> = {}): SpdEntry => ({
  name,
  mode: 'tunnel',
  action: 'protect',
  local: nets(local),
  remote: nets(remote),
  proposals: parseEspProposals('aes128gcm16'),
  pfs: false,
  narrowing: true,
  lifetime: { time: 0, octets: 0, packets: 0 },
  replayWindow: 64,
  ...more,
});

/** Children c1, c2 ... of 10.1.n.0/24 at the initiator and 10.2.n.0/24 at the responder; not up yet. */
export function several(count: number, options: PairOptions = {}, more: Partial<SpdEntry> = {}): Pair {
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  const own = numbers.map((n) => spd(`c${n}`, `10.1.${n}.0/24`, `10.2.${n}.0/24`, more));
  const theirs = numbers.map((n) => spd(`c${n}`, `10.2.${n}.0/24`, `10.1.${n}.0/24`, more));
  const { initiator, responder, ...both } = options;
  return pair({
    ...both,
    initiator: { ...initiator, entry: { ...initiator?.entry, children: own } },
    responder: { ...responder, entry: { ...responder?.entry, children: theirs } },
  });
}

/** An error notify as it is alone in a response. */
export const refusal = (type: number, data: Uint8Array = new Uint8Array(0)): Payload[] => [
  { kind: 'notify', protocol: 0, spi: new Uint8Array(0), type, data },
];

/**
 * CREATE_CHILD_SA requests that arrive are answered with what `answer` makes of their payloads; undefined lets one pass. The
 * responder's engine answers an empty INFORMATIONAL meanwhile, so that its message IDs go on. Returns the payloads of each
 * request, retransmissions left out.
 */
export function answering(
  both: Pair,
  answer: (request: readonly Payload[], nth: number) => Payload[] | undefined,
): (readonly Payload[])[] {
  const { keys } = both.network;
  const asked: (readonly Payload[])[] = [];
  const answers = new Map<string, Payload[] | undefined>();
  both.network.fate(({ header, payloads = [], octets }) => {
    if (header === undefined) return undefined;
    const { initiatorSpi, initiator, response, messageId, exchange } = header;
    const name = `${initiatorSpi} ${initiator !== response} ${messageId}`;
    if (exchange === ExchangeType.CREATE_CHILD_SA && !response) {
      if (!answers.has(name)) {
        asked.push(payloads);
        answers.set(name, answer(payloads, asked.length));
      }
      if (answers.get(name) === undefined) return undefined;
      return [
        { octets: tamper(keys, octets, () => ({ exchange: ExchangeType.INFORMATIONAL, payloads: [] })) },
      ];
    }
    const said = response ? answers.get(name) : undefined;
    return (
      said && [
        { octets: tamper(keys, octets, () => ({ exchange: ExchangeType.CREATE_CHILD_SA, payloads: said })) },
      ]
    );
  });
  return asked;
}

export const spiOctets = (spi: number): Uint8Array => Uint8Array.of(spi >>> 24, spi >>> 16, spi >>> 8, spi);
