/** What a recorded session makes of our engine in the place of one end: its policy, its draws, its key exchange. */
import { readFileSync } from 'node:fs';
import { type Crypto, Secret } from '../../src/crypto/index.ts';
import type { Path, Role } from '../../src/ike/actions.ts';
import type { Identity } from '../../src/policy/identity.ts';
import { labelFrom } from '../../src/policy/label.ts';
import type { PadEntry, Policy } from '../../src/policy/policy.ts';
import { parseEspProposals } from '../../src/policy/proposal-text.ts';
import { parseCidr } from '../../src/policy/range.ts';
import { connection } from '../../src/testing/connection.ts';
import { ExchangeType, find, fromHex, type Payload, parseAddress } from '../../src/wire/index.ts';
import { vectorPath } from '../wire/vectors.ts';
import { contents, type RecordedMessage, type Session } from './recorded.ts';
import { type Agreed, agreeing, drawing, Stage, type StageOptions } from './stage.ts';
import { peerOf } from './suites.ts';

const responseFlag = 0x20;
const initiatorFlag = 0x08;

export const isResponse = ({ flags }: { readonly flags: number }): boolean => (flags & responseFlag) !== 0;

export const senderOf = ({ flags }: { readonly flags: number }): Role =>
  (flags & initiatorFlag) !== 0 ? 'initiator' : 'responder';

/** The stage with our engine in the role, set up as the session's end in that role was. */
export function stageOf(
  session: Session,
  role: Role,
  policy: Policy,
  crypto: Crypto,
  more: Partial<StageOptions> = {},
): Stage {
  const own = ofSender(session, role);
  const spis = own.flatMap(({ payloads }) => {
    const spi = find(payloads, 'sa')?.proposals[0]?.spi;
    return spi?.length === 4 ? [spi] : [];
  });
  const nonce = role === 'initiator' ? session.ni : session.nr;
  const later = own
    .filter(({ message }) => message.exchange === ExchangeType.CREATE_CHILD_SA)
    .flatMap(({ payloads }) => find(payloads, 'nonce')?.data ?? []);
  return new Stage({
    policy,
    ...more,
    crypto: agreeing(crypto, agreements(session, role)),
    random: drawing([...ikeSpis(session, role), nonce, ...later, ...spis]),
  });
}

export const ofSender = (session: Session, role: Role) =>
  contents(session).filter(({ message }) => senderOf(message) === role);

/** An initiator's, or the responder's after one for each request it refused: a refused one's is not on the wire. */
function ikeSpis({ messages }: Session, role: Role): Uint8Array[] {
  const responses = messages.filter((each) => each.exchange === ExchangeType.IKE_SA_INIT && isResponse(each));
  const last = fromHex(responses.at(-1)?.hex ?? '');
  if (role === 'initiator') return [last.slice(0, 8)];
  return [...responses.slice(1).map((_, i) => new Uint8Array(8).fill(0xe0 + i)), last.slice(8, 16)];
}

function agreements(session: Session, role: Role): Agreed[] {
  const peer = lastValue(session, peerOf(role));
  const shared = session.keySets[0]?.g_ir;
  const children = session.children.flatMap(({ dhSecret }) => (dhSecret === null ? [] : [fromHex(dhSecret)]));
  const forChildren = (of: Role) =>
    ofSender(session, of)
      .filter(({ message }) => message.exchange === ExchangeType.CREATE_CHILD_SA)
      .flatMap(({ payloads }) => find(payloads, 'ke') ?? []);
  const peers = forChildren(peerOf(role));
  const later = forChildren(role).map(({ group, data }, at) => {
    const [theirs, secret] = [peers[at], children[at]];
    return {
      group,
      value: data,
      ...(theirs && secret && { outcome: { peer: theirs.data, shared: secret } }),
    };
  });
  const opening = ofSender(session, role).flatMap(({ message, payloads }) => {
    const ke = message.exchange === ExchangeType.IKE_SA_INIT ? find(payloads, 'ke') : undefined;
    if (ke === undefined) return [];
    const fits = peer?.group === ke.group && shared !== undefined;
    const outcome = fits ? { peer: peer.data, shared: fromHex(shared) } : undefined;
    return [{ group: ke.group, value: ke.data, ...(outcome && { outcome }) }];
  });
  return [...opening, ...later];
}

const lastValue = (session: Session, role: Role) =>
  ofSender(session, role)
    .filter(({ message }) => message.exchange === ExchangeType.IKE_SA_INIT)
    .flatMap(({ payloads }) => find(payloads, 'ke') ?? [])
    .at(-1);

/** What the peer said last of all it said in IKE_SA_INIT and IKE_AUTH. */
export function verdictOf(session: Session): readonly Payload[] {
  const exchanges: readonly number[] = [ExchangeType.IKE_SA_INIT, ExchangeType.IKE_AUTH];
  const answers = ofSender(session, 'responder').filter(({ message }) =>
    exchanges.includes(message.exchange),
  );
  return answers.at(-1)?.payloads ?? [];
}

/** Whence and whereto the recording has a message; the receiver's view. */
export function pathOf({ src = '', dst = '' }: RecordedMessage & { src?: string; dst?: string }): Path {
  const [remote, local] = [endpoint(src), endpoint(dst)];
  return { socket: local.port === 4500 ? 'nat' : 'ike', local, remote };
}

function endpoint(text: string): Path['local'] {
  const [address = '', port = ''] = text.split(':');
  return { address, port: Number(port) };
}

/** Names of swanctl.conf. */
export type Settings = Partial<
  Record<'proposals' | 'esp_proposals' | 'local_ts' | 'remote_ts' | 'childless', string>
>;

/** The policy of one end of a strongSwan session, by its own configuration but for what `changed` says. */
export function policyOf({ folder }: Session, role: Role, changed: Settings = {}): Policy {
  const text = readFileSync(vectorPath(`${folder}/${role}.swanctl.conf`), 'utf8');
  const all = (name: string) => [...text.matchAll(new RegExp(`(?:^|[\\s{])${name}="?([^\\s"]+)`, 'gm'))];
  const setting = (name: string, at = 0): string => all(name)[at]?.[1] ?? '';
  const changing = (name: keyof Settings): string => changed[name] ?? setting(name);
  const proposals = parseEspProposals(changing('esp_proposals'), { esn: [false] });
  const label = setting('label');
  return connection({
    name: 't',
    address: setting('local_addrs'),
    identity: `@${setting('id')}`,
    psk: setting('secret'),
    ike: changing('proposals'),
    subnet: changing('local_ts'),
    child: {
      proposals,
      pfs: proposals.some(({ ke }) => ke.length > 0),
      ...(label !== '' && { label: labelFrom(label) }),
    },
    childless: role === 'initiator' && setting('childless') === 'force',
    entry: configurationOf(setting),
    peer: {
      address: setting('remote_addrs'),
      identity: `@${setting('id', 1)}`,
      subnet: changing('remote_ts'),
    },
  });
}

/** `vips` makes a client, `pools` a gateway; charon leaves out the address of the network itself. */
function configurationOf(setting: (name: string) => string): Pick<PadEntry, 'configuration'> {
  if (setting('vips') !== '') return { configuration: { role: 'client', families: ['ipv4'], dns: true } };
  const pool = parseCidr(setting('addrs'));
  const dns = parseAddress(setting('dns'));
  if (pool === undefined || dns === undefined) return {};
  const start = pool.start.with(pool.start.length - 1, 1);
  const [pools, domains] = [[{ ...pool, start }], []];
  return {
    configuration: { role: 'server', pools, required: true, keepLeases: true, dns: [dns], domains },
  };
}

export const pskOf = ({ preSharedKeys }: Policy): Secret =>
  preSharedKeys[0]?.secret ?? new Secret(new Uint8Array());
export const identityOf = ({ pad }: Policy): Identity =>
  pad[0]?.local.identity ?? { type: 0, data: new Uint8Array() };
