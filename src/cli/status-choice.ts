/** The part of a daemon's status that is about one connection. */
import { type DaemonStatus, sasOf } from '../daemon/status.ts';
import { CommandError } from './failure.ts';

/** All of it without a name. Throws CommandError for one that nobody knows. */
export function ofConnection(status: DaemonStatus, name: string | undefined): DaemonStatus {
  if (name === undefined) return status;
  const isOf = ({ connection }: { readonly connection?: string | undefined }): boolean => connection === name;
  const connections = status.connections.filter((each) => each.name === name);
  if (!status.loaded.includes(name)) throw new CommandError(`there is no connection "${name}" loaded`);
  return {
    ...status,
    connections,
    ikeSas: sasOf(name, status.ikeSas),
    routes: status.routes.filter(isOf),
    shunts: status.shunts.filter(isOf),
  };
}

/** Whether a connection is for peers of any address. */
export const isForAny = (name: string | undefined, { connections }: DaemonStatus): boolean =>
  connections.some((each) => each.name === name && each.remote === null);
