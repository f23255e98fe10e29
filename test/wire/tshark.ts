/** Our messages in tshark's field names, and tshark's JSON as a list of fields, so that the two can be compared. */
import {
  type ConfigurationAttribute,
  encodePayloads,
  formatAddress,
  type Header,
  IdType,
  type Payload,
  type Proposal,
  selectorType,
  type TrafficSelector,
  type Transform,
  toHex,
} from '../../src/wire/index.ts';

type Field = readonly [name: string, value: string | number];

/** Every field below in the order of the octets, one `name=value` each. */
export function dissect(header: Header, payloads: readonly Payload[]): string[] {
  const flag = (value: boolean): number => (value ? 1 : 0);
  const fields: Field[] = [
    ['isakmp.ispi', spi(header.initiatorSpi)],
    ['isakmp.rspi', spi(header.responderSpi)],
    ['isakmp.mjver', `0x0${header.majorVersion}`],
    ['isakmp.mnver', `0x0${header.minorVersion}`],
    ['isakmp.exchangetype', header.exchange],
    ['isakmp.flag_i', flag(header.initiator)],
    ['isakmp.flag_v', flag(header.higherVersion)],
    ['isakmp.flag_r', flag(header.response)],
    ['isakmp.messageid', `0x${header.messageId.toString(16).padStart(8, '0')}`],
    ['isakmp.length', header.length],
    ...payloads.flatMap(payloadFields),
  ];
  return fields.map(([name, value]) => `${name}=${value}`);
}

function payloadFields(payload: Payload): Field[] {
  const type: Field = ['isakmp.typepayload', encodePayloads([payload]).first];
  switch (payload.kind) {
    case 'sa':
      return [type, ...payload.proposals.flatMap(proposalFields)];
    case 'ke':
      return [
        type,
        ['isakmp.key_exchange.dh_group', payload.group],
        ['isakmp.key_exchange.data', colons(payload.data)],
      ];
    case 'idi':
    case 'idr':
      return [type, ['isakmp.id.type', payload.idType], ...identityData(payload.idType, payload.data)];
    case 'cert':
      return [type, ['isakmp.cert.encoding', payload.encoding]];
    case 'certreq':
      return [
        type,
        ['isakmp.certreq.type', payload.encoding],
        ...pieces(payload.data, 20).map((hash): Field => ['isakmp.ike.certreq.authority', colons(hash)]),
      ];
    case 'auth':
      return [type, ['isakmp.auth.method', payload.method], ['isakmp.auth.data', colons(payload.data)]];
    case 'nonce':
      return [type, ['isakmp.nonce', colons(payload.data)]];
    case 'notify':
      return [
        type,
        ['isakmp.notify.protoid', payload.protocol],
        ['isakmp.spisize', payload.spi.length],
        ['isakmp.notify.msgtype', payload.type],
        ...optional('isakmp.spi', payload.spi),
        ['isakmp.notify.data', colons(payload.data)],
      ];
    case 'delete':
      return [
        type,
        ['isakmp.delete.protoid', payload.protocol],
        ['isakmp.spisize', payload.spis[0]?.length ?? 0],
        ['isakmp.spinum', payload.spis.length],
        ...payload.spis.map((each): Field => ['isakmp.delete.spi', colons(each)]),
      ];
    case 'vendorId':
      return [type, ['isakmp.vid_bytes', colons(payload.data)]];
    case 'tsi':
    case 'tsr':
      return [
        type,
        ['isakmp.ts.number', payload.selectors.length],
        ...payload.selectors.flatMap(selectorFields),
      ];
    case 'configuration':
      return [
        type,
        ['isakmp.cfg.type', payload.type],
        ...payload.attributes.flatMap(configurationAttributeFields),
      ];
    case 'eap':
      return [
        type,
        ['eap.code', payload.code],
        ['eap.id', payload.identifier],
        ...(payload.type === undefined ? [] : [['eap.type', payload.type] as const]),
      ];
    case 'fragment':
      return [type, ['isakmp.frag.number', payload.number], ['isakmp.frag.total', payload.total]];
    case 'encrypted':
    case 'unknown':
      return [type];
  }
}

function proposalFields({ number, protocol, spi, transforms }: Proposal): Field[] {
  return [
    ['isakmp.typepayload', 2],
    ['isakmp.prop.number', number],
    ['isakmp.prop.protoid', protocol],
    ['isakmp.spisize', spi.length],
    ['isakmp.prop.transforms', transforms.length],
    ...optional('isakmp.spi', spi),
    ...transforms.flatMap(transformFields),
  ];
}

function transformFields({ type, id, keyLength, attributes = [] }: Transform): Field[] {
  const name = ['encr', 'prf', 'integ', 'dh', 'esn'][type - 1];
  return [
    ['isakmp.typepayload', 3],
    ['isakmp.tf.type', type],
    [name === undefined ? 'isakmp.tf.id' : `isakmp.tf.id.${name}`, id],
    ...(keyLength === undefined ? [] : [['isakmp.ike2.attr.key_length', keyLength] as const]),
    ...attributes.map((attribute): Field => ['isakmp.ike2.attr.type', attribute.type]),
  ];
}

function identityData(type: number, data: Uint8Array): Field[] {
  if (type === IdType.IPV4_ADDR) return [['isakmp.id.data.ipv4_addr', formatAddress(data)]];
  if (type === IdType.FQDN) return [['isakmp.id.data.fqdn', new TextDecoder().decode(data)]];
  return [];
}

function selectorFields(selector: TrafficSelector): Field[] {
  const type: Field = ['isakmp.ts.type', selectorType(selector)];
  if (selector.kind !== 'range') return [type];
  const family = selector.start.length === 4 ? 'ipv4' : 'ipv6';
  return [
    type,
    ['isakmp.ts.protoid', selector.protocol],
    ['isakmp.ts.start_port', selector.startPort],
    ['isakmp.ts.end_port', selector.endPort],
    [`isakmp.ts.start_${family}`, formatAddress(selector.start)],
    [`isakmp.ts.end_${family}`, formatAddress(selector.end)],
  ];
}

const configurationAttributeFields = ({ type, value }: ConfigurationAttribute): Field[] => [
  ['isakmp.cfg.attr.type', type],
  ['isakmp.cfg.attr.length', value.length],
  ...optional('isakmp.cfg.attr.value', value),
];

/** The same fields of each frame of `tshark -T json`, whose objects repeat their keys. */
export function fieldsOf(json: string): string[][] {
  let count = 0;
  const unique = json.replace(/^(\s*)"([\w.-]+)": /gm, (_, blank, key) => `${blank}"${key}#${count++}": `);
  const frames = JSON.parse(unique) as unknown[];
  return frames.map((frame) => leaves(frame).filter((field) => compared.has(field.split('=', 1)[0] ?? '')));
}

function leaves(tree: unknown): string[] {
  if (typeof tree !== 'object' || tree === null) return [];
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [`${key.split('#')[0]}=${value}`] : leaves(value),
  );
}

const compared = new Set(
  [
    'isakmp ispi rspi mjver mnver exchangetype flag_i flag_v flag_r messageid length typepayload',
    'isakmp prop.number prop.protoid spisize prop.transforms spi tf.type tf.id ike2.attr.key_length',
    'isakmp tf.id.encr tf.id.prf tf.id.integ tf.id.dh tf.id.esn key_exchange.dh_group key_exchange.data',
    'isakmp id.type id.data.ipv4_addr id.data.fqdn cert.encoding certreq.type ike.certreq.authority',
    'isakmp auth.method auth.data nonce notify.protoid notify.msgtype notify.data',
    'isakmp delete.protoid spinum delete.spi vid_bytes frag.number frag.total',
    'isakmp ts.number ts.type ts.protoid ts.start_port ts.end_port',
    'isakmp ts.start_ipv4 ts.end_ipv4 ts.start_ipv6 ts.end_ipv6',
    'isakmp cfg.type cfg.attr.type cfg.attr.length cfg.attr.value',
    'eap code id type',
  ].flatMap((line) => {
    const [protocol, ...names] = line.split(' ');
    return names.map((name) => `${protocol}.${name}`);
  }),
);

const spi = (value: bigint): string =>
  value
    .toString(16)
    .padStart(16, '0')
    .replace(/..(?!$)/g, '$&:');

const colons = (octets: Uint8Array): string => toHex(octets).replace(/..(?!$)/g, '$&:');

const optional = (name: string, octets: Uint8Array): Field[] =>
  octets.length === 0 ? [] : [[name, colons(octets)]];

function pieces(octets: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.floor(octets.length / size) }, (_, i) =>
    octets.subarray(i * size, (i + 1) * size),
  );
}
