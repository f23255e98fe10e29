/** A fault script as a file: rules, and what must come of them. */
import type { EngineEvent, Millis } from '../ike/actions.ts';
import { DiagramError, readDiagram } from './diagram.ts';
import { FaultError, Fields, oneOf } from './faults/fields.ts';
import type { FaultRule } from './faults/script.ts';

type EventKind = EngineEvent['kind'];

/** `{"rules": [...], "for": 5000, "expect": {"event": "ikeFailed", "not": "ikeEstablished", "ike": 0}}`. */
export interface FaultFile {
  readonly rules: readonly FaultRule[];
  /** Milliseconds the run takes, or less when every expected event has come; 10,000 unless said. */
  readonly for?: Millis;
  readonly expect?: FaultExpectation;
}

/** Of the misbehaving peer's own engine, and of the messages both ways. */
export interface FaultExpectation {
  readonly event?: EventKind | readonly EventKind[];
  readonly not?: EventKind | readonly EventKind[];
  /** Established IKE SAs, and children, at the end. */
  readonly ike?: number;
  readonly children?: number;
  /** As for `Verdicts.diagram`; a list is its lines. The left end is the misbehaving one. */
  readonly diagram?: string | readonly string[];
}

/** What a file was found to say. */
export interface ReadFaultFile {
  readonly rules: unknown;
  readonly limit: Millis;
  readonly events: readonly EventKind[];
  readonly not: readonly EventKind[];
  readonly ike: number | undefined;
  readonly children: number | undefined;
  readonly diagram: string | undefined;
}

const kinds: readonly EventKind[] = [
  'ikeEstablished',
  'ikeRekeyed',
  'ikeRekeyFailed',
  'ikeDeleted',
  'ikeFailed',
  'childEstablished',
  'childDeleted',
  'childFailed',
  'labelRefused',
  'endpointChanged',
  'drop',
  'message',
  'progress',
];

/** Throws FaultError, which names the field; the rules themselves are read when they are put to work. */
export function readFaultFile(text: string, name: string): ReadFaultFile {
  const fields = new Fields(parsed(text, name), name);
  const rules = fields.needed('rules', fields.raw('rules'));
  const limit = fields.number('for', 0, 3_600_000) ?? 10_000;
  const expect = fields.object('expect') ?? new Fields({}, name);
  fields.done();
  const read = {
    rules,
    limit,
    events: eventsOf(expect, 'event'),
    not: eventsOf(expect, 'not'),
    ike: expect.number('ike', 0),
    children: expect.number('children', 0),
    diagram: diagramOf(expect),
  };
  expect.done();
  return read;
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FaultError(name, error instanceof Error ? error.message : String(error));
  }
}

const eventsOf = (fields: Fields, name: string): EventKind[] =>
  (fields.list(name) ?? []).map((each) => oneOf(each, kinds, fields.at(name)));

function diagramOf(fields: Fields): string | undefined {
  const lines = fields.list('diagram');
  if (lines === undefined) return undefined;
  const text = lines.join('\n');
  try {
    readDiagram(text);
  } catch (error) {
    if (error instanceof DiagramError) fields.fail('diagram', error.message);
    throw error;
  }
  return text;
}
