/** Engine events as lines for people. Hostile text is escaped; keys have no line. */
import type { EngineEvent, Failure, Path, SaName } from '../ike/actions.ts';
import { formatEndpoint } from './udp.ts';

export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

export interface EventLine {
  readonly level: Level;
  readonly text: string;
}

/** Control characters, bidirectional marks and line separators as `\u{…}`: what a peer wrote stays on its line. */
export const escapeText = (text: string): string =>
  text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);

/** `private`: with identities and addresses, which belong to debug and to the operator's own terminal. */
export function eventLine(event: EngineEvent, detail: 'private' | 'public'): EventLine | undefined {
  const line = describe(event, detail === 'private');
  return line && { level: line[0], text: escapeText(line[1]) };
}

/** Our own SPI's first half names the SA well enough to follow it through a log. */
export const saLabel = (sa: SaName): string =>
  `"${sa.connection ?? '?'}" #${(sa.role === 'initiator' ? sa.spiI : sa.spiR).slice(0, 8)}`;

/** `DELETED_BY_PEER: the peer deleted the IKE SA`. */
export const failureText = ({ code, text }: Failure): string => `${code}: ${text}`;

export const formatSpi = (spi: number): string => spi.toString(16).padStart(8, '0');

function describe(event: EngineEvent, full: boolean): [Level, string] | undefined {
  switch (event.kind) {
    case 'drop': {
      const often = event.count > 1 ? ` (${event.count} times)` : '';
      const from = full ? ` from ${formatEndpoint(event.path.remote)}` : '';
      return ['debug', `dropped a datagram${from}: ${event.reason}: ${event.detail}${often}`];
    }
    case 'message': {
      const arrow = event.direction === 'out' ? '->' : '<-';
      const again = event.retransmission ? ' (retransmission)' : '';
      const where = full ? ` ${formatEndpoint(event.path.remote)}` : '';
      return ['trace', `${saLabel(event.sa)}: ${arrow}${where} ${event.summary}${again}`];
    }
    case 'progress':
      return ['debug', `${saLabel(event.sa)}: ${event.story}: ${event.detail}`];
    case 'keys':
    case 'childKeys':
      return undefined;
    case 'ikeEstablished': {
      const ends = full
        ? `, ${event.localId} at ${event.local} to ${event.remoteId} at ${event.remote}, ${pathText(event.path)}`
        : '';
      return ['info', `${saLabel(event.sa)}: IKE SA established as ${event.sa.role}, ${event.suite}${ends}`];
    }
    case 'childEstablished': {
      const { child, mode, suite } = event;
      const spis = `SPIs in ${formatSpi(child.inboundSpi)} out ${formatSpi(child.outboundSpi)}`;
      const encapsulated = event.encapsulated ? ' in UDP' : '';
      const selectors = full ? `, ${event.local} === ${event.remote}` : '';
      return [
        'info',
        `${saLabel(event.sa)}: child "${child.child}" established, ${mode} mode, ESP${encapsulated} ${suite}, ${spis}${selectors}`,
      ];
    }
    case 'childDeleted':
      return ['info', `${saLabel(event.sa)}: child "${event.child.child}" deleted: ${event.reason}`];
    case 'childFailed':
      return ['warn', `${saLabel(event.sa)}: child "${event.child}" failed: ${failureText(event.reason)}`];
    case 'ikeDeleted':
      return [
        deletedLevel(event.reason),
        `${saLabel(event.sa)}: IKE SA deleted: ${failureText(event.reason)}`,
      ];
    case 'ikeFailed':
      return ['warn', `${saLabel(event.sa)}: IKE SA failed: ${failureText(event.reason)}`];
    case 'endpointChanged':
      return ['info', `${saLabel(event.sa)}: the peer moved${full ? ` to ${pathText(event.path)}` : ''}`];
    case 'bug':
      return ['error', `bug: ${event.message}`];
  }
}

/** Ends that somebody asked for are no cause for alarm. */
const deletedLevel = ({ code }: Failure): Level =>
  ['DELETED_BY_US', 'DELETED_BY_PEER', 'REPLACED', 'POLICY_CHANGED', 'SHUTDOWN'].includes(code)
    ? 'info'
    : 'warn';

const pathText = ({ local, remote }: Path): string => `${formatEndpoint(local)} - ${formatEndpoint(remote)}`;
