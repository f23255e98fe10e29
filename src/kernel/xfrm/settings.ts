/** What a connection's settings mean for its SAs and policies. */
import type { DataPlaneSettings, Mark } from '../../policy/policy.ts';
import type { PolicyCommand, SaCommand } from '../port.ts';
import type { SaOptions } from './commands.ts';
import { ExtraFlag, StateFlag } from './numbers.ts';
import type { PolicyOptions } from './policies.ts';

/** The kernel's reqid of a command: the settings' in place of the engine's. */
export const reqidOf = ({ reqid, settings }: PolicyCommand | SaCommand): number => settings?.reqid ?? reqid;

/** `tellDirection`: whether the kernel knows XFRMA_SA_DIR. It refuses flags that mean nothing in the direction it is told. */
export function saOptions(sa: SaCommand, tellDirection: boolean): SaOptions {
  const { settings = {}, direction } = sa;
  const out = direction === 'out';
  const { outputMark, ifId, tfcPadding } = settings;
  const mark = markOf(settings, out);
  const flags = [
    ...(settings.decapDscp && !out ? [StateFlag.DECAP_DSCP] : []),
    ...(settings.noPmtuDiscovery && out ? [StateFlag.NOPMTUDISC] : []),
  ];
  return {
    tellDirection,
    ...(flags.length > 0 && { flags: flags.reduce((all, flag) => all | flag, 0) }),
    ...(settings.encapDscp === false && out && { extraFlags: ExtraFlag.DONT_ENCAP_DSCP }),
    ...(mark && { mark }),
    ...(outputMark && { outputMark }),
    ...(ifId !== undefined && { ifId }),
    ...(tfcPadding !== undefined && out && { tfcPadding }),
    ...(sa.acquire !== undefined && out && { acquire: sa.acquire }),
  };
}

export function policyOptions({ settings = {}, direction }: PolicyCommand): PolicyOptions {
  const { priority, ifId } = settings;
  const mark = markOf(settings, direction === 'out');
  return {
    ...(priority !== undefined && { priority }),
    ...(mark && { mark }),
    ...(ifId !== undefined && { ifId }),
  };
}

const markOf = ({ mark, markIn, markOut }: DataPlaneSettings, out: boolean): Mark | undefined =>
  (out ? markOut : markIn) ?? mark;
