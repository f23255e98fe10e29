/** What a case is: a connection between the two daemons, and what has to hold of it. */
import type { Keywords } from '../../interop/peers/ipsec-conf.ts';
import type { Bench } from './bench.ts';
import type { Boot } from './job.ts';
import type { Host, Places } from './namespaces.ts';

/** `keyword=value` lines, an empty value takes a line away; by the case's addresses where they say so. */
export type Lines = Keywords | ((places: Places) => Keywords);

export interface Setting {
  /** Of both ends' conn, beyond `plain` of connections.ts. Left is ours. */
  readonly conn?: Lines;
  /** Of one end alone. */
  readonly ours?: Lines;
  readonly pluto?: Lines;
  /** `tunnel` unless said; in transport mode the daemons' own addresses are all there is. */
  readonly mode?: 'tunnel' | 'transport';
  /** IP versions, 4 unless said; `inner` is as `outer` unless said. */
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
