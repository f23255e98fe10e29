/** An IKE responder on a real socket, for tests of an initiator. */
import type { EngineEvent, Millis } from '../ike/actions.ts';
import { connection, type EndOptions } from './connection.ts';
import type { Host, HostOptions } from './host.ts';
import { LiveNetwork, type LiveOptions } from './live.ts';
import { type Misbehaviour, misbehave } from './misbehave.ts';
import { checkMillis, checkWord, eventKinds } from './options.ts';
import { VerdictError } from './verdict.ts';

type HostPart = Pick<HostOptions, 'crypto' | 'kernel' | 'record' | 'installing' | 'privateKeys'>;

export interface ResponderOptions extends EndOptions, LiveOptions, HostPart {
  /** 127.0.0.1 unless said. */
  readonly address?: string;
  /** Free ones unless said. */
  readonly ports?: { readonly ike: number; readonly nat: number };
  /** Rules it misbehaves by. */
  readonly faults?: unknown;
}

type EventOf<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>;

/** A responder that listens until it is closed. */
export interface LiveResponder {
  readonly host: Host;
  readonly network: LiveNetwork;
  readonly address: string;
  /** Of the `ike` socket; to the other, `natPort`, go messages with the non-ESP marker, and ESP. */
  readonly port: number;
  readonly natPort: number;
  readonly faults: Misbehaviour | undefined;
  /** The first such event, told already or within so many milliseconds (5000). Throws VerdictError with the ladder. */
  told<K extends EngineEvent['kind']>(kind: K, within?: Millis): Promise<EventOf<K>>;
  close(): Promise<void>;
}

/**
 * Starts a responder that takes any peer with its key. What `connection` takes says how it is configured: `psk`, `ike`,
 * `esp`, `identity`, `subnet` ...
 */
export async function respond(options: ResponderOptions = {}): Promise<LiveResponder> {
  const { address = '127.0.0.1', ports, faults: script, seed, random, history, watch, ...rest } = options;
  const { crypto, kernel, record, installing, privateKeys, ...end } = rest;
  const network = new LiveNetwork({
    ...(seed !== undefined && { seed }),
    ...(random && { random }),
    ...(history !== undefined && { history }),
    ...(watch && { watch }),
  });
  const peer = { address: '%any', subnet: end.peerSubnet ?? 'dynamic' };
  const policy = connection({
    name: 'live',
    address,
    peerAddress: '%any',
    peerIdentity: '%any',
    ...end,
    peer,
  });
  const host = await network.host({
    name: 'responder',
    address,
    policy,
    ...(ports && { ports }),
    ...(crypto && { crypto }),
    ...(kernel !== undefined && { kernel }),
    ...(record !== undefined && { record }),
    ...(installing !== undefined && { installing }),
    ...(privateKeys && { privateKeys }),
  });
  const faults = script === undefined ? undefined : misbehave(network, host, script);
  return {
    host,
    network,
    address,
    port: host.ports.ike,
    natPort: host.ports.nat,
    faults,
    async told<K extends EngineEvent['kind']>(kind: K, within: Millis = 5000) {
      checkWord('event', kind, eventKinds);
      checkMillis('within', within);
      await network.until(() => host.told(kind).length > 0 || network.errors.length > 0, within);
      network.check();
      const [event] = host.told(kind);
      if (event === undefined)
        throw new VerdictError(`the responder told of no ${kind} within ${within} ms`, network);
      return event;
    },
    close: () => network.close(),
  };
}
