/** Engine events as lines for people. Hostile text is escaped; keys have no line. */
import type { EngineEvent, Failure, Path, SaName } from '../ike/actions.ts';
import { formatEndpoint } from './endpoint.ts';

export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Control characters, bidirectional marks and line separators as `\u{…}`: what a peer wrote stays on its line. */
export const escapeText = (text: string): string =>
  text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);

/** Per packet at trace, the steps of an exchange at debug, what came and went at info. */
export function eventLevel(event: EngineEvent): Level {
  switch (event.kind) {
    case 'message':
    case 'keys':
    case 'childKeys':
      return 'trace';
    case 'drop':
    case 'progress':
      return 'debug';
    case 'childFailed':
    case 'labelRefused':
    case 'ikeRekeyFailed':
    case 'ikeFailed':
    case 'ikeDeleted':
    case 'routeFailed':
      return asked.has(event.reason.code) ? 'info' : 'warn';
    case 'flow':
      return event.state === 'failed' ? 'warn' : event.state === 'negotiating' ? 'info' : 'debug';
    case 'bug':
      return 'error';
    default:
      return 'info';
  }
}

/** Ends that somebody asked for are no cause for alarm. */
const asked: ReadonlySet<Failure['code']> = new Set([
  'DELETED_BY_US',
  'DELETED_BY_PEER',
  'REPLACED',
  'POLICY_CHANGED',
  'SHUTDOWN',
]);

const proofNames = { psk: 'shared key', signature: 'signature', null: 'NULL', eap: 'EAP' } as const;

/**
 * `private`: with identities and addresses, which belong to debug and to the operator's own terminal. Keys have none. The
 * reason of a failure keeps those it would say nothing without: whose key is missing, who is unknown, what did not fit.
 */
export function eventText(event: EngineEvent, detail: 'private' | 'public'): string | undefined {
  const text = describe(event, detail === 'private');
  return text && escapeText(text);
}

/** Our own SPI's first half names the SA well enough to follow it through a log. */
export const saLabel = (sa: SaName): string =>
  `"${sa.connection ?? '?'}" #${(sa.role === 'initiator' ? sa.spiI : sa.spiR).slice(0, 8)}`;

/** `DELETED_BY_PEER: the peer deleted the IKE SA`; a notify's name stands at the head of its text already. */
export const failureText = ({ code, text }: Failure): string =>
  text.startsWith(`${code}:`) ? text : `${code}: ${text}`;

export const formatSpi = (spi: number): string => spi.toString(16).padStart(8, '0');

function describe(event: EngineEvent, full: boolean): string | undefined {
  switch (event.kind) {
    case 'drop': {
      const often = event.count > 1 ? ` (${event.count} times)` : '';
      const from = full ? ` from ${formatEndpoint(event.path.remote)}` : '';
      return `dropped a datagram${from}: ${event.reason}${event.detail && `: ${event.detail}`}${often}`;
    }
    case 'message': {
      const arrow = event.direction === 'out' ? '->' : '<-';
      const again = event.retransmission ? ' (retransmission)' : '';
      const where = full ? ` ${formatEndpoint(event.path.remote)}` : '';
      return `${saLabel(event.sa)}: ${arrow}${where} ${event.summary}${again}`;
    }
    case 'progress':
      return `${saLabel(event.sa)}: ${event.story}: ${event.detail}`;
    case 'keys':
    case 'childKeys':
      return undefined;
    case 'ikeEstablished': {
      const ends = full ? `, ${event.localId} to ${event.remoteId}, ${pathText(event.path)}` : '';
      const { local, remote } = event.proofs;
      const proofs =
        local === remote
          ? proofNames[local]
          : `we by ${proofNames[local]}, the peer by ${proofNames[remote]}`;
      return `${saLabel(event.sa)}: IKE SA established as ${event.sa.role}, ${event.suite}, ${proofs}${ends}`;
    }
    case 'childEstablished': {
      const { child, mode, suite, replaces } = event;
      const esp = event.encapsulated ? 'ESP in UDP' : 'ESP';
      const verb = replaces ? `rekeyed (was ${formatSpi(replaces.inboundSpi)})` : 'established';
      const spis = `SPI in ${formatSpi(child.inboundSpi)} out ${formatSpi(child.outboundSpi)}`;
      const label = event.label === undefined ? '' : ` label ${event.label}`;
      const selectors = full ? `, ${event.local} === ${event.remote}${label}` : '';
      return `${saLabel(event.sa)}: child "${child.child}" ${verb}, ${mode} mode, ${esp} ${suite}, ${spis}${selectors}`;
    }
    case 'configured': {
      const { addresses, prefixes, dns, domains } = event;
      const servers = dns.length > 0 ? `, name servers ${dns.join(' ')}` : '';
      const names = domains.length > 0 ? ` for ${domains.join(' ')}` : '';
      const told = full ? `: ${[...addresses, ...prefixes].join(' ') || 'no address'}${servers}${names}` : '';
      return `${saLabel(event.sa)}: the peer configured us${told}`;
    }
    case 'leased':
      return `${saLabel(event.sa)}: the peer was given ${full ? event.addresses.join(' ') : 'an internal address'}`;
    case 'childDeleted':
      return `${saLabel(event.sa)}: child "${event.child.child}" deleted: ${event.reason}`;
    case 'childFailed':
      return `${saLabel(event.sa)}: child "${event.child}" failed: ${failureText(event.reason)}`;
    case 'labelRefused':
      return `${event.sa ? saLabel(event.sa) : `"${event.connection}"`}: label refused: ${failureText(event.reason)}`;
    case 'ikeRekeyFailed':
      return `${saLabel(event.sa)}: IKE SA not rekeyed: ${failureText(event.reason)}`;
    case 'ikeRekeyed':
      return `${saLabel(event.sa)}: IKE SA rekeyed, now ${saLabel(event.by)} as ${event.by.role}`;
    case 'ikeDeleted':
      return `${saLabel(event.sa)}: IKE SA deleted: ${failureText(event.reason)}`;
    case 'ikeFailed':
      return `${saLabel(event.sa)}: IKE SA failed: ${failureText(event.reason)}`;
    case 'endpointChanged':
      return `${saLabel(event.sa)}: the peer moved${full ? ` to ${formatEndpoint(event.path.remote)}` : ''}`;
    case 'flow': {
      const often = event.count > 1 ? ` (${event.count} times)` : '';
      const packet = full ? ` ${event.local} to ${event.remote}` : '';
      const whose = event.connection === undefined ? '' : `"${event.connection}": child "${event.child}": `;
      return `${whose}on demand, a packet${packet}: ${event.state}: ${event.detail}${often}`;
    }
    case 'routeFailed':
      return `"${event.connection}": policy of "${event.child}": ${failureText(event.reason)}`;
    case 'bug':
      return `bug: ${event.message}`;
  }
}

const pathText = ({ local, remote }: Path): string => `${formatEndpoint(local)} - ${formatEndpoint(remote)}`;
