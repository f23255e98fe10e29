/** What the host tells the guest, and what it hears of each case. */

/** How the kernel comes up: `enforcing` with the SELinux policy of root/lab.policy.conf. */
export type Boot = 'plain' | 'enforcing';

export interface Job {
  /** Names of the cases to run, in their order. */
  readonly cases: readonly string[];
}

/** One line of /share/reports. */
export interface Report {
  readonly name: string;
  /** Milliseconds it took. */
  readonly took: number;
  /** What failed, with the logs of both daemons and what both kernels hold. */
  readonly failure?: string;
}
