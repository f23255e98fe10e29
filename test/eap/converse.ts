/** Two ends of an EAP conversation talk until both have an outcome. */
import { randomBytes } from 'node:crypto';
import { nodeCrypto, Secret } from '../../src/crypto/index.ts';
import type { EapPacket, EapSession, Outcome, Turn } from '../../src/eap/index.ts';

export const random = (length: number): Uint8Array => Uint8Array.from(randomBytes(length));
export const crypto = nodeCrypto;
export const secret = (text: string): Secret => new Secret(new TextEncoder().encode(text));
export const hex = (octets: Uint8Array | undefined): string => Buffer.from(octets ?? []).toString('hex');

export interface Talk {
  readonly peer: Outcome | undefined;
  readonly authenticator: Outcome | undefined;
  readonly packets: readonly EapPacket[];
  readonly notices: readonly string[];
}

/** Whoever has said its last is asked no more; `change` stands between them. */
export async function converse(
  peer: EapSession,
  authenticator: EapSession,
  change: (packet: EapPacket, index: number) => EapPacket = (packet) => packet,
): Promise<Talk> {
  const packets: EapPacket[] = [];
  const notices: string[] = [];
  const outcomes: { peer?: Outcome; authenticator?: Outcome } = {};
  let asking: 'peer' | 'authenticator' = 'authenticator';
  let packet: EapPacket | undefined;
  for (;;) {
    const turn: Turn = await (asking === 'peer' ? peer : authenticator).turn(packet);
    if (turn.notice !== undefined) notices.push(turn.notice);
    if (turn.outcome) outcomes[asking] = turn.outcome;
    if (turn.packet === undefined) break;
    packet = change(turn.packet, packets.length);
    packets.push(packet);
    asking = asking === 'peer' ? 'authenticator' : 'peer';
    if (outcomes[asking] || packets.length > 400) break;
  }
  return { peer: outcomes.peer, authenticator: outcomes.authenticator, packets, notices };
}

export const reason = (outcome: Outcome | undefined): string | undefined =>
  outcome?.ok === false ? outcome.reason : undefined;

export const mskOf = (outcome: Outcome | undefined): string =>
  outcome?.ok ? hex(outcome.msk?.octets) : 'no success';
