/** What a case is: a connection between the two daemons, and what has to hold of it. */
import type { Keywords } from '../../interop/peers/ipsec-conf.ts';
import type { Bench } from './bench.ts';
import type { Boot } from './job.ts';
import type { Host } from './namespaces.ts';

export interface Setting {
  /** Of both ends' conn, beyond `plain` of connections.ts. Left is ours. */
  readonly conn?: Keywords;
  /** Of one end alone. */
  readonly ours?: Keywords;
  readonly pluto?: Keywords;
  /** IP versions, 4 unless said. */
  readonly outer?: 4 | 6;
  readonly inner?: 4 | 6;
  readonly behindNat?: Host;
}

export interface Case {
  readonly name: string;
  readonly boot: Boot;
  readonly setting: Setting;
  readonly run: (bench: Bench) => Promise<void>;
}

export const labCase = (name: string, setting: Setting, run: Case['run']): Case => ({
  name,
  boot: 'plain',
  setting,
  run,
});

/** Two cases: one end begins, then the other. */
export const fromBothEnds = (
  name: string,
  setting: Setting,
  run: (bench: Bench, initiator: Host) => Promise<void>,
): Case[] =>
  (['ours', 'pluto'] as const).map((initiator) =>
    labCase(`${name}, ${initiator === 'ours' ? 'we begin' : 'pluto begins'}`, setting, (bench) =>
      run(bench, initiator),
    ),
  );
