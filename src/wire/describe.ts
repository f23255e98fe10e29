/** A message in one line, for logs: only names and numbers, nothing a peer can choose the text of. */
import type { Header } from './header.ts';
import { toHex } from './hex.ts';
import { CfgType, EapCode, EapType, ExchangeType, NotifyType, nameOf, ProtocolId } from './numbers.ts';
import { codecOfKind, type Payload } from './payloads/index.ts';

/** `IKE_AUTH request 1 { IDi CERT AUTH SA TSi TSr N(INITIAL_CONTACT) }`. RFC 7296 §1.2's notation. */
export function describe(message: {
  readonly header: Pick<Header, 'exchange' | 'response' | 'messageId'>;
  readonly payloads: readonly Payload[];
}): string {
  const { exchange, response, messageId } = message.header;
  const direction = response ? 'response' : 'request';
  const inside = message.payloads.map((payload) => describePayload(payload, response));
  return `${nameOf(ExchangeType, exchange)} ${direction} ${messageId} { ${inside.map((text) => `${text} `).join('')}}`;
}

function describePayload(payload: Payload, response: boolean): string {
  switch (payload.kind) {
    case 'nonce':
      return response ? 'Nr' : 'Ni';
    case 'notify':
      return `N(${nameOf(NotifyType, payload.type)})`;
    case 'delete':
      return `D(${[nameOf(ProtocolId, payload.protocol), ...payload.spis.map(toHex)].join(' ')})`;
    case 'fragment':
      return `SKF(${payload.number}/${payload.total})`;
    case 'configuration':
      return `CP(${nameOf(CfgType, payload.type)})`;
    case 'eap':
      return `EAP(${nameOf(EapCode, payload.code)}${payload.type === undefined ? '' : ` ${nameOf(EapType, payload.type)}`})`;
    case 'unknown':
      return `${payload.type}${payload.critical ? '!' : ''}`;
    default:
      return codecOfKind(payload.kind).notation;
  }
}
