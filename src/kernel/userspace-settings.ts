/** Settings of a connection that ESP in user space has no use for: said once each, and passed over. */
import type { DataPlaneSettings } from '../policy/policy.ts';

/** Keywords by setting. Its own priority and reqid are read where policies are made; a reqid of the operator's names nothing here. */
const keywords: Readonly<Partial<Record<keyof DataPlaneSettings, string>>> = {
  mark: 'mark=',
  markIn: 'mark-in=',
  markOut: 'mark-out=',
  outputMark: 'an output mark',
  ifId: 'ipsec-interface=',
  decapDscp: 'decap-dscp=',
  encapDscp: 'encap-dscp=',
  noPmtuDiscovery: 'nopmtudisc=',
  tfcPadding: 'tfc=',
};

export class PassedOver {
  readonly #told = new Set<string>();
  readonly #remark: (text: string) => void;

  constructor(remark: (text: string) => void) {
    this.#remark = remark;
  }

  see(settings: DataPlaneSettings | undefined): void {
    for (const name of Object.keys(settings ?? {})) {
      const keyword = keywords[name as keyof DataPlaneSettings];
      if (keyword === undefined || this.#told.has(keyword)) continue;
      this.#told.add(keyword);
      this.#remark(`${keyword} is passed over: it is a matter of the kernel's data plane, --kernel xfrm`);
    }
  }
}
