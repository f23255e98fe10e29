/** What a conn says of its packets that only the data plane needs: marks, padding, priorities, shunts. */
import type { DataPlaneSettings, Mark, SpdEntry } from '../policy/policy.ts';
import { type Mistakes, quoted } from './mistake.ts';
import type { ConnSettings, Setting } from './settings.ts';
import type { DaemonSettings } from './setup.ts';
import { type BadValue, parseCount } from './values.ts';

export type PacketSettings = Pick<
  SpdEntry,
  'negotiationShunt' | 'failureShunt' | 'shuntLifetime' | 'settings'
>;

/** Numbers that no daemon gives out by itself, as pluto has it. */
const mostReqid = 0x3fff;
/** The most an IP packet can be padded to. */
const mostPadding = 0xffff;
const wholeMask = 0xffff_ffff;

/** What differs from the usual. */
export function packetSettings(
  conn: ConnSettings,
  setup: Pick<DaemonSettings, 'shuntLifetime'>,
  mistakes: Mistakes,
): PacketSettings {
  const settings = dataPlaneSettings(conn, mistakes);
  const negotiation = conn.settings.get('negotiationshunt')?.word;
  const failure = conn.settings.get('failureshunt');
  if (failure?.word === 'reject')
    mistakes.note(failure.at, 'failureshunt=reject discards without an ICMP message');
  return {
    ...(negotiation === 'passthrough' && { negotiationShunt: negotiation }),
    ...(failure && failure.word !== 'none' && failureShunt(failure, setup)),
    ...(Object.keys(settings).length > 0 && { settings }),
  };
}

const failureShunt = (
  { word }: Setting,
  { shuntLifetime }: Pick<DaemonSettings, 'shuntLifetime'>,
): PacketSettings => ({
  failureShunt: word === 'passthrough' ? 'passthrough' : 'drop',
  ...(shuntLifetime !== undefined && { shuntLifetime }),
});

function dataPlaneSettings(conn: ConnSettings, mistakes: Mistakes): DataPlaneSettings {
  const read = <T>(name: string, parse: (text: string) => T | BadValue): T | undefined => {
    const setting = conn.settings.get(name);
    const value = setting && parse(setting.text);
    if (!setting || !isBad(value)) return value as T | undefined;
    mistakes.error(setting.at, `${name}=: ${value.wrong}`, value.expected);
    return undefined;
  };
  const count = (name: string, most: number): number | undefined =>
    read(name, (text) => parseCount(text, 0, most)) || undefined;
  const word = (name: string): string | undefined => conn.settings.get(name)?.word;
  const [mark, markIn, markOut] = [
    read('mark', parseMark),
    read('mark-in', parseMark),
    read('mark-out', parseMark),
  ];
  const [reqid, priority, tfcPadding] = [
    count('reqid', mostReqid),
    count('priority', wholeMask),
    count('tfc', mostPadding),
  ];
  return {
    ...(mark && { mark }),
    ...(markIn && { markIn }),
    ...(markOut && { markOut }),
    ...(priority !== undefined && { priority }),
    ...(reqid !== undefined && { reqid }),
    ...(word('decap-dscp') === 'yes' && { decapDscp: true }),
    ...(word('encap-dscp') === 'no' && { encapDscp: false }),
    ...(word('nopmtudisc') === 'yes' && { noPmtuDiscovery: true }),
    ...(tfcPadding !== undefined && { tfcPadding }),
  };
}

const markForm = 'a value and a mask of 32 bits, such as 0x5/0xff';

/** `5`, `0x5/0xff`: a value, and the bits that count; all unless said. */
function parseMark(text: string): Mark | BadValue {
  if (/^(?:-1|%unique(?:-dir)?)(?:\/|$)/i.test(text))
    return { wrong: `${quoted(text)}: a mark of each SA's own is not supported`, expected: markForm };
  const [value, mask, ...rest] = text.split('/').map(parseBits);
  const isMark = value !== undefined && rest.length === 0 && (mask !== undefined || !text.includes('/'));
  if (isMark) return { value, mask: mask ?? wholeMask };
  return { wrong: `${quoted(text)} is no mark`, expected: markForm };
}

function parseBits(text: string): number | undefined {
  const value = /^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : Number.NaN;
  return value <= wholeMask ? value : undefined;
}

const isBad = (value: unknown): value is BadValue =>
  typeof value === 'object' && value !== null && 'wrong' in value;
