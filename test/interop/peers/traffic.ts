/** The messages of a capture in the words of RFC 7296, from tshark's dissection. */
import { type Dissected, values } from './tshark.ts';

export interface SeenMessage {
  readonly exchange: number;
  readonly response: boolean;
  /** Types of all payloads, those inside SK too when tshark could open it. */
  readonly payloads: readonly number[];
  readonly notifies: readonly number[];
}

export const Exchange = { IKE_SA_INIT: 34, IKE_AUTH: 35, CREATE_CHILD_SA: 36, INFORMATIONAL: 37 } as const;
export const Kind = {
  sa: 33,
  ke: 34,
  idi: 35,
  idr: 36,
  cert: 37,
  certreq: 38,
  auth: 39,
  tsi: 44,
  tsr: 45,
  encrypted: 46,
  fragment: 53,
} as const;
export const Notice = {
  NO_PROPOSAL_CHOSEN: 14,
  INVALID_KE_PAYLOAD: 17,
  AUTHENTICATION_FAILED: 24,
  COOKIE: 16390,
  USE_TRANSPORT_MODE: 16391,
  INITIAL_CONTACT: 16384,
  REKEY_SA: 16393,
} as const;

export const messages = (packets: readonly Dissected[]): SeenMessage[] =>
  packets.map((packet) => ({
    exchange: numbers(packet, 'isakmp.exchangetype')[0] ?? 0,
    response: values(packet, 'isakmp.flag_r')[0] === '1',
    payloads: numbers(packet, 'isakmp.typepayload'),
    notifies: numbers(packet, 'isakmp.notify.msgtype'),
  }));

/** How many messages carried a notify. */
export const withNotify = (seen: readonly SeenMessage[], type: number): number =>
  seen.filter(({ notifies }) => notifies.includes(type)).length;

const numbers = (packet: Dissected, field: string): number[] => values(packet, field).map(Number);
