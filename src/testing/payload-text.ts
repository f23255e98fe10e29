/** What is in a payload, in one line, for people. */

import { formatIdentity } from '../policy/identity.ts';
import { formatLabel } from '../policy/label.ts';
import { formatAddress } from '../wire/address.ts';
import { toHex } from '../wire/hex.ts';
import {
  AuthMethod,
  CertEncoding,
  CfgAttribute,
  CfgType,
  Encr,
  Integ,
  KeyExchangeMethod,
  NotifyType,
  nameOf,
  Prf,
  ProtocolId,
  type Registry,
  SequenceNumbers,
  TransformType,
} from '../wire/numbers.ts';
import { codecOfKind, type Payload } from '../wire/payloads/index.ts';
import type { Proposal, Transform } from '../wire/payloads/sa.ts';
import type { TrafficSelector } from '../wire/payloads/ts.ts';

/** Octets shown before the rest is counted. */
const shown = 16;

/** `KE CURVE25519, 32 octets 8f8b…`; text a peer chose is escaped. */
export function payloadText(payload: Payload): string {
  switch (payload.kind) {
    case 'sa':
      return `SA ${payload.proposals.map(proposalText).join('; ')}`;
    case 'ke':
      return `KE ${nameOf(KeyExchangeMethod, payload.group)}, ${octetsText(payload.data)}`;
    case 'idi':
    case 'idr':
      return `${codecOfKind(payload.kind).notation} ${formatIdentity({ type: payload.idType, data: payload.data })}`;
    case 'cert':
    case 'certreq':
      return `${codecOfKind(payload.kind).notation} ${nameOf(CertEncoding, payload.encoding)}, ${octetsText(payload.data)}`;
    case 'auth':
      return `AUTH ${nameOf(AuthMethod, payload.method)}, ${octetsText(payload.data)}`;
    case 'nonce':
      return `N ${octetsText(payload.data)}`;
    case 'notify':
      return `N(${nameOf(NotifyType, payload.type)})${saText(payload)} ${octetsText(payload.data)}`;
    case 'delete':
      return `D ${nameOf(ProtocolId, payload.protocol)} ${payload.spis.map(toHex).join(' ')}`.trimEnd();
    case 'vendorId':
      return `V ${octetsText(payload.data)}`;
    case 'tsi':
    case 'tsr':
      return `${codecOfKind(payload.kind).notation} ${payload.selectors.map(selectorText).join(', ')}`;
    case 'configuration':
      return `CP ${nameOf(CfgType, payload.type)} ${payload.attributes.map(attributeText).join(', ')}`.trimEnd();
    case 'eap':
      return `EAP code ${payload.code} id ${payload.identifier}, ${octetsText(payload.data)}`;
    case 'unknown':
      return `payload ${payload.type}${payload.critical ? ' critical' : ''}, ${octetsText(payload.data)}`;
    default:
      return `${codecOfKind(payload.kind).notation} ${octetsText(payload.data)}`;
  }
}

function octetsText(octets: Uint8Array): string {
  if (octets.length === 0) return 'no data';
  const more = octets.length > shown ? '…' : '';
  return `${octets.length} octets ${toHex(octets.subarray(0, shown))}${more}`;
}

const saText = ({ protocol, spi }: { readonly protocol: number; readonly spi: Uint8Array }): string =>
  spi.length === 0 ? '' : ` of ${nameOf(ProtocolId, protocol)} ${toHex(spi)}`;

function proposalText(proposal: Proposal): string {
  const spi = proposal.spi.length === 0 ? '' : ` ${toHex(proposal.spi)}`;
  return `${proposal.number} ${nameOf(ProtocolId, proposal.protocol)}${spi}: ${proposal.transforms.map(transformText).join(' ')}`;
}

const registries = new Map<number, Registry>([
  [TransformType.ENCR, Encr],
  [TransformType.PRF, Prf],
  [TransformType.INTEG, Integ],
  [TransformType.KE, KeyExchangeMethod],
  [TransformType.SN, SequenceNumbers],
]);

function transformText({ type, id, keyLength }: Transform): string {
  const name = nameOf(registries.get(type) ?? {}, id);
  return `${nameOf(TransformType, type)}=${name}${keyLength === undefined ? '' : `-${keyLength}`}`;
}

function selectorText(selector: TrafficSelector): string {
  if (selector.kind === 'label') return `label ${formatLabel(selector.label)}`;
  if (selector.kind === 'unknown') return `type ${selector.type} ${octetsText(selector.data)}`;
  const { start, end, protocol, startPort, endPort } = selector;
  const addresses = [addressText(start), addressText(end)];
  const range = addresses[0] === addresses[1] ? addresses[0] : addresses.join('-');
  const ports = startPort === 0 && endPort === 65_535 ? '' : ` ports ${startPort}-${endPort}`;
  return `${range}${protocol === 0 ? '' : ` protocol ${protocol}`}${ports}`;
}

const addressText = (octets: Uint8Array): string =>
  octets.length === 4 || octets.length === 16 ? formatAddress(octets) : toHex(octets);

function attributeText({ type, value }: { readonly type: number; readonly value: Uint8Array }): string {
  const name = nameOf(CfgAttribute, type);
  return value.length === 0 ? name : `${name}=${addressText(value)}`;
}
