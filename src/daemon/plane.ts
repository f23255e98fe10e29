/** Which data plane the daemon has, and why. */
import type { Crypto } from '../crypto/provider.ts';
import { type Libc, libc } from '../kernel/libc.ts';
import { ourReqids } from '../kernel/xfrm/leftovers.ts';
import { Probe, whyNoXfrm } from '../kernel/xfrm/probe.ts';
import { XfrmSocket } from '../kernel/xfrm/socket.ts';
import type { Policy } from '../policy/policy.ts';
import { defaultEspProposals } from '../policy/proposal-text.ts';
import { ControlError } from './control-protocol.ts';
import type { KernelName, PlaneName } from './data-plane.ts';
import { transformsOf } from './esp-lacks.ts';

export interface Plane {
  readonly name: PlaneName;
  /** Why it is not the kernel's own, where that was asked for if it can be. */
  readonly why?: string;
}

/**
 * `auto`: the kernel's own if it can do ESP by anything the connections propose, else user space. Throws ControlError
 * CONFIG when `xfrm` is asked for and cannot be; it says what to do.
 */
export function choosePlane(
  asked: KernelName,
  policy: Policy,
  crypto: Crypto,
  calls: () => Libc = libc,
): Plane {
  if (asked === 'memory' || asked === 'userspace') return { name: asked };
  const why = whyNoXfrm(calls) ?? whyNoEsp(policy, crypto, calls);
  if (why === undefined) return { name: 'xfrm' };
  if (asked === 'auto') return { name: 'userspace', why };
  throw new ControlError('CONFIG', `--kernel xfrm: ${why}; or choose: --kernel userspace`);
}

/** What the operator is told of it. `tun`: the name of the device asked for. */
export function describePlane(
  { name, why }: Plane,
  tun: string | undefined,
): { readonly info: string; readonly warn?: string } {
  const device = tun !== undefined && name === 'userspace' ? ` behind the TUN device ${tun}` : '';
  const reason = why === undefined ? '' : `, since the kernel's own cannot be had: ${why}`;
  const unused = tun !== undefined && name === 'xfrm' ? `; it needs no TUN device: ${tun} is not made` : '';
  const info = `data plane: ${name}${device}${reason}${unused}`;
  // Asked for by its name it is for tests; what was to be the kernel's is to protect this host.
  if (name !== 'userspace' || why === undefined || tun !== undefined) return { info };
  return {
    info,
    warn: 'no traffic of this host is carried: ESP in user space answers echoes alone until it has a device, --tun NAME',
  };
}

/** One algorithm of the connections', or of the defaults, is enough. */
function whyNoEsp(policy: Policy, crypto: Crypto, calls: () => Libc): string | undefined {
  const configured = policy.pad.flatMap(({ children }) => children.flatMap(({ proposals }) => proposals));
  const socket = new XfrmSocket(calls());
  try {
    const probe = new Probe(socket, ourReqids.last);
    let lack: string | undefined;
    for (const of of transformsOf([...configured, ...defaultEspProposals(crypto)], crypto)) {
      const lacking = probe.lacks(of);
      if (lacking === undefined) return undefined;
      lack ??= lacking;
    }
    return `the kernel can do no ESP (${lack}). Try: modprobe -a esp4 esp6`;
  } finally {
    socket.close();
  }
}
