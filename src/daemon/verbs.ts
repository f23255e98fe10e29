/** What the control socket's commands do. */
import type { EngineEvent } from '../ike/actions.ts';
import { UserspaceKernel } from '../kernel/userspace.ts';
import { attempt, connectionOf } from './attempt.ts';
import { systemClock } from './clock.ts';
import type { ControlCall, ControlVerbs } from './control.ts';
import { ControlError, type ControlRequest } from './control-protocol.ts';
import type { Daemon } from './daemon.ts';
import { eventText } from './lines.ts';
import { type PingResult, pingChild } from './ping.ts';
import { renewable, renewal } from './renewal.ts';
import { type ChildSaStatus, childrenOf, isUp } from './status.ts';

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
      case 'up':
        return up(daemon, request.name, call);
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

async function up(daemon: Daemon, name: string, call: ControlCall): Promise<{ already: boolean }> {
  const entry = daemon.connections.find(name);
  if (entry.remote.address === undefined) {
    throw new ControlError('BAD_REQUEST', `"${name}" can only wait for its peer, which may have any address`);
  }
  daemon.supervisor.hold(name, false);
  if (isUp(entry, daemon.shell.ikeSas)) return { already: true };
  await attempt(
    entry,
    daemon.shell.ikeSas,
    daemon.shell.subscribe,
    () => daemon.up(name),
    (event) => tell(call, event),
    call.signal,
    systemClock,
  );
  return { already: false };
}

/** Done when none of the connection's IKE SAs is left. */
async function down(daemon: Daemon, name: string, call: ControlCall): Promise<{ deleted: number }> {
  daemon.connections.find(name);
  daemon.supervisor.hold(name, true);
  const left = (): number => daemon.shell.ikeSas.filter(({ connection }) => connection === name).length;
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
  const own = daemon.shell.ikeSas.filter(({ connection }) => connection === name);
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
  if (!(kernel instanceof UserspaceKernel)) {
    throw new ControlError(
      'NOT_SUPPORTED',
      `the ${kernel.name} data plane carries no packets: start the daemon with --kernel userspace`,
    );
  }
  const child = ikeSas.flatMap(({ children }) => children).findLast(({ connection }) => connection === name);
  if (child === undefined) throw new ControlError('NOT_ESTABLISHED', `"${name}" is not up: ikev2 up ${name}`);
  const target = { reqid: child.reqid, ...(address !== undefined && { to: address }) };
  return pingChild(kernel, target, count, (text, echo) => call.line(text, { echo }), call.signal);
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
