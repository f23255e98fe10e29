/** What the control socket's commands do. */
import type { EngineEvent } from '../ike/actions.ts';
import type { PadEntry } from '../policy/policy.ts';
import { contains } from '../policy/range.ts';
import { parseAddress } from '../wire/address.ts';
import { attempt, connectionOf } from './attempt.ts';
import { systemClock } from './clock.ts';
import type { ControlCall, ControlVerbs } from './control.ts';
import { ControlError, type ControlRequest } from './control-protocol.ts';
import type { Daemon } from './daemon.ts';
import { eventText } from './lines.ts';
import { echoesOf, type PingResult, pingChild } from './ping.ts';
import { renewable, renewal } from './renewal.ts';
import { route, unroute } from './routing.ts';
import { type ChildSaStatus, childrenOf, type IkeSaStatus, isUp, sasOf } from './status.ts';

export function makeVerbs(daemon: Daemon): ControlVerbs {
  return async (request, call) => {
    switch (request.command) {
      case 'status':
        return daemon.status();
      case 'reload':
        return daemon.reload();
      case 'add':
        return daemon.add(request.name);
      case 'delete':
        return daemon.delete(request.name);
      case 'route':
        return route(daemon, request.name);
      case 'unroute':
        return unroute(daemon, request.name);
      case 'up':
        return up(daemon, request, call);
      case 'down':
        return request.child === undefined
          ? down(daemon, request.name, call)
          : downChild(daemon, request.name, request.child, call);
      case 'rekey':
        return rekey(daemon, request, call);
      case 'ping':
        return ping(daemon, request, call);
      case 'watch':
        return watch(daemon, call);
      case 'stop':
        return stop(daemon);
    }
  };
}

async function up(
  daemon: Daemon,
  { name, peer }: Extract<ControlRequest, { command: 'up' }>,
  call: ControlCall,
): Promise<{ already: boolean }> {
  const entry = daemon.connections.find(name);
  mustBePeer(entry, peer);
  daemon.supervisor.hold(name, false);
  const ikeSas = daemon.shell.ikeSas.filter(({ path }) => !peer || path.remote.address === peer);
  if (isUp(entry, ikeSas)) return { already: true };
  await attempt(
    entry,
    ikeSas,
    daemon.shell.subscribe,
    () => daemon.up(name, peer),
    (event) => tell(call, event),
    call.signal,
    systemClock,
  );
  return { already: false };
}

/** Throws ControlError BAD_REQUEST unless the connection has one peer, or `peer` is one of those it is for. */
function mustBePeer({ name, remote }: PadEntry, peer: string | undefined): void {
  if (remote.address === undefined && peer === undefined) {
    const text = `"${name}" is for peers of any address: ikev2 up ${name} --peer ADDRESS, or wait for one`;
    throw new ControlError('BAD_REQUEST', text);
  }
  if (peer === undefined || remote.address === peer) return;
  if (remote.address !== undefined)
    throw new ControlError('BAD_REQUEST', `"${name}" is for ${remote.address}, not for ${peer}`);
  const address = parseAddress(peer);
  if (remote.range && !(address && contains(remote.range, { start: address, end: address })))
    throw new ControlError('BAD_REQUEST', `"${name}" is not for ${peer}`);
}

/** Done when none of the connection's IKE SAs is left, but for what another connection's children need. */
async function down(daemon: Daemon, name: string, call: ControlCall): Promise<{ deleted: number }> {
  daemon.connections.find(name);
  daemon.supervisor.hold(name, true);
  const left = (): number => leftOf(name, daemon.shell.ikeSas);
  const deleted = left();
  await new Promise<void>((resolve) => {
    const unsubscribe = daemon.shell.subscribe((event) => {
      if (connectionOf(event) !== name) return;
      tell(call, event);
      done();
    });
    const done = (): void => {
      if (left() > 0) return;
      unsubscribe();
      resolve();
    };
    call.signal.addEventListener('abort', unsubscribe);
    daemon.shell.command({ kind: 'down', name });
    done();
  });
  return { deleted };
}

/** IKE SAs that carry children of the connection, or nobody's else. */
const leftOf = (name: string, ikeSas: readonly IkeSaStatus[]): number =>
  sasOf(name, ikeSas).filter(({ children, spiI }) => {
    const all = ikeSas.find((sa) => sa.spiI === spiI)?.children ?? [];
    return children.length > 0 || all.length === 0;
  }).length;

/** Done when the child is gone; `deleted` counts it with what it was rekeyed from. */
async function downChild(
  daemon: Daemon,
  name: string,
  child: string,
  call: ControlCall,
): Promise<{ deleted: number }> {
  const known = childrenOf(daemon.connections.find(name));
  if (!known.includes(child))
    throw new ControlError(
      'BAD_REQUEST',
      `"${name}" has no child "${child}", but ${known.join(', ') || 'none'}`,
    );
  daemon.supervisor.holdChild(name, child);
  const own = (): ChildSaStatus[] =>
    daemon.shell.ikeSas
      .flatMap(({ children }) => children)
      .filter((each) => each.connection === name && each.child === child);
  const asked = new Set<number>();
  await new Promise<void>((resolve) => {
    const proceed = (): void => {
      const left = own();
      for (const { inboundSpi: spi } of left) {
        if (asked.has(spi)) continue;
        asked.add(spi);
        daemon.shell.command({ kind: 'deleteChild', spi });
      }
      if (own().length > 0) return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = daemon.shell.subscribe((event) => {
      if (connectionOf(event) !== name) return;
      tell(call, event);
      proceed();
    });
    call.signal.addEventListener('abort', unsubscribe);
    proceed();
  });
  return { deleted: asked.size };
}

/** The children unless said; a connection without any rekeys its IKE SA. */
async function rekey(
  daemon: Daemon,
  { name, what }: Extract<ControlRequest, { command: 'rekey' }>,
  call: ControlCall,
): Promise<{ what: 'children' | 'ike'; rekeyed: number }> {
  const { children } = daemon.connections.find(name);
  const kind = what ?? (children.length === 0 ? 'ike' : 'children');
  const own = sasOf(name, daemon.shell.ikeSas);
  const awaited = renewable(kind, own);
  if (awaited.length === 0)
    throw new ControlError('NOT_ESTABLISHED', `"${name}" has nothing to rekey: ikev2 up ${name}`);
  await renewal(
    name,
    awaited,
    daemon.shell.subscribe,
    () => daemon.shell.command({ kind: 'rekey', name, what: kind }),
    (event) => tell(call, event),
    call.signal,
  );
  return { what: kind, rekeyed: awaited.length };
}

async function ping(
  daemon: Daemon,
  { name, address, count = 4 }: Extract<ControlRequest, { command: 'ping' }>,
  call: ControlCall,
): Promise<PingResult> {
  const { kernel, ikeSas } = daemon.shell;
  daemon.connections.find(name);
  const send = echoesOf(kernel);
  const child = ikeSas.flatMap(({ children }) => children).findLast(({ connection }) => connection === name);
  if (child === undefined) throw new ControlError('NOT_ESTABLISHED', `"${name}" is not up: ikev2 up ${name}`);
  return pingChild(send, child, address, count, (text, echo) => call.line(text, { echo }), call.signal);
}

/** Until the client goes away. */
function watch(daemon: Daemon, call: ControlCall): Promise<void> {
  const unsubscribe = daemon.shell.subscribe((event) => tell(call, event));
  return new Promise((resolve) => {
    call.signal.addEventListener('abort', () => {
      unsubscribe();
      resolve();
    });
  });
}

/** Answers first; the control socket closes when all is done. */
async function stop(daemon: Daemon): Promise<void> {
  setImmediate(() => void daemon.stop());
}

function tell(call: ControlCall, event: EngineEvent): void {
  const text = eventText(event, 'private');
  if (text !== undefined) call.line(text, { event });
}
