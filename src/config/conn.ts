/** A conn as policy: one PAD entry with its children, or shunts. */
import type { Crypto } from '../crypto/provider.ts';
import { hasWildcard } from '../pki/index.ts';
import { type Identity, identityOfDn } from '../policy/identity.ts';
import type { PadEntry, ShuntEntry } from '../policy/policy.ts';
import type { EspProposal, IkeProposal } from '../policy/proposal.ts';
import {
  defaultEspProposals,
  defaultIkeProposals,
  parseEspProposals,
  parseIkeProposals,
} from '../policy/proposal-text.ts';
import { formatAddress } from '../wire/address.ts';
import { IdType } from '../wire/numbers.ts';
import { authentication, type BothAuth } from './auth.ts';
import { children } from './children.ts';
import type { Credentials } from './credentials.ts';
import { packetSettings } from './data-plane.ts';
import { type EndIdentity, endIdentity } from './end-identity.ts';
import { type HostFacts, type Oriented, orient, placeOf } from './host.ts';
import { checkAddresses, policyLabels } from './label.ts';
import { type Lifetimes, lifetimes } from './lifetime.ts';
import { liveness } from './liveness.ts';
import type { End } from './lookup.ts';
import { type Mistakes, type Place, printable, quoted } from './mistake.ts';
import { type Modecfg, modecfg } from './modecfg.ts';
import { ownProof } from './own-credential.ts';
import { peerKeys } from './peer-keys.ts';
import { type ConnSettings, type Setting, wordOf } from './settings.ts';
import type { DaemonSettings } from './setup.ts';
import { bothTraffic } from './traffic.ts';
import { sourceAddress, updown } from './updown.ts';

/** A conn that was understood. */
export interface ResolvedConnection {
  readonly name: string;
  readonly at: Place;
  /** Which end is this host. */
  readonly ours: End;
  /** Absent for `type=passthrough`, `drop` and `reject`. */
  readonly pad: PadEntry | undefined;
  /** What bypasses or discards, without a peer. */
  readonly shunts: readonly ShuntEntry[];
  /** All parameters in force, those of `also=` and `%default` included. */
  readonly parameters: readonly Setting[];
}

export interface ConnContext {
  readonly facts: HostFacts;
  readonly crypto: Crypto;
  readonly credentials: Credentials;
  readonly setup: DaemonSettings;
  readonly mistakes: Mistakes;
}

/** The conn as policy; a host name it waits for; or undefined when a mistake was reported. */
export function resolveConn(
  conn: ConnSettings,
  cx: ConnContext,
): ResolvedConnection | { waitingFor: string } | undefined {
  const { facts, setup, mistakes } = cx;
  const type = conn.settings.get('type')?.word ?? 'tunnel';
  const ends = orient(conn, facts, setup.localAddresses, mistakes);
  const shunt = type !== 'tunnel' && type !== 'transport';
  const auth = authentication(conn, shunt, mistakes);
  const proposals = shunt ? { ike: [], esp: [] } : readProposals(conn, cx);
  const traffic = bothTraffic(conn, mistakes);
  const lives = lifetimes(conn, mistakes);
  const labels = policyLabels(conn, facts, mistakes);
  if (ends === undefined || 'waitingFor' in ends) {
    // What does not depend on addresses is checked all the same.
    for (const end of ['left', 'right'] as const) {
      if (!shunt) endIdentity(conn, end, undefined, facts, mistakes);
    }
    return ends;
  }
  const given: Modecfg | undefined =
    shunt || !traffic ? traffic && { traffic } : modecfg(conn, ends, traffic, mistakes);
  const esp = proposals?.esp ?? [];
  const bare =
    given && labels && children(conn, ends, given.traffic, esp, lives.child, labels, facts, mistakes);
  const packets = packetSettings(conn, setup, mistakes);
  const spd = bare?.map((each) => ({ ...each, ...packets }));
  const base = { name: conn.name, at: conn.at, ours: ends.ours, parameters: [...conn.settings.values()] };
  const unheard = shunt && conn.settings.get(`${ends.ours}updown`);
  if (unheard) mistakes.note(unheard.at, `${unheard.name}= is not run for type=${type}, which has no SAs`);
  if (shunt) {
    const shunts = spd?.map((each) => ({
      ...each,
      connection: conn.name,
      start: shuntStart(conn, type, mistakes),
    }));
    return shunts && { ...base, pad: undefined, shunts };
  }
  const pad = auth && padEntry(conn, ends, auth, lives, cx);
  if (pad === undefined || 'waitingFor' in pad) return pad;
  if (given === undefined || spd === undefined || proposals === undefined) return undefined;
  const { configuration } = given;
  if (configuration && spd.some(({ template }) => template)) checkAddresses(conn, configuration, mistakes);
  const source = sourceAddress(conn, ends.ours, mistakes);
  const command = updown(conn, ends.ours, mistakes);
  const all = {
    ...pad,
    ike: proposals.ike,
    children: spd,
    ...(configuration && { configuration }),
    ...(source !== undefined && { sourceAddress: source }),
    ...(command && { updown: command }),
  };
  return { ...base, shunts: [], pad: all };
}

/** What has no peer has nobody to wait for. */
function shuntStart(conn: ConnSettings, type: string, mistakes: Mistakes): ShuntEntry['start'] {
  const said = wordOf<ShuntEntry['start']>(conn.settings, 'auto', 'ignore');
  if (said === 'add' || said === 'keep')
    mistakes.note(
      placeOf(conn, 'type'),
      `type=${type} holds once it is routed`,
      `auto=ondemand, or ikev2 route ${conn.name}`,
    );
  return said;
}

type Skeleton = Omit<PadEntry, 'ike' | 'children'>;

function padEntry(
  conn: ConnSettings,
  ends: Oriented,
  auth: BothAuth,
  lives: Lifetimes,
  { facts, setup, credentials, mistakes }: ConnContext,
): Skeleton | { waitingFor: string } | undefined {
  const { settings } = conn;
  const { ours, theirs, local, remote } = ends;
  const identity = (end: End, address: Uint8Array | undefined): EndIdentity | undefined =>
    endIdentity(conn, end, address, facts, mistakes, subject(conn, end, credentials));
  const localId = identity(ours, local);
  const remoteId = identity(theirs, remote);
  const own = ownProof(conn, ours, auth[ours], auth[theirs], credentials, facts.unixTime);
  const peer = peerKeys(conn, theirs, ours, auth, credentials);
  if (own === undefined || peer === undefined) return undefined;
  const username = settings.get(`${ours}username`)?.text;
  if (localId === undefined || remoteId === undefined) return undefined;
  if ('waitingFor' in localId) return localId;
  if ('waitingFor' in remoteId) return remoteId;
  if (localId.identity === undefined) {
    const text = conn.settings.get(`${ours}id`)?.text ?? '%any';
    const why =
      text.toLowerCase() === '%fromcert'
        ? `${ours}id=%fromcert without ${ours}cert= or ${ours}ckaid= of a certificate`
        : `our own ${ours}id= cannot be ${text}`;
    mistakes.error(placeOf(conn, `${ours}id`), why, 'an identity');
    return undefined;
  }
  if (localId.identity.type === IdType.DER_ASN1_DN && hasWildcard(localId.identity.data)) {
    mistakes.error(placeOf(conn, `${ours}id`), `our own ${ours}id= cannot have a value *`, 'one name');
    return undefined;
  }
  return {
    name: conn.name,
    local: {
      address: formatAddress(local),
      port: port(conn, ours),
      identity: localId.identity,
      auth: own.auth,
      ...(own.credential && { credential: own.credential }),
      ...(username !== undefined && { username }),
    },
    remote: {
      address: remote && formatAddress(remote),
      port: port(conn, theirs),
      identity: remoteId.identity,
      auth: auth[theirs],
      ...(peer.keys && { keys: peer.keys }),
    },
    start: start(conn, remote !== undefined, mistakes),
    encapsulation: wordOf(settings, 'encapsulation', 'auto'),
    fragmentation: wordOf(settings, 'fragmentation', 'yes'),
    ...liveness(conn, remote !== undefined, mistakes),
    lifetime: lives.ike,
    natKeepalive: wordOf<'yes' | 'no'>(settings, 'nat-keepalive', 'yes') === 'yes' ? setup.natKeepalive : 0,
    unique: setup.uniqueIds,
    initialContact: wordOf<'yes' | 'no'>(settings, 'initial-contact', 'yes') === 'yes',
    vendorIds:
      wordOf<'yes' | 'no'>(settings, 'send-vendorid', 'no') === 'yes'
        ? [new TextEncoder().encode(setup.vendorId)]
        : [],
  };
}

/** What %fromcert stands for. What is wrong with the certificate is said elsewhere. */
function subject(conn: ConnSettings, end: End, credentials: Credentials): Identity | undefined {
  if (conn.settings.get(`${end}id`)?.text.toLowerCase() !== '%fromcert') return undefined;
  const certificate = credentials.certificate(conn, end);
  return certificate === undefined || certificate === 'failed'
    ? undefined
    : identityOfDn(certificate.subject);
}

function start(conn: ConnSettings, peerKnown: boolean, mistakes: Mistakes): PadEntry['start'] {
  const said = wordOf<PadEntry['start']>(conn.settings, 'auto', 'ignore');
  if (peerKnown || (said !== 'start' && said !== 'ondemand')) return said;
  mistakes.warning(
    placeOf(conn, 'auto'),
    `auto=${said} with a peer of any address: this host can only wait for it, as with auto=add`,
  );
  return 'add';
}

function port(conn: ConnSettings, end: End): number {
  return Number(conn.settings.get(`${end}ikeport`)?.text ?? 500);
}

/** `ike=`, `esp=` and `esn=`. */
function readProposals(
  conn: ConnSettings,
  { crypto, mistakes }: ConnContext,
): { ike: IkeProposal[]; esp: EspProposal[] } | undefined {
  const esn = extendedNumbers(conn, mistakes);
  const ike = conn.settings.get('ike');
  const esp = conn.settings.get('esp');
  const read = <T>(
    setting: Setting | undefined,
    parse: (text: string) => T,
    otherwise: () => T,
  ): T | undefined => {
    try {
      return setting === undefined ? otherwise() : parse(setting.text);
    } catch (error) {
      reportProposal(setting, error, mistakes);
      return undefined;
    }
  };
  const readIke = read(
    ike,
    (text) => parseIkeProposals(text, { crypto }),
    () => defaultIkeProposals(crypto),
  );
  const readEsp = read(
    esp,
    (text) => parseEspProposals(text, { crypto, esn }),
    () => defaultEspProposals(crypto).map((proposal) => ({ ...proposal, esn })),
  );
  return readIke && readEsp && { ike: readIke, esp: readEsp };
}

function reportProposal(setting: Setting | undefined, error: unknown, mistakes: Mistakes): void {
  if (setting === undefined || !(error instanceof Error)) throw error;
  const at = 'at' in error && typeof error.at === 'number' ? error.at : 0;
  const place = { ...setting.at, column: setting.at.column + at };
  mistakes.error(place, `${setting.name}=${quoted(setting.text)}: ${printable(error.message)}`);
}

/** ESN by preference; a replay window of 0 allows none (RFC 4303 §3.3.3). */
function extendedNumbers(conn: ConnSettings, mistakes: Mistakes): boolean[] {
  const said = conn.settings.get('esn');
  if (Number(conn.settings.get('replay-window')?.text ?? 128) === 0) {
    if (said?.word === 'yes')
      mistakes.error(said.at, 'esn=yes needs a replay window', 'replay-window= above 0, or esn=no');
    return [false];
  }
  return said?.word === 'yes' ? [true] : said?.word === 'no' ? [false] : [true, false];
}
