/** The verbs `route` and `unroute`: whether packets of a connection's traffic ask for its children, or bypass, or are discarded. */
import { ControlError } from './control-protocol.ts';
import type { Daemon } from './daemon.ts';

function isRouted({ shell }: Daemon, name: string): boolean {
  const { routes, shunts } = shell.status;
  const stands = shunts.filter(({ why }) => why === 'policy');
  return [...routes, ...stands].some(({ connection }) => connection === name);
}

/** Throws ControlError BAD_REQUEST when there is nobody to initiate to. */
export function route(daemon: Daemon, name: string): { already: boolean } {
  daemon.connections.mustBe(name);
  if (!daemon.connections.isShunt(name) && daemon.connections.find(name).remote.address === undefined)
    throw new ControlError('BAD_REQUEST', `"${name}" is for peers of any address: it can only wait for them`);
  const already = isRouted(daemon, name);
  daemon.shell.command({ kind: 'route', name });
  daemon.updown.synchronize();
  return { already };
}

export function unroute(daemon: Daemon, name: string): { was: boolean } {
  daemon.connections.mustBe(name);
  const was = isRouted(daemon, name);
  daemon.shell.command({ kind: 'unroute', name });
  daemon.updown.unroute(name);
  return { was };
}
